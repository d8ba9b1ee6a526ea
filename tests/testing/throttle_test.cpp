// The throttle in virtual time, where its promises are exact, under 200 schedules each.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <ranges>
#include <vector>

#include "penstock/penstock.hpp"
#include "penstock/testing/manual_runtime.hpp"

namespace {

using namespace penstock;
using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr std::uint64_t seeds = 200;

/// What came out of a throttle, and when.
struct passed_items {
  std::vector<time_point> when;
  std::vector<int> what;

  auto note() {
    return [this](int n) {
      when.push_back(clock::now());
      what.push_back(n);
    };
  }
};

auto endless() { return std::views::iota(0); }

/// When the `i`th item may go, if the first goes at once: `i` seconds / `count`, rounded up once.
duration due(std::size_t i, std::uint64_t count) {
  return duration(static_cast<duration::rep>((i * 1'000'000'000 + count - 1) / count));
}

/// How many may have gone after `d`.
std::size_t due_within(duration d, std::uint64_t count) {
  return static_cast<std::size_t>(static_cast<std::uint64_t>(d.count()) * count / 1'000'000'000) + 1;
}

void expect_exact(const passed_items& passed, time_point start, std::uint64_t count) {
  for (std::size_t i = 0; i < passed.when.size(); ++i) {
    ASSERT_EQ(passed.when[i] - start, due(i, count)) << "item " << i;
    ASSERT_EQ(passed.what[i], static_cast<int>(i));
  }
}

TEST(throttle, lets_items_through_in_order_at_the_very_nanosecond_that_the_rate_allows) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto count = dice() % 1000 + 1;
    manual_runtime rt(seed);
    passed_items passed;
    const auto start = rt.now();
    const auto r = rt.run({"even", producer({.name = "count"}, std::views::iota(0, 300)),
                           throttle({.name = "pace", .rate = per_second(count), .capacity = dice() % 20 + 1}),
                           consumer({.name = "sink", .capacity = dice() % 20 + 1}, passed.note())});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.stage("pace").done, 300U);
    ASSERT_EQ(passed.what.size(), 300U);
    expect_exact(passed, start, count);
    EXPECT_EQ(rt.now() - start, due(299, count)) << "it does not wait for a token that nobody needs";
  }
}

TEST(throttle, exceeds_its_rate_in_no_window_whatever_comes_and_makes_up_for_pauses_with_its_burst_only) {
  std::size_t full_windows = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto count = dice() % 40 + 2;
    const auto burst = dice() % 2 == 0 ? 1 : dice() % 10 + 1;
    manual_runtime rt(seed);
    passed_items passed;
    const auto r =
        rt.run({"uneven",
                async_producer({.name = "come"},
                               [&, n = 0]() mutable -> asio::awaitable<std::optional<int>> {
                                 // In bunches, with pauses that fill the bucket and others that do not.
                                 const auto pause = std::chrono::microseconds(dice() % 7 == 0 ? dice() % 1'000'000 : 0);
                                 const duration d = pause;
                                 co_await async_sleep(d);
                                 if (n == 400) co_return std::nullopt;
                                 co_return n++;
                               }),
                throttle({.name = "pace", .rate = per_second(count), .burst = burst, .capacity = dice() % 50 + 1}),
                consumer({.name = "sink"}, passed.note())});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    ASSERT_TRUE(std::ranges::equal(passed.what, std::views::iota(0, 400)));
    // A window that begins with an item has no fewer than one that begins before it, so these are all windows.
    std::size_t most = 0, end = 0;
    for (std::size_t i = 0; i < passed.when.size(); ++i) {
      while (end < passed.when.size() && passed.when[end] < passed.when[i] + 1s) ++end;
      most = std::max(most, end - i);
    }
    ASSERT_LE(most, count + burst - 1);
    full_windows += most == count + burst - 1 ? 1 : 0;
  }
  EXPECT_GT(full_windows, seeds / 2) << "a throttle that is too slow proves nothing";
}

TEST(throttle, lets_a_burst_go_at_once_after_a_pause) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    queue<int> input(100);
    passed_items passed;
    const auto run = rt.start({"bursts", producer({.name = "read"}, input),
                               throttle({.name = "pace", .rate = per_second(10), .burst = 4, .capacity = 2}),
                               consumer({.name = "sink", .capacity = 1}, passed.note())});
    const auto put = [&](int many) {
      for (int n = 0; n < many; ++n) EXPECT_EQ(input.try_put(std::move(n)).state, state::ok);
    };
    rt.advance(1h);
    put(6);
    rt.run_until_idle();
    EXPECT_EQ(passed.what.size(), 4U);
    rt.advance(100ms - 1ns);
    EXPECT_EQ(passed.what.size(), 4U);
    rt.advance(1ns);
    EXPECT_EQ(passed.what.size(), 5U);
    rt.advance(350ms);
    EXPECT_EQ(passed.what.size(), 6U);
    put(10);
    rt.run_until_idle();
    EXPECT_EQ(passed.what.size(), 8U) << "two and a half tokens have come since";
    input.close();
    EXPECT_TRUE(run.wait().balanced());
    EXPECT_EQ(passed.what.size(), 16U);
    EXPECT_EQ(input.snapshot().unfinished, 0U);
  }
}

TEST(throttle, lets_the_rest_out_at_the_rate_after_a_stop) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto count = dice() % 50 + 1;
    manual_runtime rt(seed);
    passed_items passed;
    const auto start = rt.now();
    const auto run = rt.start({"stopped", producer({.name = "count"}, endless()),
                               transform({.name = "same", .workers = 2, .order = order::kept}, [](int n) { return n; }),
                               throttle({.name = "pace", .rate = per_second(count), .capacity = dice() % 20 + 1}),
                               consumer({.name = "sink", .capacity = dice() % 20 + 1}, passed.note())});
    const auto before = std::chrono::milliseconds(dice() % 3000);
    rt.advance(before);
    run.stop();
    const auto r = run.wait();
    EXPECT_EQ(r.state(), end_state::stopped);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.dropped(), 0U);
    EXPECT_EQ(r.stage("count").done, passed.what.size());
    expect_exact(passed, start, count);
    EXPECT_EQ(rt.now(), std::max(passed.when.back(), start + before));
  }
}

TEST(throttle, drops_what_is_left_at_once_on_a_cancel_and_takes_its_deadline_back) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto count = dice() % 50 + 1;
    manual_runtime rt(seed);
    passed_items passed;
    std::optional<run> live;
    live.emplace(rt.start({"cancelled", producer({.name = "count"}, endless()),
                           throttle({.name = "pace", .rate = per_second(count), .capacity = dice() % 20 + 1}),
                           consumer({.name = "sink", .capacity = dice() % 20 + 1}, passed.note())}));
    rt.advance(std::chrono::milliseconds(dice() % 3000));
    const auto then = rt.now();
    const auto passed_then = passed.what.size();
    live->cancel();
    const auto r = live->wait();
    EXPECT_EQ(rt.now(), then);
    EXPECT_EQ(r.state(), end_state::cancelled);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_GT(r.edges[0].dropped, 0U);
    EXPECT_EQ(r.stage("count").done, passed_then + r.dropped());
    live.reset();
    rt.advance(1h);
    EXPECT_EQ(passed.what.size(), passed_then);
  }
}

TEST(throttle, is_cut_short_by_the_deadline_of_a_drain) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto count = dice() % 50 + 1;
    // Odd nanoseconds: never when a token comes, for then either may be first.
    const auto before = std::chrono::milliseconds(dice() % 1000);
    const auto drain = std::chrono::milliseconds(dice() % 2000) + 1ns;
    manual_runtime rt(seed);
    passed_items passed;
    const auto start = rt.now();
    const auto run = rt.start({"drained", producer({.name = "count"}, endless()),
                               throttle({.name = "pace", .rate = per_second(count), .capacity = 500}),
                               consumer({.name = "sink", .capacity = dice() % 20 + 1}, passed.note())});
    rt.advance(before);
    run.drain(drain);
    const auto r = run.wait();
    EXPECT_EQ(r.state(), end_state::cancelled);
    EXPECT_EQ(r.reason, stop_reason::deadline);
    EXPECT_EQ(rt.now() - start, before + drain);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(passed.what.size(), due_within(before + drain, count));
    expect_exact(passed, start, count);
  }
}

TEST(throttle, waits_for_room_after_it_and_loses_nothing_to_whoever_is_slow) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    queue<int> input(1000);
    std::vector<int> got;
    const auto run = rt.start(
        {"slow", producer({.name = "read"}, input),
         throttle({.name = "first", .rate = per_second(dice() % 100 + 1), .capacity = dice() % 5 + 1}),
         batch({.name = "pairs", .count = 2, .within = 5ms, .capacity = dice() % 5 + 1}),
         flat_map({.name = "singles"}, [](std::vector<int> pair) { return pair; }),
         throttle({.name = "second", .rate = per_minute(dice() % 1000 + 1), .burst = dice() % 5 + 1, .capacity = 1}),
         async_consumer({.name = "sink", .workers = 1, .capacity = 1}, [&](int n) -> asio::awaitable<void> {
           const duration d = std::chrono::milliseconds(dice() % 100);
           co_await async_sleep(d);
           got.push_back(n);
         })});
    for (int n = 0; n < 100; ++n) EXPECT_EQ(input.try_put(std::move(n)).state, state::ok);
    input.close();
    const auto r = run.wait();
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_TRUE(std::ranges::equal(got, std::views::iota(0, 100)));
    EXPECT_EQ(input.snapshot().unfinished, 0U);
  }
}

TEST(throttle, leaves_no_place_before_it_free_while_it_waits_and_more_would_come) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto capacity = dice() % 9 + 1;
    manual_runtime rt(seed);
    passed_items passed;
    const auto run = rt.start({"filled", producer({.name = "count"}, endless()),
                               throttle({.name = "pace", .rate = per_minute(1), .capacity = capacity}),
                               consumer({.name = "sink"}, passed.note())});
    for (std::size_t gone = 1; gone < 5; ++gone) {
      rt.run_until_idle();
      EXPECT_EQ(passed.what.size(), gone);
      ASSERT_EQ(run.report().edges[0].size, capacity) << "after " << gone;
      rt.advance(1min);
    }
    run.cancel();
    EXPECT_TRUE(run.wait().balanced());
  }
}

TEST(throttle, occupies_no_thread_while_it_waits) {
  manual_runtime rt;
  passed_items passed;
  const auto waiting = rt.start({"waiting", producer({.name = "count"}, endless()),
                                 throttle({.name = "pace", .rate = per_minute(1), .capacity = 1}),
                                 consumer({.name = "sink"}, passed.note())});
  rt.run_until_idle();
  EXPECT_EQ(passed.what.size(), 1U);
  const auto start = rt.now();
  const auto r = rt.run({"working", producer({.name = "count"}, std::views::iota(0, 1000)),
                         throttle({.name = "pace", .rate = per_second(1), .burst = 1000}),
                         consumer({.name = "sink"}, [](int) {})});
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(rt.now(), start);
  EXPECT_FALSE(rt.step());
  waiting.cancel();
}

}  // namespace
