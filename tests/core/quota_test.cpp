#include "penstock/core/quota.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace penstock {
namespace {

TEST(quota, lets_pass_what_is_ready_as_long_as_that_is_not_too_much) {
  quota rules(5);
  EXPECT_EQ(rules.of(0), 0u);
  EXPECT_EQ(rules.of(3), 3u);
  EXPECT_EQ(rules.of(5), 5u);
  EXPECT_EQ(rules.of(6), 5u);
}

TEST(quota, is_used_up_with_the_last_and_not_before) {
  quota rules(5);
  EXPECT_FALSE(rules.passed(3));
  EXPECT_EQ(rules.of(100), 2u);
  EXPECT_FALSE(rules.passed(1));
  EXPECT_TRUE(rules.passed(1));
  EXPECT_EQ(rules.of(100), 0u);
}

TEST(quota, is_not_touched_when_nothing_passes) {
  quota rules(1);
  EXPECT_FALSE(rules.passed(0));
  EXPECT_EQ(rules.of(2), 1u);
}

TEST(quota, may_be_as_large_as_a_number_can_be) {
  constexpr auto all = std::numeric_limits<std::size_t>::max();
  quota rules(all);
  EXPECT_FALSE(rules.passed(1));
  EXPECT_EQ(rules.of(all), all - 1);
}

}  // namespace
}  // namespace penstock
