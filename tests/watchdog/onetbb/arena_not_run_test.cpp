// A borrowed oneTBB arena whose threads are elsewhere.
#include <oneapi/tbb/task_arena.h>

#include <chrono>
#include <ranges>

#include "support/runs.hpp"
#include "watchdog/told.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;

TEST(watchdog_arena, is_named_while_it_begins_none_of_the_tasks_that_it_was_given) {
  tbb::task_arena arena(1, 0);
  event taken, go_on;
  arena.enqueue([&] {
    taken.set();
    go_on.wait();
  });
  taken.wait();
  runtime rt({.arena = &arena});
  told_stalls told;
  const auto run = rt.start(
      {"not run", producer({.name = "count"}, std::views::iota(0, 100)), consumer({.name = "sink"}, [](int) {})},
      {.watchdog = {.after = 20ms, .on_stall = told.hook()}});
  const auto s = told.wait_for(0);
  EXPECT_EQ(s.cause, stall_cause::arena_not_run);
  EXPECT_EQ(s.report.stage("count").doing, activity::queued);
  go_on.set();
  EXPECT_EQ(finish(run).stage("sink").done, 100U);
}

}  // namespace
