// What a watchdog says is the matter, in virtual time.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string>
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

TEST(stall_cause, of_a_run_whose_results_nobody_takes_from_a_full_queue_is_the_output) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    queue<int> out(2);
    told_stalls told;
    const auto run =
        rt.start({"unread", producer({.name = "count"}, std::views::iota(0, 20)),
                  transform({.name = "same", .workers = seed % 2 + 1, .capacity = 4}, [](int n) { return n; }),
                  consumer({.name = "to", .capacity = 4}, into(out))},
                 {.watchdog = {.after = 10s, .on_stall = told.hook()}});
    rt.advance(13s);
    ASSERT_EQ(told.count(), 1U);
    const auto s = told.wait_for(0);
    EXPECT_EQ(s.cause, stall_cause::output_not_taken);
    EXPECT_EQ(s.report.stage("to").doing, activity::putting);
    EXPECT_EQ(s.report.stage("same").doing, activity::blocked);
    EXPECT_GE(s.report.edges[1].size, 3U);  // a producer is not woken for one place
    EXPECT_NE(s.dot().find(" of 4"), std::string::npos) << s.dot();
    for (int left = 20; left > 0; --left) {
      while (!out.try_get()) ASSERT_TRUE(rt.step());
    }
    EXPECT_TRUE(run.wait().ok());
    EXPECT_EQ(told.count(), 1U);
  }
}

TEST(stall_cause, of_a_run_that_waits_for_a_queue_that_nobody_feeds_is_the_input_and_told_once_a_pause) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    queue<int> in(2);
    told_stalls told;
    const auto run = rt.start({"unfed", producer({.name = "from"}, in), consumer({.name = "sink"}, [](int) {})},
                              {.watchdog = {.after = 10s, .on_stall = told.hook()}});
    rt.advance(1h);
    ASSERT_EQ(told.count(), 1U);
    const auto s = told.wait_for(0);
    EXPECT_EQ(s.cause, stall_cause::no_input);
    EXPECT_EQ(s.report.stage("from").doing, activity::getting);
    EXPECT_EQ(s.report.stage("sink").doing, activity::starved);
    static_cast<void>(in.try_put(1));
    rt.advance(1h);
    EXPECT_EQ(told.count(), 2U);
    in.close();
    EXPECT_TRUE(run.wait().ok());
  }
}

TEST(stall_cause, of_a_run_with_nothing_inside_whose_producer_waits_in_its_body_is_the_input_too) {
  manual_runtime rt;
  queue<int> feed(2);
  told_stalls told;
  const auto run = rt.start({"unfed",
                             async_producer({.name = "accept"},
                                            [&]() -> asio::awaitable<std::optional<int>> {
                                              auto got = co_await feed.async_get();
                                              if (!got) co_return std::nullopt;
                                              co_return *got;
                                            }),
                             consumer({.name = "sink"}, [](int) {})},
                            {.watchdog = {.after = 10s, .on_stall = told.hook()}});
  rt.advance(1min);
  ASSERT_EQ(told.count(), 1U);
  const auto s = told.wait_for(0);
  EXPECT_EQ(s.cause, stall_cause::no_input);
  EXPECT_EQ(s.report.stage("accept").under_way, 1U);
  feed.close();
  EXPECT_TRUE(run.wait().ok());
}

TEST(stall_cause, of_a_batch_that_waits_for_more_is_the_input_and_the_picture_says_where_the_items_are) {
  manual_runtime rt;
  queue<int> in(4);
  told_stalls told;
  const auto run = rt.start({"too few", producer({.name = "from"}, in), batch({.name = "page", .count = 10}),
                             consumer({.name = "sink"}, [](const std::vector<int>&) {})},
                            {.watchdog = {.after = 10s, .on_stall = told.hook()}});
  static_cast<void>(in.try_put(1));
  rt.advance(1min);
  ASSERT_EQ(told.count(), 1U);
  const auto s = told.wait_for(0);
  EXPECT_EQ(s.cause, stall_cause::no_input);
  EXPECT_EQ(s.report.stage("page").in_flight(), 1U);
  EXPECT_EQ(s.report.stage("page").doing, activity::starved);
  in.close();
  EXPECT_TRUE(run.wait().ok());
}

TEST(stall_cause, of_an_ordered_async_stage_behind_a_slow_first_item_is_that_body) {
  manual_runtime rt;
  queue<int> gate(1);
  told_stalls told;
  const auto run = rt.start({"first is slow", producer({.name = "count"}, std::views::iota(0, 20)),
                             async_transform({.name = "ordered", .workers = 4, .order = order::kept, .window = 4},
                                             [&](int n) -> asio::awaitable<int> {
                                               if (n == 0) static_cast<void>(co_await gate.async_get());
                                               co_return n;
                                             }),
                             consumer({.name = "sink"}, [](int) {})},
                            {.watchdog = {.after = 10s, .on_stall = told.hook()}});
  rt.advance(1min);
  ASSERT_EQ(told.count(), 1U);
  const auto s = told.wait_for(0);
  EXPECT_EQ(s.cause, stall_cause::body_under_way);
  EXPECT_EQ(s.report.stage("ordered").under_way, 1U);
  EXPECT_EQ(s.report.stage("ordered").in_flight(), 4U);
  gate.close();
  EXPECT_TRUE(run.wait().ok());
}

}  // namespace
