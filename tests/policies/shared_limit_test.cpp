// Shared limits in virtual time, under 200 schedules each.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
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

/// How many bodies are under way, and the most there ever were.
struct gauge {
  std::size_t now = 0, most = 0, ever = 0;
  void enter() {
    ++ever;
    most = std::max(most, ++now);
  }
  void leave() { --now; }
};

struct inside {
  explicit inside(gauge& of) : g(of) { g.enter(); }
  ~inside() { g.leave(); }
  inside(const inside&) = delete;
  inside& operator=(const inside&) = delete;
  gauge& g;
};

/// Three stages under one limit: one that holds its permits for a while, two whose bodies are over at once.
pipeline sharing(const shared_limit& limit, gauge& g, std::uint64_t seed, int count) {
  std::mt19937_64 dice(seed);
  const auto some = [&](std::size_t most) { return dice() % most + 1; };
  const auto o = dice() % 2 ? order::kept : order::any;
  return {
      "sharing",
      producer({.name = "count"}, std::views::iota(0, count)),
      transform({.name = "first", .workers = some(3), .capacity = some(20), .order = o}, limited(limit,
                                                                                                 [&g](int n) {
                                                                                                   const inside here(g);
                                                                                                   return n;
                                                                                                 })),
      async_transform({.name = "second", .workers = some(10), .capacity = some(20), .order = o},
                      limited(limit,
                              [&g](int n) -> asio::awaitable<int> {
                                const inside here(g);
                                const duration d = std::chrono::milliseconds(n * 37 % 100 + 1);
                                co_await async_sleep(d);
                                co_return n;
                              })),
      filter({.name = "third", .workers = some(3), .capacity = some(20), .order = o}, limited(limit,
                                                                                              [&g](const int&) {
                                                                                                const inside here(g);
                                                                                                return true;
                                                                                              })),
      consumer({.name = "sink", .workers = some(2)}, limited(limit, [&g](int) { const inside here(g); }))};
}

TEST(shared_limit, is_never_exceeded_and_always_used_in_full_while_somebody_waits) {
  std::size_t full = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    const shared_limit limit("few", seed % 4 + 1);
    manual_runtime rt(seed);
    gauge g;
    const auto one = rt.start(sharing(limit, g, seed, 50));
    const auto two = rt.start(sharing(limit, g, seed + 1000, 50));
    while (!one.wait_for(0s) || !two.wait_for(0s)) {
      rt.run_until_idle();
      const auto s = limit.snapshot();
      EXPECT_EQ(s.in_use, g.now);
      if (s.waiting > 0) {
        EXPECT_EQ(s.in_use, s.permits);
        ++full;
      }
      rt.advance(10ms);
    }
    EXPECT_TRUE(one.wait().balanced());
    EXPECT_TRUE(two.wait().balanced());
    EXPECT_TRUE(one.report().ok() && two.report().ok());
    EXPECT_EQ(g.ever, 400U);
    EXPECT_EQ(g.most, limit.snapshot().permits);
    EXPECT_EQ(limit.in_use(), 0U);
    EXPECT_EQ(limit.snapshot().waiting, 0U);
  }
  EXPECT_GT(full, 100 * seeds) << "a limit that nobody feels proves nothing";
}

TEST(shared_limit, loses_no_permit_when_those_who_wait_are_cancelled_at_any_moment) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const shared_limit limit("few", dice() % 3 + 1);
    manual_runtime rt(seed);
    gauge g;
    std::vector<std::optional<run>> runs;
    for (std::uint64_t i = 0; i < 6; ++i) runs.emplace_back(rt.start(sharing(limit, g, dice(), 30)));
    for (std::size_t i = 0; i + 2 < runs.size(); ++i) {
      for (auto steps = dice() % 300; steps > 0 && rt.step(); --steps) {
      }
      if (dice() % 2) rt.advance(std::chrono::milliseconds(dice() % 200));
      if (dice() % 3 == 0) {
        runs[i].reset();  // destroyed: cancelled and waited for
      } else {
        runs[i]->cancel();
      }
    }
    std::vector<report> reports;
    for (auto& r : runs) {
      if (r) reports.push_back(r->wait());
    }
    EXPECT_EQ(limit.in_use(), 0U);
    EXPECT_EQ(limit.snapshot().waiting, 0U);
    EXPECT_LE(g.most, limit.snapshot().permits);
    for (const auto& r : reports) EXPECT_TRUE(r.balanced()) << r;
    EXPECT_TRUE(reports.back().ok()) << "those who were not cancelled had all they needed";
    EXPECT_EQ(reports.back().stage("sink").done, 30U);
  }
}

TEST(shared_limit, serves_first_come_first_served) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    const shared_limit limit("one", 1);
    manual_runtime rt(seed);
    std::vector<int> order_of_start;
    const auto line = [&](int who) -> pipeline {
      return {"line", producer({.name = "one"}, std::vector{who}),
              async_consumer({.name = "hold"}, limited(limit, [&](int n) -> asio::awaitable<void> {
                               order_of_start.push_back(n);
                               co_await async_sleep(1s);
                             }))};
    };
    std::vector<run> runs;
    for (int who = 0; who < 5; ++who) {
      runs.push_back(rt.start(line(who)));
      rt.run_until_idle();
    }
    EXPECT_EQ(limit.snapshot().waiting, 4U);
    runs[2].cancel();
    rt.run_until_idle();
    for (auto& r : runs) static_cast<void>(r.wait());
    EXPECT_EQ(order_of_start, (std::vector{0, 1, 3, 4}));
    EXPECT_EQ(runs[2].report().stage("hold").dropped, 1U);
  }
}

TEST(shared_limit, holds_no_permit_during_a_back_off_nor_for_a_letter_whatever_is_around_what) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    const shared_limit limit("one", 1);
    manual_runtime rt(seed);
    queue<dead<int>> letters(1);
    EXPECT_TRUE(letters.try_put({.item = 0, .error = nullptr, .stage = ""}));
    constexpr auto fails = [](int&) -> int { throw std::runtime_error("never"); };
    constexpr auto fails_async = [](int&) -> asio::awaitable<int> {
      co_await async_sleep(1s);
      throw std::runtime_error("never");
    };
    const retry_options once{.times = 1, .backoff = 1h, .jitter = jitter::none};
    const auto all = [&](auto stage) {
      return rt.start({"fails", producer({.name = "one"}, std::vector{1}), std::move(stage)});
    };
    auto run =
        seed % 4 == 0 ? all(consumer({.name = "work"}, limited(limit, dead_letter(letters, retry(once, fails)))))
        : seed % 4 == 1
            ? all(consumer({.name = "work", .workers = 2}, dead_letter(letters, retry(once, limited(limit, fails)))))
        : seed % 4 == 2
            ? all(async_consumer({.name = "work"}, limited(limit, dead_letter(letters, retry(once, fails_async)))))
            : all(async_consumer({.name = "work"}, dead_letter(letters, retry(once, limited(limit, fails_async)))));
    const auto others_work = [&] {
      const auto r = rt.run({"other", producer({.name = "count"}, std::views::iota(0, 10)),
                             consumer({.name = "work"}, limited(limit, [](int) {}))});
      return r.ok();
    };
    rt.advance(1min);
    EXPECT_EQ(run.report().stage("work").in_flight(), 1U);
    EXPECT_EQ(limit.in_use(), 0U);
    EXPECT_TRUE(others_work());
    rt.advance(2h);
    EXPECT_EQ(letters.snapshot().waiting_putters, 1U);
    EXPECT_EQ(run.report().stage("work").retried, 1U);
    EXPECT_EQ(limit.in_use(), 0U);
    EXPECT_TRUE(others_work());
    letters.close();
    EXPECT_TRUE(run.wait().balanced());
  }
}

TEST(shared_limit, waits_for_its_permit_after_a_back_off_and_before_the_next_attempt) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    const shared_limit limit("one", 1);
    manual_runtime rt(seed);
    const auto start = rt.now();
    std::vector<duration> attempts;
    const auto again =
        rt.start({"again", producer({.name = "one"}, std::vector{1}),
                  consumer({.name = "work", .workers = seed % 3 + 1},
                           retry({.backoff = 1s, .jitter = jitter::none}, limited(limit, [&](int&, context& c) {
                                   attempts.push_back(rt.now() - start);
                                   if (c.attempt() == 1) throw std::runtime_error("not yet");
                                 })))});
    rt.run_until_idle();
    const auto holder =
        rt.start({"holder", producer({.name = "one"}, std::vector{1}),
                  async_consumer({.name = "hold"},
                                 limited(limit, [](int) -> asio::awaitable<void> { co_await async_sleep(5s); }))});
    EXPECT_TRUE(again.wait().ok());
    EXPECT_EQ(attempts, (std::vector<duration>{0s, 5s}));
    EXPECT_TRUE(holder.wait().ok());
  }
}

TEST(shared_limit, without_permits_is_refused) {
  EXPECT_THROW(shared_limit("none", 0), declaration_error);
  const shared_limit limit("two", 2);
  EXPECT_EQ(limit.name(), "two");
  EXPECT_EQ(limit.snapshot().permits, 2U);
  EXPECT_EQ(limit.in_use(), 0U);
}

}  // namespace
