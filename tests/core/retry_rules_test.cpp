#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include "penstock/core/retry_rules.hpp"

namespace penstock {
namespace {

using namespace std::chrono_literals;

TEST(retry_rules, doubles_its_back_off_up_to_the_most) {
  const retry_rules rules({.times = 10, .backoff = 100ms, .most = 1s, .jitter = jitter::none});
  const duration expected[] = {100ms, 200ms, 400ms, 800ms, 1s, 1s, 1s};
  for (unsigned k = 1; k <= std::size(expected); ++k) EXPECT_EQ(rules.delay(k, k * 12345), expected[k - 1]);
}

TEST(retry_rules, allows_so_many_further_attempts) {
  const retry_rules rules({.times = 3});
  EXPECT_TRUE(rules.again(1));
  EXPECT_TRUE(rules.again(3));
  EXPECT_FALSE(rules.again(4));
  EXPECT_FALSE(retry_rules().again(1));
  EXPECT_FALSE(retry_rules({.times = 0}).again(1));
}

TEST(retry_rules, does_not_overflow_whatever_the_number_of_attempts) {
  for (const duration most : {duration(1h), duration::max()}) {
    const retry_rules rules(
        {.times = std::numeric_limits<unsigned>::max(), .backoff = 1ns, .most = most, .jitter = jitter::none});
    duration last{};
    for (const unsigned k : {1U, 2U, 40U, 62U, 63U, 64U, 65U, 1000U, std::numeric_limits<unsigned>::max()}) {
      EXPECT_GE(rules.delay(k, 0), last);
      last = rules.delay(k, 0);
    }
    EXPECT_EQ(last, most);
    EXPECT_LE(retry_rules({.backoff = 1ns, .most = most}).delay(1000, ~std::uint64_t{0}), most);
  }
}

TEST(retry_rules, waits_for_no_time_where_none_was_asked_for) {
  const retry_rules at_once({.times = 1000, .backoff = 0ns});
  const retry_rules never_long({.times = 1000, .backoff = 1s, .most = 0ns});
  for (const unsigned k : {1U, 2U, 1000U}) {
    EXPECT_EQ(at_once.delay(k, 987654321), 0ns);
    EXPECT_EQ(never_long.delay(k, 987654321), 0ns);
  }
}

TEST(retry_rules, with_full_jitter_waits_any_part_of_the_back_off_equally_often) {
  const retry_rules rules({.times = 3, .backoff = 8ns, .most = 20ns});
  for (unsigned k = 1; k <= 3; ++k) {
    const auto values = static_cast<std::uint64_t>(rules.ceiling(k).count()) + 1;
    std::vector<int> seen(values);
    for (std::uint64_t item = 0; item < values * 1000; ++item) {
      const auto random = retry_rules::chance(time_point(1s), 3, item, k);
      const auto wait = rules.delay(k, random);
      ASSERT_GE(wait, 0ns);
      ASSERT_LE(wait, rules.ceiling(k));
      ++seen[static_cast<std::size_t>(wait.count())];
    }
    // Six standard deviations of a fair die with so many sides.
    for (const auto n : seen) EXPECT_NEAR(n, 1000, 190);
  }
}

TEST(retry_rules, has_another_chance_for_each_instant_stage_item_and_attempt) {
  std::set<std::uint64_t> all;
  for (const auto when : {1s, 2s, 3s}) {
    for (std::uint64_t stage = 0; stage < 5; ++stage) {
      for (std::uint64_t item = 0; item < 100; ++item) {
        for (unsigned k = 1; k < 5; ++k) all.insert(retry_rules::chance(time_point(when), stage, item, k));
      }
    }
  }
  EXPECT_EQ(all.size(), 3U * 5 * 100 * 4);
  EXPECT_EQ(retry_rules::chance(time_point(1s), 2, 3, 4), retry_rules::chance(time_point(1s), 2, 3, 4));
}

}  // namespace
}  // namespace penstock
