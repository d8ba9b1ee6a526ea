/* Penstock's workloads behind plain C: for a harness that compares libraries and knows nothing of this one. Written in
   penstock_bench.cpp; README.md says how to link it. Nothing here throws, prints, or keeps a thread after it returned.
 */
#ifndef PENSTOCK_BENCH_H
#define PENSTOCK_BENCH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- whole workloads, by name ---- */

struct penstock_bench_result {
  double seconds;     /* by the clock on the wall, threads started and ended included */
  double cpu_seconds; /* of all threads of the process */
  uint64_t count;     /* items that came out */
  uint64_t sum;       /* of what they carried, modulo 2^64 */
  double p50_us;      /* latency workloads only, otherwise 0: microseconds from when an item was due ... */
  double p99_us;
  double p999_us; /* ... until it came out */
};

/* The names, ended by a null pointer; they live as long as the program. */
const char* const* penstock_bench_names(void);

/* What became of a workload. */
enum penstock_bench_outcome {
  PENSTOCK_BENCH_RIGHT = 0,   /* every item came out once, as it should */
  PENSTOCK_BENCH_WRONG = 1,   /* a wrong answer: `result` says which */
  PENSTOCK_BENCH_UNKNOWN = 2, /* there is no workload of that name */
  PENSTOCK_BENCH_FAILED = 3   /* it could not run: no memory, no threads */
};

/* Runs a workload with `items` items, numbered from 0, each carrying a mixed number, which every stage of a pipeline
   changes a little, and checks what came out. `threads` are the threads on each side of a queue, or the workers of a
   runtime; 0 counts as 1. Blocks. Returns a penstock_bench_outcome. */
int penstock_bench_run(const char* name, uint64_t items, unsigned threads, struct penstock_bench_result* result);

/* ---- the queue alone, for a harness with its own threads ---- */

typedef struct penstock_bench_queue penstock_bench_queue; /* bounded, of 64-bit numbers */

/* Null for capacity 0, or without memory. */
penstock_bench_queue* penstock_bench_queue_new(size_t capacity);
/* Nobody may be inside another call. */
void penstock_bench_queue_free(penstock_bench_queue* queue);
/* Waits while the queue is full. 1: it is in; 0: the queue is closed. Any thread. */
int penstock_bench_push(penstock_bench_queue* queue, uint64_t item);
/* Waits while the queue is empty. 1: an item; 0: the queue is closed, and empty. Any thread. */
int penstock_bench_pop(penstock_bench_queue* queue, uint64_t* item);
/* Waits until all n are in; how many were taken before it was closed. */
size_t penstock_bench_push_n(penstock_bench_queue* queue, const uint64_t* items, size_t n);
/* Waits for one, and takes up to `most` that are there; 0: closed, and empty. */
size_t penstock_bench_pop_n(penstock_bench_queue* queue, uint64_t* items, size_t most);
/* No more pushes; what is in can still be popped. */
void penstock_bench_close(penstock_bench_queue* queue);

#ifdef __cplusplus
}
#endif

#endif
