#include "penstock/core/token_bucket.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1h};

/// When the tokens go to somebody who takes each as soon as it is there.
std::vector<time_point> taken_at_once(token_bucket bucket, std::size_t count) {
  std::vector<time_point> when;
  auto now = start;
  while (when.size() < count) {
    now = std::max(now, bucket.due());
    EXPECT_TRUE(bucket.take(now));
    when.push_back(now);
  }
  return when;
}

/// The most that went in any window `[t, t + length)`. One that begins with an item has no fewer than one that begins
/// before it, so those are all windows.
std::size_t most_in_a_window(const std::vector<time_point>& when, duration length) {
  std::size_t most = 0, end = 0;
  for (std::size_t i = 0; i < when.size(); ++i) {
    while (end < when.size() && when[end] < after(when[i], length)) ++end;
    most = std::max(most, end - i);
  }
  return most;
}

TEST(token_bucket, gives_the_first_token_at_once_and_the_next_after_its_time) {
  token_bucket bucket(per_second(10), 1);
  EXPECT_LE(bucket.due(), start);
  EXPECT_TRUE(bucket.take(start));
  EXPECT_EQ(bucket.due(), start + 100ms);
  EXPECT_FALSE(bucket.take(start));
  EXPECT_FALSE(bucket.take(start + 100ms - 1ns));
  EXPECT_TRUE(bucket.take(start + 100ms));
  EXPECT_EQ(bucket.due(), start + 200ms);
}

TEST(token_bucket, to_be_asked_too_early_costs_nothing) {
  token_bucket bucket(per_second(10), 1);
  EXPECT_TRUE(bucket.take(start));
  for (auto now = start; now < start + 100ms; now += 1ms) EXPECT_FALSE(bucket.take(now));
  EXPECT_EQ(bucket.due(), start + 100ms);
}

TEST(token_bucket, with_a_burst_of_one_makes_up_for_no_pause) {
  token_bucket bucket(per_second(10), 1);
  EXPECT_TRUE(bucket.take(start));
  EXPECT_TRUE(bucket.take(start + 1h));
  EXPECT_EQ(bucket.due(), start + 1h + 100ms);
}

TEST(token_bucket, saves_up_a_burst_and_no_more) {
  token_bucket bucket(per_second(10), 3);
  for (const auto now : {start, start + 1h}) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now));
    EXPECT_FALSE(bucket.take(now));
    EXPECT_EQ(bucket.due(), now + 100ms);
  }
  EXPECT_TRUE(bucket.take(start + 1h + 250ms));
  EXPECT_TRUE(bucket.take(start + 1h + 250ms));
  EXPECT_EQ(bucket.due(), start + 1h + 300ms);
}

TEST(token_bucket, does_not_drift_over_a_million_items_whatever_the_rate) {
  for (const std::int64_t count : {1LL, 3LL, 7LL, 100LL, 1024LL, 999'999'937LL, 4'294'967'295LL}) {
    const auto when = taken_at_once({per_second(count), 1}, 1'000'001);
    for (std::size_t i = 0; i < when.size(); ++i) {
      // The token's own instant, rounded up once: i seconds / count.
      const auto n = static_cast<std::uint64_t>(count);
      const auto whole = static_cast<std::int64_t>(i / n * 1'000'000'000 + (i % n * 1'000'000'000 + n - 1) / n);
      ASSERT_EQ(when[i] - start, duration(whole)) << "item " << i << " at " << count << " per second";
    }
  }
}

TEST(token_bucket, never_exceeds_its_rate_in_any_window_with_a_burst_of_one) {
  for (const int count : {1, 3, 7, 60, 333}) {
    for (const duration per : {duration(1s), duration(100ms), duration(1min), duration(1000ns)}) {
      const auto when = taken_at_once({{count, per}, 1}, static_cast<std::size_t>(20 * count));
      EXPECT_EQ(most_in_a_window(when, per), static_cast<std::size_t>(count));
    }
  }
}

TEST(token_bucket, never_exceeds_its_rate_and_burst_in_any_window_whenever_it_is_asked) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 dice(seed);
    const auto count = static_cast<std::int64_t>(dice() % 50 + 1);
    const auto burst = static_cast<std::size_t>(dice() % 8 + 1);
    const auto token = duration(1s) / count;
    token_bucket bucket(per_second(count), burst);
    std::vector<time_point> when;
    for (auto now = start; now < start + 20s;) {
      if (bucket.take(now)) when.push_back(now);
      // Mostly a little early or late, seldom after a pause.
      const auto most = dice() % 20 == 0 ? token * 30 : token * 2;
      const bool waits = dice() % 2 == 0;
      now = waits && bucket.due() > now
                ? bucket.due()
                : now + duration(static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(most.count())));
    }
    ASSERT_LE(most_in_a_window(when, 1s), static_cast<std::size_t>(count) + burst - 1) << "seed " << seed;
    ASSERT_GT(when.size(), static_cast<std::size_t>(count)) << "seed " << seed;
  }
}

TEST(token_bucket, gives_several_tokens_in_a_nanosecond_where_the_rate_says_so) {
  const auto when = taken_at_once({per_second(4'000'000'000), 1}, 4000);
  EXPECT_EQ(when.back() - start, 1000ns);
  EXPECT_EQ(most_in_a_window(when, 1ns), 4u);
}

TEST(token_bucket, keeps_the_largest_numbers_that_it_promises) {
  constexpr auto most = token_bucket::most;
  token_bucket fast(per_second(most), most);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(fast.take(start));
  token_bucket slow({1, duration::max()}, most);
  EXPECT_TRUE(slow.take(start));
  EXPECT_TRUE(slow.take(start));
  token_bucket once({1, duration::max()}, 1);
  EXPECT_TRUE(once.take(start));
  EXPECT_EQ(once.due(), never);
}

}  // namespace
}  // namespace penstock
