// The law of a group of tasks, by hand and against a naive model.
#include "penstock/core/task_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1h};

TEST(task_rules, a_task_has_one_end_and_keeps_it) {
  task_rules rules(task_failure::collect);
  const auto t = rules.add();
  EXPECT_EQ(rules.state(t), task_state::waiting);
  EXPECT_TRUE(rules.begin(t, start));
  EXPECT_FALSE(rules.begin(t, start));
  const auto end = rules.end(t, task_end::value, start + 3s);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->state, task_state::done);
  EXPECT_EQ(end->took, 3s);
  EXPECT_FALSE(rules.end(t, task_end::error, start + 4s));
  rules.cancel(task_state::cancelled);
  EXPECT_EQ(rules.state(t), task_state::done);
}

TEST(task_rules, no_body_begins_after_a_cancel) {
  task_rules rules(task_failure::collect);
  const auto waiting = rules.add();
  const auto running = rules.add();
  rules.begin(running, start);
  const auto hit = rules.cancel(task_state::timed_out);
  EXPECT_EQ(hit.never_begun, std::vector{waiting});
  EXPECT_EQ(hit.running, std::vector{running});
  EXPECT_FALSE(rules.begin(waiting, start));
  EXPECT_EQ(rules.state(waiting), task_state::timed_out);
  const auto late = rules.add();
  EXPECT_FALSE(rules.begin(late, start));
  EXPECT_EQ(rules.state(late), task_state::timed_out);
}

TEST(task_rules, the_first_cause_of_a_cancel_is_kept) {
  task_rules rules(task_failure::collect);
  const auto t = rules.add();
  rules.begin(t, start);
  rules.cancel(task_state::cancelled);
  EXPECT_TRUE(rules.cancel(task_state::timed_out).running.empty());
  EXPECT_EQ(rules.end(t, task_end::gave_up, start)->state, task_state::cancelled);
}

TEST(task_rules, what_an_end_means_depends_on_the_cancel) {
  const auto state_of = [](task_end how, bool cancelled) {
    task_rules rules(task_failure::collect);
    const auto t = rules.add();
    rules.begin(t, start);
    if (cancelled) rules.cancel(task_state::timed_out);
    return rules.end(t, how, start)->state;
  };
  EXPECT_EQ(state_of(task_end::value, false), task_state::done);
  EXPECT_EQ(state_of(task_end::value, true), task_state::done);
  EXPECT_EQ(state_of(task_end::returned, false), task_state::done);
  EXPECT_EQ(state_of(task_end::returned, true), task_state::timed_out);
  EXPECT_EQ(state_of(task_end::error, false), task_state::failed);
  EXPECT_EQ(state_of(task_end::error, true), task_state::failed);
  EXPECT_EQ(state_of(task_end::gave_up, false), task_state::failed);
  EXPECT_EQ(state_of(task_end::gave_up, true), task_state::timed_out);
  EXPECT_EQ(state_of(task_end::lost, false), task_state::cancelled);
  EXPECT_EQ(state_of(task_end::lost, true), task_state::timed_out);
}

TEST(task_rules, a_wait_is_over_when_all_have_left_and_not_before) {
  task_rules rules(task_failure::collect);
  const auto a = rules.add();
  const auto b = rules.add();
  rules.begin(a, start);
  rules.begin(b, start);
  EXPECT_FALSE(rules.wait(task_wait::all).over);
  rules.end(a, task_end::value, start);
  EXPECT_FALSE(rules.leave());
  rules.end(b, task_end::value, start);
  EXPECT_FALSE(rules.sealed());
  EXPECT_TRUE(rules.leave());
  EXPECT_TRUE(rules.sealed());
  EXPECT_TRUE(rules.wait(task_wait::first).over);
}

TEST(task_rules, a_group_that_nobody_waits_for_stays_open) {
  task_rules rules(task_failure::collect);
  const auto a = rules.add();
  rules.begin(a, start);
  rules.end(a, task_end::value, start);
  EXPECT_FALSE(rules.leave());
  EXPECT_FALSE(rules.sealed());
  rules.wait(task_wait::all);
  EXPECT_TRUE(rules.sealed());
}

TEST(task_rules, the_first_failure_ends_the_rest_where_that_was_asked_for) {
  for (const auto mode : {task_failure::collect, task_failure::cancel_rest}) {
    task_rules rules(mode);
    const auto a = rules.add();
    const auto b = rules.add();
    rules.begin(a, start);
    rules.begin(b, start);
    EXPECT_EQ(rules.end(a, task_end::error, start)->cancel_rest, mode == task_failure::cancel_rest);
    rules.cancel(task_state::cancelled);
    EXPECT_FALSE(rules.end(b, task_end::error, start)->cancel_rest);
    EXPECT_EQ(rules.first_failed(), a);
  }
}

TEST(task_rules, a_failure_is_first_to_end_but_not_first_done) {
  task_rules rules(task_failure::collect);
  for (int i = 0; i < 3; ++i) rules.begin(rules.add(), start);
  EXPECT_FALSE(rules.wait(task_wait::first_done).cancel_rest);
  EXPECT_FALSE(rules.end(1, task_end::error, start)->cancel_rest);
  EXPECT_TRUE(rules.end(2, task_end::value, start)->cancel_rest);
  EXPECT_EQ(rules.first(task_wait::first), 1u);
  EXPECT_EQ(rules.first(task_wait::first_done), 2u);
  EXPECT_TRUE(rules.wait(task_wait::first).cancel_rest);
}

TEST(task_rules, random_histories_agree_with_a_plain_account) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    task_rules rules(dice() % 2 ? task_failure::collect : task_failure::cancel_rest);
    std::vector<task_state> seen;  // as last read
    std::vector<bool> left;
    bool cancelled = false;
    bool awaited = false;
    auto now = start;
    const auto is_end = [](task_state s) { return s != task_state::waiting && s != task_state::running; };
    const auto cancel = [&](task_state cause) {
      for (const auto which : rules.cancel(cause).never_begun) {
        EXPECT_EQ(seen[which], task_state::waiting);
        EXPECT_EQ(rules.state(which), cause);
      }
      if (!rules.sealed()) cancelled = true;
    };
    for (int step = 0; step < 60; ++step) {
      now += std::chrono::milliseconds(dice() % 5);
      const auto which = seen.empty() ? 0 : dice() % seen.size();
      switch (dice() % 8) {
        case 0:
          if (!rules.sealed()) seen.push_back(rules.state(rules.add())), left.push_back(false);
          break;
        case 1:
        case 2:
          if (!seen.empty()) {
            EXPECT_EQ(rules.begin(which, now), seen[which] == task_state::waiting);
          }
          break;
        case 3:
        case 4:
          if (!seen.empty() && seen[which] == task_state::running) {
            constexpr task_end ways[] = {task_end::value, task_end::returned, task_end::error, task_end::gave_up,
                                         task_end::lost};
            const auto end = rules.end(which, ways[dice() % 5], now);
            EXPECT_TRUE(end && is_end(end->state));
            if (end->cancel_rest) {
              EXPECT_FALSE(cancelled);
              cancel(task_state::cancelled);
            }
          }
          break;
        case 5:
          if (!seen.empty() && is_end(seen[which]) && !left[which]) {
            left[which] = true;
            const bool last = std::ranges::find(left, false) == left.end();
            EXPECT_EQ(rules.leave(), awaited && last);
          }
          break;
        case 6:
          if (dice() % 4 == 0) cancel(dice() % 2 ? task_state::cancelled : task_state::timed_out);
          break;
        default:
          if (dice() % 4 == 0) {
            awaited = true;
            const auto result = rules.wait(static_cast<task_wait>(dice() % 3));
            EXPECT_EQ(result.over, std::ranges::find(left, false) == left.end());
            if (result.cancel_rest) cancel(task_state::cancelled);
          }
      }
      for (std::size_t i = 0; i < seen.size(); ++i) {
        if (is_end(seen[i])) {
          EXPECT_EQ(rules.state(i), seen[i]) << "an end changed";
        }
        seen[i] = rules.state(i);
        if (cancelled) {
          EXPECT_NE(seen[i], task_state::waiting);
        }
      }
      EXPECT_EQ(rules.live(), static_cast<std::size_t>(std::ranges::count(left, false)));
      if (rules.sealed()) {
        EXPECT_EQ(rules.live(), 0u);
      }
    }
  }
}

}  // namespace
}  // namespace penstock
