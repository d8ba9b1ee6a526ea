// A harness in small: runs the workloads, and the queue with a loop of its own. Exit code 0 when every answer was
// right. usage: harness ITEMS THREADS
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "penstock_bench.h"

namespace {

bool queue_hands_over_and_ends() {
  penstock_bench_queue* const queue = penstock_bench_queue_new(2);
  std::thread producer([queue] {
    const std::uint64_t last[] = {97, 98, 99};
    for (std::uint64_t i = 0; i < 97; ++i) penstock_bench_push(queue, i);
    penstock_bench_push_n(queue, last, 3);
    penstock_bench_close(queue);
  });
  std::uint64_t expected = 0;
  std::uint64_t got[2];
  while (expected < 50 && penstock_bench_pop(queue, got) != 0 && got[0] == expected) ++expected;
  for (std::size_t n; (n = penstock_bench_pop_n(queue, got, 2)) != 0; expected += n)
    if (got[0] != expected || got[n - 1] != expected + n - 1) break;
  producer.join();
  const bool ended = penstock_bench_push(queue, 100) == 0 && penstock_bench_pop(queue, got) == 0;
  penstock_bench_queue_free(queue);
  return expected == 100 && ended;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t asked = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const unsigned threads = argc > 2 ? static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)) : 2;
  bool right = queue_hands_over_and_ends();
  for (const char* const* name = penstock_bench_names(); *name != nullptr; ++name) {
    // A fixed rate has its own pace: two seconds are enough.
    const auto items = std::string_view(*name).starts_with("latency") ? std::min<std::uint64_t>(asked, 20'000) : asked;
    penstock_bench_result r;
    const bool failed = penstock_bench_run(*name, items, threads, &r) != 0;
    const auto n = static_cast<double>(items);
    std::printf("%-22s %8.1f ns per item %8.1f of processor", *name, r.seconds * 1e9 / n, r.cpu_seconds * 1e9 / n);
    if (r.p50_us > 0) std::printf("  p50 %.1f us  p99 %.1f us", r.p50_us, r.p99_us);
    std::puts(failed ? "  WRONG" : "");
    right = right && !failed;
  }
  return right ? 0 : 1;
}
