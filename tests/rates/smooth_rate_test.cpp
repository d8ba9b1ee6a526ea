#include <gtest/gtest.h>

#include <deque>
#include <penstock/core/smooth_rate.hpp>
#include <random>

namespace penstock {
namespace {

using namespace std::chrono_literals;

TEST(smooth_rate, spaces_permits_and_lets_the_burst_go_at_once) {
  const time_point start{1h};
  smooth_rate one(per_second(100), 1);
  EXPECT_TRUE(one.take(start, false));
  EXPECT_FALSE(one.take(start + 10ms, false));
  EXPECT_TRUE(one.take(start + 10'201us, false));
  smooth_rate burst(per_second(100), 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(burst.take(start, false));
  EXPECT_FALSE(burst.take(start, false));
  EXPECT_TRUE(burst.take(burst.due(), true));
}

TEST(smooth_rate, lets_who_was_woken_late_catch_up) {
  smooth_rate r(per_second(1000), 1);
  time_point now{1h};
  const auto began = now;
  std::mt19937_64 random(1);
  int taken = 0;
  for (; taken < 20'000; ++taken) {
    now =
        std::max(now, r.due()) + std::chrono::microseconds(random() % 300);  // the alarm is late, on average by 0.15 ms
    ASSERT_TRUE(r.take(now, true));
  }
  EXPECT_GT(taken / std::chrono::duration<double>(now - began).count(), 0.975 * 1000);
}

// Whoever comes, and however late: the permits of no window are more than the rate and the burst allow.
TEST(smooth_rate, never_exceeds_the_rate_in_any_window) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    std::mt19937_64 random(seed);
    const rate r{static_cast<std::int64_t>(1 + random() % 200), std::chrono::microseconds(1000 + random() % 2'000'000)};
    const std::size_t burst = 1 + random() % 4;
    smooth_rate rules(r, burst);
    time_point now{1h};
    std::deque<time_point> window;
    for (int i = 0; i < 3000; ++i) {
      // Pauses, after which nobody waits; else a line, whose alarm is mostly in time, and sometimes late.
      const bool waited = random() % 100 != 0;
      const auto up_to = [&](duration most) {
        return duration(static_cast<duration::rep>(random() % static_cast<std::uint64_t>(most.count() + 1)));
      };
      if (waited)
        now = std::max(now, rules.due()) + (random() % 4 == 0 ? up_to(r.per / 25) : duration::zero());
      else
        now += up_to(r.per / 2);
      if (!rules.take(now, waited)) continue;
      window.push_back(now);
      while (window.front() <= now - r.per) window.pop_front();
      ASSERT_LE(window.size(), static_cast<std::size_t>(r.count) + burst - 1) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace penstock
