// The take under 200 schedules each: what passes, and what becomes of all that comes before it.
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
constexpr auto same = [](int n) { return n; };

auto endless() { return std::views::iota(0); }

auto into_vector(std::vector<int>& items) {
  return [&items](int n) { items.push_back(n); };
}

bool are_the_first(const std::vector<int>& items, std::uint64_t count) {
  return std::ranges::equal(items, std::views::iota(0, static_cast<int>(count)));
}

TEST(take, passes_on_the_first_items_and_completes_a_run_that_would_never_end) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto count = dice() % 300 + 1;
    manual_runtime rt(seed);
    std::vector<int> seen;
    const auto r = rt.run(
        {"first", producer({.name = "count"}, endless()),
         transform({.name = "plain", .workers = dice() % 3 + 1, .capacity = dice() % 9 + 1, .order = order::kept},
                   same),
         async_transform({.name = "async", .capacity = dice() % 9 + 1, .order = order::kept},
                         [](int n) -> asio::awaitable<int> { co_return n; }),
         take({.name = "take", .count = count, .capacity = dice() % 9 + 1}),
         consumer({.name = "sink", .workers = 1, .capacity = dice() % 9 + 1}, into_vector(seen))});
    EXPECT_EQ(r.state(), end_state::completed);
    EXPECT_FALSE(r.stop_requested);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_TRUE(are_the_first(seen, count));
    EXPECT_EQ(r.stage("take").done, count);
    EXPECT_EQ(r.stage("count").done, count + r.dropped());
    EXPECT_EQ(r.errors.size(), 0U);
  }
}

TEST(take, counts_what_was_under_way_before_it_as_dropped_on_its_edge) {
  std::uint64_t dropped = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto count = dice() % 20 + 1;
    const auto capacity = dice() % 30 + 1;
    manual_runtime rt(seed);
    std::vector<int> seen;
    const auto r = rt.run({"dropped", producer({.name = "count"}, endless()),
                           take({.name = "take", .count = count, .capacity = capacity}),
                           consumer({.name = "sink", .capacity = dice() % 9 + 1}, into_vector(seen))});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_TRUE(are_the_first(seen, count));
    EXPECT_EQ(r.edges[0].taken, count);
    EXPECT_EQ(r.edges[0].dropped, r.dropped());
    EXPECT_EQ(r.edges[0].emitted, r.stage("count").done);
    EXPECT_LE(r.edges[0].dropped, 2 * capacity) << "what was there when it left, and what was under way to there";
    dropped += r.edges[0].dropped;
  }
  EXPECT_GT(dropped, seeds) << "nothing was ever under way, so nothing was shown";
}

TEST(take, of_more_than_there_is_passes_on_all_and_of_exactly_that_too) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    std::vector<int> seen;
    const auto r = rt.run({"all", producer({.name = "count"}, std::views::iota(0, 50)),
                           take({.name = "take", .count = 50 + seed % 2, .capacity = seed % 60 + 1}),
                           consumer({.name = "sink"}, into_vector(seen))});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_TRUE(are_the_first(seen, 50));
    EXPECT_EQ(r.dropped(), 0U);
  }
}

TEST(take, leaves_nobody_blocked_who_waits_for_a_queue_or_for_the_time) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto count = dice() % 9 + 1;
    const auto more = dice() % 9;
    manual_runtime rt(seed);
    queue<int> input(100);
    std::vector<int> seen;
    for (int n = 0; n < static_cast<int>(count + more); ++n) {
      int item = n;
      EXPECT_EQ(input.try_put(std::move(item)).state, state::ok);
    }
    const auto start = rt.now();
    const auto r = rt.run({"waits", producer({.name = "read"}, input),
                           async_transform({.name = "sleep", .workers = 20, .order = order::kept},
                                           [&](int n) -> asio::awaitable<int> {
                                             const duration d = n < static_cast<int>(count) ? 0h : 24h;
                                             co_await async_sleep(d);
                                             co_return n;
                                           }),
                           take({.name = "take", .count = count}), consumer({.name = "sink"}, into_vector(seen))});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_TRUE(are_the_first(seen, count));
    EXPECT_EQ(rt.now(), start);
    EXPECT_EQ(input.snapshot().waiting_getters, 0U);
    EXPECT_EQ(input.snapshot().unfinished, input.snapshot().size)
        << "what was taken is paid for, the rest is still there";
    int item = 0;
    EXPECT_EQ(input.try_put(std::move(item)).state, state::ok) << "the queue is as it was";
  }
}

TEST(take, does_not_wait_for_a_throttle_before_it) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto count = dice() % 9 + 1;
    manual_runtime rt(seed);
    std::vector<int> seen;
    const auto start = rt.now();
    const auto r = rt.run({"paced", producer({.name = "count"}, endless()),
                           throttle({.name = "pace", .rate = per_minute(1), .capacity = dice() % 9 + 1}),
                           take({.name = "take", .count = count}), consumer({.name = "sink"}, into_vector(seen))});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_TRUE(are_the_first(seen, count));
    EXPECT_EQ(rt.now() - start, static_cast<int>(count - 1) * 1min);
  }
}

TEST(take, ends_the_input_of_what_comes_after_it) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    std::vector<std::size_t> sizes;
    const auto r = rt.run({"after", producer({.name = "count"}, endless()), take({.name = "take", .count = 7}),
                           batch({.name = "page", .count = 5}), take({.name = "pages", .count = 3}),
                           consumer({.name = "sink"}, [&](std::vector<int> page) { sizes.push_back(page.size()); })});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(sizes, (std::vector<std::size_t>{5, 2}));
  }
}

/// A run whose take never gets enough, and what it passed on.
struct hungry_run {
  explicit hungry_run(std::uint64_t seed) : dice(seed), rt(seed) {
    live.emplace(rt.start({"hungry", producer({.name = "count"}, endless()),
                           throttle({.name = "pace", .rate = per_second(10), .capacity = dice() % 9 + 1}),
                           take({.name = "take", .count = 1'000'000, .capacity = dice() % 9 + 1}),
                           consumer({.name = "sink", .capacity = dice() % 9 + 1}, into_vector(seen))}));
    rt.advance(std::chrono::milliseconds(dice() % 3000));
  }

  std::mt19937_64 dice;
  manual_runtime rt;
  std::vector<int> seen;
  std::optional<run> live;
};

TEST(take, passes_on_what_was_accepted_before_a_stop) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    hungry_run it(seed);
    it.live->stop();
    const auto r = it.live->wait();
    EXPECT_EQ(r.state(), end_state::stopped);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.dropped(), 0U);
    EXPECT_TRUE(are_the_first(it.seen, r.stage("count").done));
  }
}

TEST(take, drops_what_is_left_on_a_cancel_and_at_the_deadline_of_a_drain) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    hungry_run it(seed);
    const auto then = it.rt.now();
    const auto limit = seed % 2 == 0 ? 0ns : 1ns;  // before the next token comes
    seed % 2 == 0 ? it.live->cancel() : it.live->drain(limit);
    const auto r = it.live->wait();
    EXPECT_EQ(r.state(), end_state::cancelled);
    EXPECT_EQ(it.rt.now() - then, limit);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_TRUE(are_the_first(it.seen, r.stage("sink").done));
    EXPECT_EQ(r.stage("count").done, it.seen.size() + r.dropped());
  }
}

TEST(take, that_has_enough_during_a_stop_ends_the_run_as_stopped) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    std::vector<int> seen;
    const auto run = rt.start({"both", producer({.name = "count"}, endless()),
                               throttle({.name = "pace", .rate = per_second(10), .capacity = 20}),
                               take({.name = "take", .count = 8}), consumer({.name = "sink"}, into_vector(seen))});
    rt.advance(350ms);
    EXPECT_EQ(seen.size(), 4U);
    run.stop();
    const auto r = run.wait();
    EXPECT_EQ(r.state(), end_state::stopped);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_TRUE(are_the_first(seen, 8));
  }
}

}  // namespace
