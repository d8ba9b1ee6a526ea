#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "penstock/core/permit_rules.hpp"

namespace penstock {
namespace {

class one_who_waits final : public permit_waiter {
 public:
  void complete() noexcept override { ++told; }
  int told = 0;
};

void give_back(permit_rules& rules) {
  decided_waiters decided;
  rules.give_back(decided);
  decided.complete_all();
}

TEST(permit_rules, gives_what_it_has_and_then_lets_wait) {
  permit_rules rules(2);
  one_who_waits a, b, c;
  EXPECT_FALSE(rules.line_up(a));
  EXPECT_FALSE(rules.line_up(b));
  EXPECT_TRUE(rules.line_up(c));
  EXPECT_TRUE(a.granted && b.granted && !c.granted);
  EXPECT_EQ(rules.in_use(), 2U);
  EXPECT_EQ(rules.waiting(), 1U);
  give_back(rules);
  EXPECT_TRUE(c.granted);
  EXPECT_EQ(c.told, 1);
  EXPECT_EQ(a.told, 0);
  EXPECT_EQ(rules.in_use(), 2U);
  give_back(rules);
  give_back(rules);
  EXPECT_EQ(rules.in_use(), 0U);
}

TEST(permit_rules, lets_nobody_overtake_who_comes_later) {
  permit_rules rules(1);
  one_who_waits first, second, third;
  EXPECT_FALSE(rules.line_up(first));
  EXPECT_TRUE(rules.line_up(second));
  give_back(rules);  // the second's at once: it is never free
  EXPECT_TRUE(rules.line_up(third));
  EXPECT_TRUE(second.granted);
  EXPECT_FALSE(third.granted);
}

TEST(permit_rules, knows_who_left_before_and_who_was_decided) {
  permit_rules rules(1);
  one_who_waits holder, leaver, decided;
  EXPECT_FALSE(rules.line_up(holder));
  EXPECT_TRUE(rules.line_up(leaver));
  EXPECT_TRUE(rules.line_up(decided));
  EXPECT_TRUE(rules.withdraw(leaver));
  EXPECT_FALSE(rules.withdraw(leaver));
  give_back(rules);
  EXPECT_EQ(leaver.told, 0);
  EXPECT_FALSE(leaver.granted);
  EXPECT_TRUE(decided.granted);
  EXPECT_FALSE(rules.withdraw(decided)) << "it has a permit to pass on";
}

/// Random operations against a list and a counter.
TEST(permit_rules, does_what_a_list_and_a_counter_do) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 dice(seed);
    const std::size_t permits = dice() % 4 + 1;
    permit_rules rules(permits);
    std::vector<std::unique_ptr<one_who_waits>> all;
    std::deque<one_who_waits*> line;
    std::size_t in_use = 0;
    for (int i = 0; i < 300; ++i) {
      const auto what = dice() % 5;
      if (what < 2) {
        auto& w = *all.emplace_back(std::make_unique<one_who_waits>());
        const bool waits = rules.line_up(w);
        ASSERT_EQ(waits, in_use == permits);
        waits ? line.push_back(&w) : static_cast<void>(++in_use);
      } else if (what == 2 && !line.empty()) {
        const auto at = line.begin() + static_cast<std::ptrdiff_t>(dice() % line.size());
        ASSERT_TRUE(rules.withdraw(**at));
        ASSERT_FALSE((*at)->granted);
        line.erase(at);
      } else if (what > 2 && in_use > 0) {
        auto* const next = line.empty() ? nullptr : line.front();
        give_back(rules);
        if (next != nullptr) {
          ASSERT_TRUE(next->granted);
          ASSERT_EQ(next->told, 1);
          line.pop_front();
        } else {
          --in_use;
        }
      }
      ASSERT_EQ(rules.in_use(), in_use);
      ASSERT_EQ(rules.waiting(), line.size());
      ASSERT_TRUE(line.empty() || in_use == permits) << "a permit is free and somebody waits";
    }
    while (!line.empty()) {
      ASSERT_TRUE(rules.withdraw(*line.front()));
      line.pop_front();
    }
  }
}

}  // namespace
}  // namespace penstock
