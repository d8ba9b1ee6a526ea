#include "penstock/core/batcher.hpp"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1h};

TEST(batcher, is_complete_with_the_item_that_makes_the_count) {
  batcher rules(3, 1s);
  EXPECT_FALSE(rules.add(start));
  EXPECT_FALSE(rules.add(start));
  EXPECT_TRUE(rules.add(start));
  EXPECT_EQ(rules.held(), 3u);
}

TEST(batcher, a_count_of_one_makes_every_item_a_batch) {
  batcher rules(1, 1s);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(rules.add(start));
    rules.taken();
  }
}

TEST(batcher, the_first_item_of_a_batch_sets_its_time) {
  batcher rules(10, 50ms);
  rules.add(start);
  rules.add(start + 40ms);
  EXPECT_EQ(rules.due(), start + 50ms);
  EXPECT_FALSE(rules.expired(start + 50ms - 1ns));
  EXPECT_TRUE(rules.expired(start + 50ms));
}

TEST(batcher, after_a_batch_has_left_the_next_one_has_its_own_time) {
  batcher rules(10, 50ms);
  rules.add(start);
  rules.taken();
  EXPECT_EQ(rules.held(), 0u);
  EXPECT_EQ(rules.due(), never);
  rules.add(start + 1s);
  EXPECT_EQ(rules.due(), start + 1s + 50ms);
}

TEST(batcher, nothing_held_never_expires) {
  batcher rules(10, 50ms);
  EXPECT_FALSE(rules.expired(never));
  EXPECT_EQ(rules.due(), never);
}

TEST(batcher, without_a_time_a_partial_batch_waits_for_ever) {
  batcher rules(10, duration::max());
  rules.add(start);
  EXPECT_EQ(rules.due(), never);
  EXPECT_FALSE(rules.expired(start + 24h * 365));
}

TEST(batcher, a_time_beyond_the_clock_is_for_ever_and_not_in_the_past) {
  batcher rules(10, duration::max() - 1ns);
  rules.add(start);
  EXPECT_EQ(rules.due(), never);
}

}  // namespace
}  // namespace penstock
