#include "penstock/core/drain_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1h};
constexpr duration no_limit = duration::max();

TEST(drain_rules, a_run_that_nobody_asked_to_end_completes) {
  const drain_rules rules;
  EXPECT_EQ(rules.phase(), run_phase::running);
  EXPECT_EQ(rules.reason(), stop_reason::none);
  EXPECT_EQ(rules.ended(), end_state::completed);
}

TEST(drain_rules, a_stop_without_a_limit_needs_no_alarm) {
  drain_rules rules;
  const auto verdict = rules.on_stop(start, no_limit);
  EXPECT_TRUE(verdict.changed);
  EXPECT_EQ(verdict.alarm, never);
  EXPECT_EQ(rules.phase(), run_phase::stopping);
  EXPECT_EQ(rules.ended(), end_state::stopped);
}

TEST(drain_rules, a_drain_that_takes_too_long_becomes_a_cancel_by_the_clock) {
  drain_rules rules;
  EXPECT_EQ(rules.on_stop(start, 2s).alarm, start + 2s);
  EXPECT_FALSE(rules.on_alarm(start + 2s - 1ns).changed);
  EXPECT_TRUE(rules.on_alarm(start + 2s).changed);
  EXPECT_EQ(rules.phase(), run_phase::cancelling);
  EXPECT_EQ(rules.reason(), stop_reason::deadline);
  EXPECT_EQ(rules.ended(), end_state::cancelled);
}

TEST(drain_rules, a_second_stop_may_bring_the_alarm_nearer_but_never_further) {
  drain_rules rules;
  rules.on_stop(start, 10s);
  const auto nearer = rules.on_stop(start + 1s, 2s);
  EXPECT_FALSE(nearer.changed);
  EXPECT_EQ(nearer.alarm, start + 3s);
  EXPECT_EQ(rules.on_stop(start + 1s, 1h).alarm, never);
  EXPECT_EQ(rules.on_stop(start + 1s, no_limit).alarm, never);
  EXPECT_TRUE(rules.on_alarm(start + 3s).changed);
}

TEST(drain_rules, a_limit_of_nothing_rings_at_once) {
  drain_rules rules;
  EXPECT_EQ(rules.on_stop(start, 0s).alarm, start);
  EXPECT_TRUE(rules.on_alarm(start).changed);
}

TEST(drain_rules, an_alarm_without_a_stop_or_after_a_cancel_has_no_effect) {
  drain_rules rules;
  EXPECT_FALSE(rules.on_alarm(never).changed);
  rules.on_stop(start, 2s);
  rules.on_cancel();
  EXPECT_FALSE(rules.on_alarm(start + 2s).changed);
  EXPECT_EQ(rules.reason(), stop_reason::cancel);
}

TEST(drain_rules, a_late_failure_lets_what_was_accepted_finish) {
  drain_rules rules;
  rules.on_late_failure();
  EXPECT_EQ(rules.phase(), run_phase::running);
  EXPECT_EQ(rules.ended(), end_state::failed);
}

// Every sequence of up to five requests, against the precedence in one line: failed > cancelled > stopped > completed.
enum class request { stop, drain, cancel, failure, late_failure, alarm };
constexpr std::array all_requests{request::stop,    request::drain,        request::cancel,
                                  request::failure, request::late_failure, request::alarm};
constexpr std::array words{"stop", "drain", "cancel", "failure", "late failure", "alarm"};

void check_sequence(const std::vector<request>& sequence) {
  drain_rules rules;
  bool stopped = false;
  bool drained = false;
  bool cancelled = false;
  bool failed = false;
  std::string text;
  for (const auto r : sequence) {
    text += std::string(text.empty() ? "" : ", ") + words[static_cast<std::size_t>(r)];
    SCOPED_TRACE(text);
    const auto phase_before = rules.phase();
    const auto reason_before = rules.reason();
    drain_rules::verdict verdict;
    switch (r) {
      case request::stop:
        verdict = rules.on_stop(start, no_limit);
        stopped = true;
        break;
      case request::drain:
        verdict = rules.on_stop(start, 1s);
        EXPECT_EQ(verdict.alarm, cancelled || drained ? never : start + 1s);
        drained = stopped = true;
        break;
      case request::cancel:
        verdict = rules.on_cancel();
        cancelled = true;
        break;
      case request::failure:
        verdict = rules.on_cancel(stop_reason::failure);
        cancelled = failed = true;
        break;
      case request::late_failure:
        rules.on_late_failure();
        failed = true;
        break;
      case request::alarm:
        verdict = rules.on_alarm(start + 1s);
        cancelled = cancelled || drained;
        break;
    }
    EXPECT_GE(rules.phase(), phase_before) << "the phase only goes up";
    EXPECT_EQ(verdict.changed, rules.phase() != phase_before);
    EXPECT_TRUE(verdict.changed || rules.reason() == reason_before) << "the reason is that of the phase";
    EXPECT_EQ(rules.phase(), cancelled ? run_phase::cancelling : stopped ? run_phase::stopping : run_phase::running);
    EXPECT_EQ(rules.ended(), failed      ? end_state::failed
                             : cancelled ? end_state::cancelled
                             : stopped   ? end_state::stopped
                                         : end_state::completed);
  }
}

void check_all_that_begin_with(std::vector<request>& sequence, std::size_t longest) {
  check_sequence(sequence);
  if (sequence.size() == longest) return;
  for (const auto r : all_requests) {
    sequence.push_back(r);
    check_all_that_begin_with(sequence, longest);
    sequence.pop_back();
  }
}

TEST(drain_rules, whatever_is_asked_in_whatever_order_the_worst_word_wins) {
  std::vector<request> sequence;
  check_all_that_begin_with(sequence, 5);
}

TEST(drain_rules, every_end_state_has_its_word) {
  EXPECT_STREQ(to_string(end_state::completed), "completed");
  EXPECT_STREQ(to_string(end_state::stopped), "stopped");
  EXPECT_STREQ(to_string(end_state::cancelled), "cancelled");
  EXPECT_STREQ(to_string(end_state::failed), "failed");
}

}  // namespace
}  // namespace penstock
