// Bodies that use oneTBB's own algorithms.
#include <gtest/gtest.h>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <functional>
#include <ranges>

#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;

long sum_below(int end) {
  return tbb::parallel_reduce(
      tbb::blocked_range<int>(0, end, 100), 0L,
      [](const tbb::blocked_range<int>& part, long sum) {
        for (int i = part.begin(); i < part.end(); ++i) sum += i;
        return sum;
      },
      std::plus<>());
}

pipeline parallel_bodies(std::atomic<long>& sum, place where) {
  return {"parallel bodies", producer({.name = "count"}, std::views::iota(0, 200)),
          transform({.name = "reduce", .workers = 2, .on = where}, [](int) { return sum_below(10'000); }),
          consumer({.name = "add"}, [&](long n) { tbb::parallel_for(0, 10, [&](int) { sum += n; }); })};
}

TEST(body, may_use_the_algorithms_of_onetbb_on_any_number_of_workers) {
  for (const auto where : {place::cpu, place::blocking}) {
    for (const std::size_t threads : {1U, 2U, 4U}) {
      runtime rt({.cpu_workers = threads});
      std::atomic<long> sum{0};
      EXPECT_TRUE(finish(rt, parallel_bodies(sum, where)).ok());
      EXPECT_EQ(sum, 200L * 10 * 49'995'000);
    }
  }
}

TEST(body, may_use_the_algorithms_of_onetbb_in_a_borrowed_arena) {
  for (const int slots : {1, 2}) {
    tbb::task_arena arena(slots, 0);
    runtime rt({.arena = &arena});
    std::atomic<long> sum{0};
    EXPECT_TRUE(finish(rt, parallel_bodies(sum, place::cpu)).ok());
    EXPECT_EQ(sum, 200L * 10 * 49'995'000);
  }
}

}  // namespace
