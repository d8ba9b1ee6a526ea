// How often Penstock allocates memory per item: runs of n and of 2n items, so that what starting and ending takes falls
// out. Every call of the global operator new counts, of any thread.
#include <penstock/penstock.hpp>

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/thread_pool.hpp>

#include "common/checked.hpp"
#include "common/measured.hpp"

namespace {
std::atomic<std::uint64_t> calls{0};

void* counted(std::size_t size, std::size_t alignment) {
  calls.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)) return p;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace {

namespace asio = boost::asio;
using bench::answer;
using item = std::uint64_t;

penstock::runtime& machinery() {
  static penstock::runtime all;
  return all;
}

auto source(std::uint64_t n) {
  return penstock::producer({.name = "make"}, [i = std::uint64_t{0}, n]() mutable -> std::optional<item> {
    if (i == n) return std::nullopt;
    return bench::value(i++);
  });
}

answer stages(std::uint64_t n, std::size_t workers, penstock::order order) {
  answer all;
  const auto same = [](item v) { return v; };
  std::vector<decltype(penstock::transform({}, same))> four;
  for (int s = 0; s < 4; ++s) {
    four.push_back(
        penstock::transform({.name = "stage " + std::to_string(s), .workers = workers, .order = order}, same));
  }
  machinery()
      .run({"stages", source(n), penstock::sequence(std::move(four)),
            penstock::consumer({.name = "sum"}, [&all](item v) { all.add(v); })})
      .rethrow();
  return all;
}

/// A queue so small that both sides wait all the time.
answer waiting_threads(std::uint64_t n) {
  penstock::queue<item> queue(2);
  const std::jthread from([&] {
    for (std::uint64_t i = 0; i < n; ++i) {
      auto v = bench::value(i);
      if (!queue.put(std::move(v))) return;
    }
    queue.close();
  });
  answer all;
  while (auto v = queue.get()) all.add(*v);
  return all;
}

asio::awaitable<void> put_all(penstock::queue<item>& queue, std::uint64_t n) {
  for (std::uint64_t i = 0; i < n; ++i) {
    auto v = bench::value(i);
    co_await queue.async_put(std::move(v));
  }
  queue.close();
}

asio::awaitable<void> get_all(penstock::queue<item>& queue, answer& all) {
  for (;;) {
    auto v = co_await queue.async_get();
    if (!v) co_return;
    all.add(*v);
  }
}

answer waiting_coroutines(std::uint64_t n, std::size_t threads) {
  penstock::queue<item> queue(2);
  answer all;
  asio::thread_pool pool(threads);
  asio::co_spawn(pool, put_all(queue, n), asio::detached);
  asio::co_spawn(pool, get_all(queue, all), asio::detached);
  pool.join();
  return all;
}

template <class Run>
void add(const std::string& name, std::uint64_t n, Run run) {
  const auto measure = [n, run](benchmark::State& state) {
    for (auto _ : state) {
      bench::check(state, run(n), n);  // what threads allocate once
      const auto before = calls.load();
      const auto few = run(n);
      const auto between = calls.load();
      const auto many = run(2 * n);
      const auto after = calls.load();
      bench::check(state, few, n);
      bench::check(state, many, 2 * n);
      const auto more = static_cast<double>(after - between) - static_cast<double>(between - before);
      state.counters["allocations_per_item"] = more < 0 ? 0 : more / static_cast<double>(n);
      state.SetIterationTime(0.001);
    }
  };
  benchmark::RegisterBenchmark(name.c_str(), measure)->UseManualTime()->Iterations(1);
}

}  // namespace

int main(int argc, char** argv) {
  using penstock::order;
  add("allocations/stages/serial", 500'000, [](std::uint64_t n) { return stages(n, 1, order::any); });
  add("allocations/stages/any_order", 200'000, [](std::uint64_t n) { return stages(n, 2, order::any); });
  add("allocations/stages/order_kept", 200'000, [](std::uint64_t n) { return stages(n, 2, order::kept); });
  add("allocations/queue/threads", 20'000, waiting_threads);
  add("allocations/queue/coroutines", 100'000, [](std::uint64_t n) { return waiting_coroutines(n, 1); });
  add("allocations/queue/coroutines_on_two_threads", 100'000, [](std::uint64_t n) { return waiting_coroutines(n, 2); });
  return bench::run_cases(argc, argv);
}
