#include "penstock/base/clock.hpp"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using namespace std::chrono_literals;

TEST(clock, after_adds) {
  constexpr time_point start{1h};
  static_assert(after(start, 2s) == start + 2s);
  static_assert(after(start, -2s) == start - 2s);
  static_assert(after(start, 0s) == start);
}

TEST(clock, after_an_endless_time_is_never) {
  EXPECT_EQ(after(time_point{1h}, duration::max()), never);
  EXPECT_EQ(after(clock::now(), duration::max() - 1ns), never);
  EXPECT_EQ(after(never, 1ns), never);
  EXPECT_EQ(after(never, 0ns), never);
}

TEST(clock, an_endless_time_ago_is_the_beginning) {
  EXPECT_EQ(after(time_point{-1h}, duration::min()), time_point::min());
  EXPECT_EQ(after(time_point::min(), -1ns), time_point::min());
}

TEST(clock, just_short_of_the_ends_nothing_is_rounded) {
  EXPECT_EQ(after(never - 5ns, 4ns), never - 1ns);
  EXPECT_EQ(after(time_point::min() + 5ns, -4ns), time_point::min() + 1ns);
}

}  // namespace
}  // namespace penstock
