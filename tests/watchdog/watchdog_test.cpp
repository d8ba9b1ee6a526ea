// When a watchdog tells, and how often: in virtual time, under 200 schedules each.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <ranges>
#include <string>
#include <system_error>
#include <vector>

#include "penstock/penstock.hpp"
#include "penstock/testing/manual_runtime.hpp"
#include "watchdog/told.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr std::uint64_t seeds = 200;

template <class Test>
void under_every_schedule(Test test) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    test(rt);
  }
}

/// A body that waits until somebody opens `gate`.
auto wait_for(queue<int>& gate) {
  return [&gate](int n) -> asio::awaitable<int> {
    static_cast<void>(co_await gate.async_get());
    co_return n;
  };
}

TEST(watchdog, names_the_stage_whose_body_does_not_return_when_its_time_has_come_and_not_before) {
  under_every_schedule([](manual_runtime& rt) {
    queue<int> gate(1);
    told_stalls told;
    const auto run = rt.start({"stuck", producer({.name = "count"}, std::views::iota(0, 20)),
                               async_transform({.name = "wait for ever", .workers = 2, .capacity = 3}, wait_for(gate)),
                               consumer({.name = "sink"}, [](int) {})},
                              {.watchdog = {.after = 10s, .on_stall = told.hook()}});
    rt.advance(10s - 1ns);
    EXPECT_EQ(told.count(), 0U);
    rt.advance(2500ms + 1ns);
    ASSERT_EQ(told.count(), 1U);
    const auto s = told.wait_for(0);
    EXPECT_EQ(s.cause, stall_cause::body_under_way);
    EXPECT_GE(s.quiet, 10s);
    EXPECT_LE(s.quiet, 12500ms);
    const auto& stage = s.report.stage("wait for ever");
    EXPECT_EQ(stage.doing, activity::running);
    EXPECT_EQ(stage.under_way, 2U);
    EXPECT_GE(stage.longest, 10s);
    EXPECT_EQ(s.report.stage("count").doing, activity::blocked);
    EXPECT_EQ(s.report.stage("sink").doing, activity::starved);
    gate.close();
    EXPECT_EQ(run.wait().stage("sink").done, 20U);
  });
}

TEST(watchdog, tells_a_stall_once_and_the_next_one_when_something_has_moved) {
  under_every_schedule([](manual_runtime& rt) {
    queue<int> gate(1);
    told_stalls told;
    const auto run = rt.start(
        {"stuck twice", producer({.name = "count"}, std::views::iota(0, 2)),
         async_transform({.name = "wait", .workers = 1}, wait_for(gate)), consumer({.name = "sink"}, [](int) {})},
        {.watchdog = {.after = 10s, .on_stall = told.hook()}});
    rt.advance(10min);
    EXPECT_EQ(told.count(), 1U);
    static_cast<void>(gate.try_put(1));
    rt.advance(9s);
    EXPECT_EQ(told.count(), 1U) << "the count begins anew";
    rt.advance(10min);
    EXPECT_EQ(told.count(), 2U);
    gate.close();
    EXPECT_TRUE(run.wait().ok());
    EXPECT_EQ(told.count(), 2U);
  });
}

TEST(watchdog, is_silent_while_items_move_however_slowly_each_of_them_goes) {
  under_every_schedule([](manual_runtime& rt) {
    std::mt19937_64 dice(rt.seed());
    told_stalls told;
    const auto r = rt.run({"slow",
                           async_producer({.name = "come"},
                                          [&, n = 0]() mutable -> asio::awaitable<std::optional<int>> {
                                            const duration d = std::chrono::milliseconds(dice() % 9000);
                                            co_await async_sleep(d);
                                            if (n == 30) co_return std::nullopt;
                                            co_return n++;
                                          }),
                           transform({.name = "parallel", .workers = 3}, [](int n) { return n; }),
                           async_consumer({.name = "sleep", .workers = 1},
                                          [&](int) -> asio::awaitable<void> {
                                            const duration d = std::chrono::milliseconds(dice() % 9000);
                                            co_await async_sleep(d);
                                          })},
                          {.watchdog = {.after = 10s, .on_stall = told.hook()}});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(told.count(), 0U);
  });
}

/// Bodies that were cheap take 6 s each all at once, of items that their worker had taken together.
void is_silent_while_bodies_begin(order ordering) {
  std::size_t in_a_row = 0;
  under_every_schedule([&](manual_runtime& rt) {
    told_stalls told;
    bool slow = false;
    std::size_t slow_bodies = 0;
    const auto r = rt.run({"suddenly slow", producer({.name = "count"}, std::views::iota(0, 1500)),
                           transform({.name = "slow", .workers = 2, .capacity = 2000, .order = ordering},
                                     [&](int n) {
                                       if (n < 1000 || slow) return n;
                                       slow = true;
                                       rt.advance(6s);
                                       slow = false;
                                       in_a_row = std::max(in_a_row, ++slow_bodies);
                                       return n;
                                     }),
                           consumer({.name = "sink"}, [](int) {})},
                          {.watchdog = {.after = 10s, .on_stall = told.hook()}});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(told.count(), 0U);
  });
  EXPECT_GT(in_a_row, 10U) << "the case did not occur";
}

TEST(watchdog, counts_the_beginning_of_a_body_as_movement_also_where_several_items_were_taken_together) {
  is_silent_while_bodies_begin(order::any);
  is_silent_while_bodies_begin(order::kept);
}

TEST(watchdog, takes_no_pause_until_a_time_for_a_stall_however_long_it_is) {
  under_every_schedule([](manual_runtime& rt) {
    told_stalls told;
    const auto began = rt.now();
    const auto r = rt.run({"patient", producer({.name = "count"}, std::views::iota(0, 5)),
                           throttle({.name = "pace", .rate = {1, 1h}}), consumer({.name = "sink"}, [](int) {})},
                          {.watchdog = {.after = 10s, .on_stall = told.hook()}});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(rt.now() - began, 4h);
    EXPECT_EQ(told.count(), 0U);
  });
}

TEST(watchdog, counts_anew_from_the_time_that_a_pause_waited_for) {
  under_every_schedule([](manual_runtime& rt) {
    told_stalls told;
    queue<int> in(4);
    const auto run =
        rt.start({"batches", producer({.name = "from"}, in), batch({.name = "page", .count = 10, .within = 1h}),
                  consumer({.name = "sink"}, [](const std::vector<int>&) {})},
                 {.watchdog = {.after = 10s, .on_stall = told.hook()}});
    static_cast<void>(in.try_put(1));
    rt.advance(1h + 9s);
    EXPECT_EQ(told.count(), 0U);
    rt.advance(4s);
    ASSERT_EQ(told.count(), 1U);
    EXPECT_EQ(told.wait_for(0).cause, stall_cause::no_input);
    in.close();
    EXPECT_TRUE(run.wait().ok());
  });
}

TEST(watchdog, tells_a_body_that_takes_longer_than_it_was_given_also_while_another_stage_pauses) {
  under_every_schedule([](manual_runtime& rt) {
    told_stalls told;
    const auto r = rt.run(
        {"long body", producer({.name = "count"}, std::views::iota(0, 2)), throttle({.name = "pace", .rate = {1, 1h}}),
         async_consumer({.name = "sleep", .workers = 1},
                        [](int) -> asio::awaitable<void> {
                          const duration d = 60s;
                          co_await async_sleep(d);
                        })},
        {.watchdog = {.after = 10s, .on_stall = told.hook()}});
    EXPECT_TRUE(r.ok());
    ASSERT_EQ(told.count(), 2U);
    EXPECT_EQ(told.wait_for(0).cause, stall_cause::body_under_way);
    EXPECT_EQ(told.wait_for(0).report.stage("pace").doing, activity::pausing);
  });
}

TEST(watchdog, may_cancel_the_run) {
  under_every_schedule([](manual_runtime& rt) {
    queue<int> gate(1);
    std::size_t told = 0;
    penstock::run run;
    run = rt.start({"stuck", producer({.name = "count"}, std::views::iota(0, 20)),
                    async_transform({.name = "wait for ever"}, wait_for(gate)), consumer({.name = "sink"}, [](int) {})},
                   {.watchdog = {.after = 10s, .on_stall = [&](const stall&) {
                                   ++told;
                                   run.cancel();
                                 }}});
    const auto r = run.wait();
    EXPECT_EQ(r.state(), end_state::cancelled);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(told, 1U);
  });
}

TEST(watchdog, tells_what_is_stuck_before_a_wait_for_it_is_given_up) {
  under_every_schedule([](manual_runtime& rt) {
    queue<int> gate(1);
    told_stalls told;
    const auto run =
        rt.start({"stuck", producer({.name = "count"}, std::views::iota(0, 2)),
                  async_consumer({.name = "wait for ever"},
                                 [&](int) -> asio::awaitable<void> { static_cast<void>(co_await gate.async_get()); })},
                 {.watchdog = {.after = 10s, .on_stall = told.hook()}});
    try {
      static_cast<void>(run.wait());
      ADD_FAILURE() << "the run cannot end";
    } catch (const stuck_error& e) {
      EXPECT_EQ(told.count(), 1U);
      EXPECT_EQ(e.picture().cause, stall_cause::body_under_way);
      EXPECT_NE(e.picture().dot().find("wait for ever"), std::string::npos);
      EXPECT_NE(std::string(e.what()).find("a body has not returned"), std::string::npos) << e.what();
    }
  });
}

TEST(watchdog, that_looks_after_no_time_is_refused_by_the_name_of_the_pipeline) {
  manual_runtime rt;
  const pipeline p{"hasty", producer({.name = "count"}, std::views::iota(0, 2)),
                   consumer({.name = "sink"}, [](int) {})};
  for (const duration after : {duration::zero(), duration(-1)}) {
    try {
      static_cast<void>(rt.run(p, {.watchdog = {.after = after, .on_stall = [](const stall&) {}}}));
      ADD_FAILURE() << "it cannot work";
    } catch (const declaration_error& e) {
      EXPECT_NE(std::string(e.what()).find("hasty"), std::string::npos) << e.what();
    }
  }
  EXPECT_TRUE(rt.run(p, {.watchdog = {.after = duration::max(), .on_stall = [](const stall&) {}}}).ok());
}

TEST(watchdog, refuses_a_wait_of_its_hook_for_the_run_that_it_tells_of) {
  manual_runtime rt;
  queue<int> gate(1);
  penstock::run run;
  bool refused = false;
  run = rt.start({"stuck", producer({.name = "count"}, std::views::iota(0, 20)),
                  async_transform({.name = "wait for ever"}, wait_for(gate)), consumer({.name = "sink"}, [](int) {})},
                 {.watchdog = {.after = 10s, .on_stall = [&](const stall&) {
                                 try {
                                   static_cast<void>(run.wait());
                                 } catch (const std::system_error& e) {
                                   refused = e.code() == std::errc::resource_deadlock_would_occur;
                                 }
                               }}});
  rt.advance(20s);
  EXPECT_TRUE(refused);
  gate.close();
  EXPECT_TRUE(run.wait().ok());
}

}  // namespace
