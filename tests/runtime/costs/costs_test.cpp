// What a run costs: time per item and hop, allocations, and processor time while it has nothing to do. Only in
// optimised builds without a sanitizer; elsewhere these numbers mean nothing.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio.hpp>

#include "runtime/costs/allocations.hpp"
#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

/// Of the whole process.
std::chrono::nanoseconds processor_time() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& t) {
    return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

pipeline trivial_stages(std::size_t count, long items, long& sum) {
  const auto body = [](long n) { return n + 1; };
  std::vector<decltype(transform({}, body))> stages;
  for (std::size_t i = 0; i < count; ++i) stages.push_back(transform({.name = "stage " + std::to_string(i)}, body));
  return {"trivial",
          producer({.name = "count"},
                   [n = 0L, items]() mutable -> std::optional<long> {
                     return n == items ? std::nullopt : std::optional(n++);
                   }),
          sequence(std::move(stages)), consumer({.name = "sum"}, [&sum](long n) { sum += n; })};
}

/// Processor time, which on one worker is the time that it takes on a machine of its own; the median of several runs,
/// because the first ones find cold caches and neighbours disturb some.
double nanoseconds_per_item(std::size_t stages, std::size_t threads) {
  constexpr long items = 1'000'000;
  runtime rt({.cpu_workers = threads});
  std::vector<double> all;
  for (int i = 0; i < 9; ++i) {
    long sum = 0;
    const auto line = trivial_stages(stages, items, sum);
    const auto before = processor_time();
    EXPECT_TRUE(finish(rt, line).ok());
    all.push_back(static_cast<double>((processor_time() - before).count()) / items);
    EXPECT_EQ(sum, items * (items - 1) / 2 + items * static_cast<long>(stages));
  }
  std::ranges::nth_element(all, all.begin() + 4);
  return all[4];
}

TEST(sixteen_trivial_stages, cost_at_most_five_nanoseconds_per_item_and_hop) {
  const auto hops = 17;
  for (const std::size_t threads : {1U, 2U}) {
    const auto cost = nanoseconds_per_item(16, threads) / hops;
    RecordProperty("ns_per_item_and_hop_on_" + std::to_string(threads), std::to_string(cost));
    std::cout << threads << " workers: " << cost << " ns of processor time per item and hop\n";
    EXPECT_LE(cost, 5.0) << "on " << threads << " workers";
  }
}

long allocations_of(runtime& rt, long items) {
  long sum = 0;
  const auto line = trivial_stages(16, items, sum);
  const auto before = allocations();
  const auto run = rt.start(line);
  EXPECT_TRUE(run.wait_for(patience));
  return allocations() - before;
}

TEST(sixteen_trivial_stages, allocate_nothing_per_item) {
  for (const std::size_t threads : {1U, 2U}) {
    runtime rt({.cpu_workers = threads});
    allocations_of(rt, 1'000'000);  // what a thread allocates once
    const auto before = allocations_of(rt, 1'000'000);
    // A worker that had nothing to do until now allocates its own things once; an item's would be a million more.
    EXPECT_LT(allocations_of(rt, 2'000'000), before + 1000) << "on " << threads << " workers";
  }
}

TEST(idle_runs, use_no_processor_time) {
  runtime rt({.cpu_workers = 2});
  queue<int> empty(4), full(1);
  int item = 1;
  ASSERT_TRUE(full.put(std::move(item)));
  std::vector<run> idle;
  count_up waiting;
  idle.push_back(
      rt.start({"empty queue", producer({.name = "queue"}, empty), batch({.name = "page", .count = 10, .within = 1h}),
                consumer({.name = "sink", .workers = 4}, [](const std::vector<int>&) {})}));
  idle.push_back(rt.start({"full queue", producer({.name = "count"}, endless()),
                           transform({.name = "same", .workers = 3, .order = order::kept}, [](int n) { return n; }),
                           consumer({.name = "queue"}, into(full))}));
  idle.push_back(rt.start({"async",
                           async_producer({.name = "wait"},
                                          [&]() -> asio::awaitable<std::optional<int>> {
                                            waiting.add();
                                            co_await async_sleep(1h);
                                            co_return std::nullopt;
                                          }),
                           async_consumer({.name = "sink"}, [](int) -> asio::awaitable<void> { co_return; })}));
  idle.push_back(rt.start({"blocking",
                           producer({.name = "wait", .on = place::blocking},
                                    [&](context& c) -> std::optional<int> {
                                      waiting.add();
                                      std::mutex lock;
                                      std::condition_variable_any changed;
                                      std::unique_lock hold(lock);
                                      changed.wait(hold, c.stop_token().std_token(), [] { return false; });
                                      return std::nullopt;
                                    }),
                           consumer({.name = "sink"}, [](int) {})}));
  waiting.wait_for(2);
  while (full.snapshot().waiting_putters == 0 || empty.snapshot().waiting_getters == 0) std::this_thread::yield();
  // The one test that has to let time pass: what happens when nothing does is what it is about.
  const auto before = processor_time();
  EXPECT_FALSE(idle.front().wait_for(3s));
  const auto used = processor_time() - before;
  std::cout << std::chrono::duration<double, std::milli>(used).count() << " ms of processor time in 3 s\n";
  EXPECT_LT(used, 30ms) << "one per cent of a core";
  for (const auto& r : idle) r.cancel();
  for (const auto& r : idle) finish(r);
}

}  // namespace
