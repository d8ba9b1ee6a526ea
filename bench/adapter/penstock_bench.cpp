// The workloads of penstock_bench.h, written on the installed library and nothing else.
#include "penstock_bench.h"

#include <penstock/penstock.hpp>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstring>
#include <ctime>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;
using tally = penstock_bench_result;

constexpr std::size_t capacity = 1024;
constexpr std::size_t batch = 256;

/// The finaliser of splitmix64 (Steele, Lea and Flood 2014).
std::uint64_t value(std::uint64_t i) {
  i += 0x9e3779b97f4a7c15U;
  i = (i ^ (i >> 30U)) * 0xbf58476d1ce4e5b9U;
  i = (i ^ (i >> 27U)) * 0x94d049bb133111ebU;
  return i ^ (i >> 31U);
}

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void add(tally& seen, std::uint64_t item) {
  ++seen.count;
  seen.sum += item;
}

/// Item numbers of one of several sides.
struct share {
  std::uint64_t first;
  std::uint64_t last;
};
share of(std::uint64_t n, unsigned side, unsigned sides) { return {n * side / sides, n * (side + 1) / sides}; }

// ---- queues ----

template <std::size_t Bytes>
using item = std::array<std::uint64_t, Bytes / 8>;

template <std::size_t Bytes>
item<Bytes> make_item(std::uint64_t number) {
  item<Bytes> made{};
  made.fill(value(number));
  return made;
}

/// `put` and `get` are called on threads of their own, `sides` of each, until the queue was closed by the last put.
template <class Queue, class Put, class Get>
void on_threads(Queue& queue, std::uint64_t n, unsigned sides, tally& seen, Put put, Get get) {
  std::vector<tally> parts(sides);
  std::vector<std::jthread> getters;
  {
    std::vector<std::jthread> putters;
    for (unsigned s = 0; s < sides; ++s) {
      putters.emplace_back([&, s] { put(queue, of(n, s, sides)); });
      getters.emplace_back([&, s] { get(queue, parts[s]); });
    }
  }
  queue.close();
  getters.clear();
  for (const auto& part : parts) seen.count += part.count, seen.sum += part.sum;
}

template <std::size_t Bytes>
void queue_single(std::uint64_t n, unsigned sides, tally& seen) {
  using queue_type = penstock::queue<item<Bytes>>;
  queue_type queue(capacity);
  on_threads(
      queue, n, sides, seen,
      [](queue_type& to, share mine) {
        for (auto i = mine.first; i < mine.last; ++i) static_cast<void>(to.put(make_item<Bytes>(i)));
      },
      [](queue_type& from, tally& part) {
        while (auto got = from.get()) add(part, got->back());
      });
}

template <std::size_t Bytes>
void queue_batches(std::uint64_t n, unsigned sides, tally& seen) {
  using queue_type = penstock::queue<item<Bytes>>;
  queue_type queue(capacity);
  on_threads(
      queue, n, sides, seen,
      [](queue_type& to, share mine) {
        std::vector<item<Bytes>> some(batch);
        while (mine.first < mine.last) {
          const auto next = std::span(some).first(std::min<std::size_t>(batch, mine.last - mine.first));
          for (auto& one : next) one = make_item<Bytes>(mine.first++);
          static_cast<void>(to.put_n(next));
        }
      },
      [](queue_type& from, tally& part) {
        for (std::vector<item<Bytes>> some; from.get_n(some, batch); some.clear())
          for (const auto& one : some) add(part, one.back());
      });
}

/// Coroutines on a pool of as many threads as there are coroutines on a side.
void queue_coroutines(std::uint64_t n, unsigned sides, tally& seen) {
  penstock::queue<std::uint64_t> queue(capacity);
  const auto put = [&queue](share mine) -> boost::asio::awaitable<void> {
    for (auto i = mine.first; i < mine.last; ++i) {
      auto made = value(i);
      co_await queue.async_put(std::move(made));
    }
  };
  const auto get = [&queue](std::uint64_t items, tally& part) -> boost::asio::awaitable<void> {
    while (part.count < items) {
      const auto got = co_await queue.async_get();
      if (!got) co_return;
      add(part, *got);
    }
  };
  std::vector<tally> parts(sides);
  boost::asio::thread_pool pool(sides);
  for (unsigned s = 0; s < sides; ++s) {
    const auto mine = of(n, s, sides);
    boost::asio::co_spawn(pool, put(mine), boost::asio::detached);
    boost::asio::co_spawn(pool, get(mine.last - mine.first, parts[s]), boost::asio::detached);
  }
  pool.join();
  for (const auto& part : parts) seen.count += part.count, seen.sum += part.sum;
}

// ---- pipelines ----

auto numbers(std::uint64_t n) {
  return penstock::producer({.name = "number"}, [i = std::uint64_t{0}, n]() mutable -> std::optional<std::uint64_t> {
    if (i == n) return std::nullopt;
    return value(i++);
  });
}

auto adds_up(tally& seen) {
  return penstock::consumer({.name = "add up"}, [&seen](std::uint64_t one) { add(seen, one); });
}

/// What a trivial stage does: two instructions that a compiler cannot fold into those of the next stage.
std::uint64_t step(std::uint64_t one) { return (one ^ 0x55U) + 1; }

/// What comes out for item number i.
template <std::size_t Steps>
std::uint64_t after(std::uint64_t i) {
  auto one = value(i);
  for (std::size_t s = 0; s < Steps; ++s) one = step(one);
  return one;
}

template <std::size_t... Stage>
penstock::pipeline stages(std::uint64_t n, std::size_t workers, tally& seen, std::index_sequence<Stage...> /*k*/) {
  return {"stages", numbers(n),
          penstock::transform({.name = "stage " + std::to_string(Stage), .workers = workers},
                              [](std::uint64_t one) { return step(one); })...,
          adds_up(seen)};
}

template <std::size_t K>
void serial(std::uint64_t n, unsigned workers, tally& seen) {
  penstock::runtime machine({.cpu_workers = workers});
  machine.run(stages(n, 1, seen, std::make_index_sequence<K>())).rethrow();
}

template <std::size_t K>
void parallel(std::uint64_t n, unsigned workers, tally& seen) {
  penstock::runtime machine({.cpu_workers = workers});
  machine.run(stages(n, workers, seen, std::make_index_sequence<K>())).rethrow();
}

/// About a microsecond of computing: 1000 rounds of one multiplication that each wait for the one before.
std::uint64_t work(std::uint64_t one) {
  auto v = one | 1U;
  for (int round = 0; round < 1000; ++round) v = v * 0x5851f42d4c957f2dU + 1;
  return v == 0 ? v : one;
}

template <penstock::order Order>
void farm(std::uint64_t n, unsigned workers, tally& seen) {
  penstock::runtime machine({.cpu_workers = workers});
  machine
      .run({"farm", numbers(n), penstock::transform({.name = "work", .workers = workers, .order = Order}, work),
            adds_up(seen)})
      .rethrow();
}

/// Items that are due at a fixed rate, through three stages. The source, on a thread of its own, turns in a loop until
/// one is due, for sleeping would add the timer's own moods. An item's time counts from then, so that a line which
/// holds up its source is blamed for it.
template <int PerSecond>
void latency(std::uint64_t n, unsigned workers, tally& seen) {
  struct stamped {
    std::uint64_t carried;
    clock_type::time_point due;
  };
  std::vector<double> late;
  late.reserve(n);
  const auto one_step = [](stamped one) { return stamped{step(one.carried), one.due}; };
  penstock::runtime machine({.cpu_workers = workers});
  machine
      .run(
          {"latency",
           penstock::producer({.name = "clock", .on = penstock::place::blocking},
                              [i = std::uint64_t{0}, n, start = clock_type::now()]() mutable -> std::optional<stamped> {
                                if (i == n) return std::nullopt;
                                const auto due = start + std::chrono::nanoseconds(1'000'000'000 / PerSecond) * ++i;
                                while (clock_type::now() < due) continue;
                                return stamped{value(i - 1), due};
                              }),
           penstock::transform({.name = "first"}, one_step), penstock::transform({.name = "second"}, one_step),
           penstock::transform({.name = "third"}, one_step),
           penstock::consumer({.name = "look at the clock"},
                              [&](const stamped& one) {
                                const auto took = clock_type::now() - one.due;
                                late.push_back(std::chrono::duration<double, std::micro>(took).count());
                                add(seen, one.carried);
                              })})
      .rethrow();
  std::ranges::sort(late);
  const auto percentile = [&late](double p) {
    return late.empty() ? 0 : late[static_cast<std::size_t>(p * static_cast<double>(late.size() - 1))];
  };
  seen.p50_us = percentile(0.5);
  seen.p99_us = percentile(0.99);
  seen.p999_us = percentile(0.999);
}

struct workload {
  const char* name;
  void (*run)(std::uint64_t n, unsigned threads, tally& seen);
  std::uint64_t (*right)(std::uint64_t i) = value;  ///< what comes out for item number i
};

constexpr workload workloads[] = {
    {"queue/single/8B", queue_single<8>},
    {"queue/single/64B", queue_single<64>},
    {"queue/batch256/8B", queue_batches<8>},
    {"queue/batch256/64B", queue_batches<64>},
    {"queue/coroutines/8B", queue_coroutines},
    {"pipeline/serial/k1", serial<1>, after<1>},
    {"pipeline/serial/k4", serial<4>, after<4>},
    {"pipeline/serial/k16", serial<16>, after<16>},
    {"pipeline/parallel/k4", parallel<4>, after<4>},
    {"farm/unordered/1us", farm<penstock::order::any>},
    {"farm/ordered/1us", farm<penstock::order::kept>},
    {"latency/10k", latency<10'000>, after<3>},
};

}  // namespace

struct penstock_bench_queue {
  penstock::queue<std::uint64_t> queue;
};

extern "C" {

const char* const* penstock_bench_names(void) {
  static const auto names = [] {
    std::array<const char*, std::size(workloads) + 1> all{};
    std::ranges::transform(workloads, all.begin(), &workload::name);
    return all;
  }();
  return names.data();
}

int penstock_bench_run(const char* name, uint64_t items, unsigned threads, struct penstock_bench_result* result) {
  const auto* const asked =
      std::ranges::find_if(workloads, [name](const workload& w) { return std::strcmp(w.name, name) == 0; });
  if (asked == std::end(workloads)) return PENSTOCK_BENCH_UNKNOWN;
  *result = {};
  try {
    const auto cpu = processor_seconds();
    const auto start = clock_type::now();
    asked->run(items, std::max(threads, 1U), *result);
    result->seconds = std::chrono::duration<double>(clock_type::now() - start).count();
    result->cpu_seconds = processor_seconds() - cpu;
  } catch (const std::exception&) {
    return PENSTOCK_BENCH_FAILED;
  }
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < items; ++i) sum += asked->right(i);
  return result->count == items && result->sum == sum ? PENSTOCK_BENCH_RIGHT : PENSTOCK_BENCH_WRONG;
}

penstock_bench_queue* penstock_bench_queue_new(size_t capacity) {
  try {
    return new penstock_bench_queue{penstock::queue<std::uint64_t>(capacity)};
  } catch (const std::exception&) {
    return nullptr;
  }
}

void penstock_bench_queue_free(penstock_bench_queue* queue) { delete queue; }

int penstock_bench_push(penstock_bench_queue* queue, uint64_t item) {
  return queue->queue.put(std::move(item)) ? 1 : 0;
}

int penstock_bench_pop(penstock_bench_queue* queue, uint64_t* item) {
  const auto got = queue->queue.get();
  if (!got) return 0;
  *item = *got;
  return 1;
}

size_t penstock_bench_push_n(penstock_bench_queue* queue, const uint64_t* items, size_t n) {
  thread_local std::vector<std::uint64_t> some;
  some.assign(items, items + n);
  return queue->queue.put_n(some).accepted;
}

size_t penstock_bench_pop_n(penstock_bench_queue* queue, uint64_t* items, size_t most) {
  thread_local std::vector<std::uint64_t> some;
  some.clear();
  static_cast<void>(queue->queue.get_n(some, most));
  std::ranges::copy(some, items);
  return some.size();
}

void penstock_bench_close(penstock_bench_queue* queue) { queue->queue.close(); }

}  // extern "C"
