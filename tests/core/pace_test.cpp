#include "penstock/core/pace.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace penstock {
namespace {

using namespace std::chrono_literals;

TEST(pace, begins_with_one_item_because_it_knows_nothing) {
  const pace rules(1024);
  EXPECT_EQ(rules.items(), 1u);
  EXPECT_EQ(rules.cost(), 0u);
}

TEST(pace, grows_fourfold_at_most_for_a_cheap_body) {
  pace rules(1024);
  for (const std::size_t expected : {4u, 16u, 64u, 256u, 1024u, 1024u}) {
    rules.observe(rules.items(), 5ns * rules.items());
    EXPECT_EQ(rules.items(), expected);
  }
  EXPECT_EQ(rules.cost(), 5u);
}

TEST(pace, stays_within_the_most) {
  pace rules(3);
  for (int i = 0; i < 5; ++i) rules.observe(rules.items(), 1ns);
  EXPECT_EQ(rules.items(), 3u);
}

TEST(pace, shrinks_at_once_when_a_body_turns_slow) {
  pace rules(1024);
  for (int i = 0; i < 6; ++i) rules.observe(rules.items(), 5ns * rules.items());
  rules.observe(1, 50us);
  EXPECT_EQ(rules.items(), 1u);
  EXPECT_EQ(rules.cost(), 50'000u);
}

TEST(pace, settles_where_an_activation_takes_the_target_time) {
  pace rules(1024);
  for (int i = 0; i < 10; ++i) rules.observe(rules.items(), 200ns * rules.items());
  EXPECT_EQ(rules.items() * 200, pace::target);
}

TEST(pace, an_activation_without_items_teaches_nothing) {
  pace rules(1024);
  rules.observe(1, 10ns);
  rules.observe(0, 1s);
  EXPECT_EQ(rules.items(), 4u);
  EXPECT_EQ(rules.cost(), 10u);
}

TEST(pace, a_clock_that_stands_still_or_goes_back_counts_as_a_nanosecond) {
  pace rules(1024);
  rules.observe(1, 0ns);
  EXPECT_EQ(rules.cost(), 1u);
  rules.observe(4, -1s);
  EXPECT_EQ(rules.cost(), 1u);
  EXPECT_EQ(rules.items(), 16u);
}

}  // namespace
}  // namespace penstock
