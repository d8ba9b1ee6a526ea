// The time limit of async stages in virtual time, under 200 schedules each.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <ranges>
#include <stdexcept>
#include <vector>

#include "penstock/penstock.hpp"
#include "penstock/testing/manual_runtime.hpp"

namespace {

using namespace penstock;
using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr std::uint64_t seeds = 200;

bool timed_out(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const penstock::error& e) {
    return e.code() == errc::timed_out;
  } catch (...) {
    return false;
  }
}

asio::awaitable<int> take_seconds(int n) {
  const duration d = n * 1s;
  co_await async_sleep(d);
  co_return n;
}

TEST(time_limit, ends_a_body_at_its_nanosecond_and_the_slot_goes_on_with_the_next) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    const auto start = rt.now();
    std::vector<std::pair<int, duration>> out;
    // One slot: a cancellation that stuck to it would be felt by all that come after.
    const auto r = rt.run({"one by one", producer({.name = "seconds"}, std::vector{1, 9, 1, 9, 9, 2}),
                           async_transform({.name = "wait",
                                            .workers = 1,
                                            .order = seed % 2 ? order::kept : order::any,
                                            .limit = 3s,
                                            .on_error = skip},
                                           take_seconds),
                           consumer({.name = "sink"}, [&](int n) { out.emplace_back(n, rt.now() - start); })});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(out, (std::vector<std::pair<int, duration>>{{1, 1s}, {1, 5s}, {2, 13s}}));
    EXPECT_EQ(r.stage("wait").failed, 3U);
    ASSERT_EQ(r.errors.size(), 3U);
    for (const auto& e : r.errors) EXPECT_TRUE(timed_out(e.error)) << e.message;
  }
}

TEST(time_limit, holds_also_after_a_pause_in_which_its_alarm_has_rung_for_nobody) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    const auto start = rt.now();
    std::vector<duration> late;
    queue<int> seconds(2);
    const auto run = rt.start(
        {"with a pause", producer({.name = "seconds"}, seconds),
         async_transform({.name = "wait", .workers = 1 + seed % 2, .limit = 3s, .on_error = skip}, take_seconds),
         consumer({.name = "sink"}, [](int) {})},
        {.on_error = [&](const stage_error&) { late.push_back(rt.now() - start); }});
    for (int n : {1, 9}) {
      ASSERT_TRUE(seconds.try_put(std::move(n)));
      rt.advance(5s);
    }
    EXPECT_EQ(late, std::vector<duration>{8s});
    seconds.close();
    EXPECT_EQ(run.wait().stage("wait").failed, 1U);
  }
}

TEST(time_limit, is_each_items_own_however_many_are_under_way) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    const auto start = rt.now();
    std::map<int, duration> begun, late;
    std::vector<int> takes(200);
    for (auto& t : takes) t = static_cast<int>(dice() % 2000);
    std::size_t in_time = 0;
    const auto limit = std::chrono::milliseconds(dice() % 1500 + 1) + 1ns;  // never when a body ends
    queue<dead<int>> letters(200);
    auto body = [&](int& n) -> asio::awaitable<int> {
      begun[n] = rt.now() - start;
      const duration d = std::chrono::milliseconds(takes[static_cast<std::size_t>(n)]);
      try {
        co_await async_sleep(d);
      } catch (const boost::system::system_error&) {
        late[n] = rt.now() - start;
        throw;
      }
      EXPECT_EQ(rt.now() - start, begun[n] + d);
      co_return n;
    };
    const auto r = rt.run({"many", producer({.name = "count"}, std::views::iota(0, 200)),
                           async_transform({.name = "wait",
                                            .workers = dice() % 50 + 1,
                                            .order = dice() % 2 ? order::kept : order::any,
                                            .limit = limit},
                                           dead_letter(letters, body)),
                           consumer({.name = "sink"}, [&](int) { ++in_time; })});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(in_time, static_cast<std::size_t>(
                           std::ranges::count_if(takes, [&](int t) { return std::chrono::milliseconds(t) < limit; })));
    EXPECT_EQ(late.size(), 200 - in_time);
    EXPECT_EQ(letters.snapshot().size, late.size());
    for (const auto& [n, when] : late) EXPECT_EQ(when, begun[n] + limit);
    while (const auto letter = letters.try_get()) EXPECT_TRUE(timed_out(letter->error));
  }
}

TEST(time_limit, is_each_attempts_own_under_retry) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    const auto start = rt.now();
    std::vector<duration> attempts;
    const auto r = rt.run(
        {"again", producer({.name = "one"}, std::vector{1}),
         async_consumer({.name = "call", .workers = 3, .limit = 2s, .on_error = skip},
                        retry({.times = 2, .backoff = 1s, .jitter = jitter::none}, [&](int&) -> asio::awaitable<void> {
                          attempts.push_back(rt.now() - start);
                          co_await async_sleep(1h);
                        }))});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(attempts, (std::vector<duration>{0s, 3s, 7s}));
    EXPECT_EQ(rt.now() - start, 9s);
    EXPECT_EQ(r.stage("call").retried, 2U);
    EXPECT_EQ(r.stage("call").failed, 1U);
    ASSERT_EQ(r.errors.size(), 1U);
    EXPECT_TRUE(timed_out(r.errors[0].error));
  }
}

TEST(time_limit, takes_a_value_that_comes_late_all_the_same_and_any_late_exception_for_timed_out) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    std::vector<int> out;
    const auto r = rt.run({"stubborn", producer({.name = "count"}, std::views::iota(0, 4)),
                           async_transform({.name = "wait", .workers = 1, .limit = 1s, .on_error = skip},
                                           [&](int n) -> asio::awaitable<int> {
                                             const auto start = rt.now();
                                             try {
                                               co_await async_sleep(1h);
                                             } catch (const boost::system::system_error&) {
                                               EXPECT_EQ(rt.now() - start, 1s);
                                             }
                                             if (n == 2) throw std::runtime_error("its own");
                                             co_return n;
                                           }),
                           consumer({.name = "sink"}, [&](int n) { out.push_back(n); })});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(out, (std::vector{0, 1, 3}));
    ASSERT_EQ(r.errors.size(), 1U);
    EXPECT_EQ(r.errors[0].item, 2U);
    EXPECT_TRUE(timed_out(r.errors[0].error));
  }
}

TEST(time_limit, leaves_a_cancel_what_it_is) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    auto run =
        rt.start({"cancelled", producer({.name = "count"}, std::views::iota(0)),
                  async_transform({.name = "wait", .workers = 5, .limit = 1s}, retry({.times = 1000, .backoff = 300ms},
                                                                                     [](int&) -> asio::awaitable<int> {
                                                                                       co_await async_sleep(1h);
                                                                                       co_return 1;
                                                                                     })),
                  consumer({.name = "sink"}, [](int) {})});
    rt.advance(std::chrono::milliseconds(dice() % 5000));
    const auto then = rt.now();
    run.cancel();
    const auto r = run.wait();
    EXPECT_EQ(rt.now(), then);
    EXPECT_EQ(r.state(), end_state::cancelled);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.stage("wait").dropped, 5U);
    EXPECT_EQ(r.stage("wait").failed, 0U);
    run = {};
    rt.advance(1h);
  }
}

}  // namespace
