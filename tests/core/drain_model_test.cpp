// How a run ends, against a list of all that was asked, and when.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <span>

#include "penstock/core/drain_rules.hpp"
#include "support/operations.hpp"

namespace penstock {
namespace {

using namespace penstock_tests;
using namespace std::chrono_literals;

void play(std::span<const operation> all, std::ostream& log) {
  drain_rules rules;
  bool stopped = false, cancelled = false, failed = false;
  time_point nearest = never;  // of all drains so far
  time_point now{1h};
  auto reason = stop_reason::none;
  const auto goes_up = [&](drain_rules::verdict said, bool up) { same("the phase went up", said.changed, up); };
  for (const auto& o : all) {
    switch (o.what % 6) {
      case 0:
      case 1: {
        const bool limited = o.what % 6 == 1;
        const duration within = limited ? duration(o.a * 1ms) : duration::max();
        log << (limited ? "drain " : "stop ") << static_cast<int>(o.a) << "\n";
        const auto said = rules.on_stop(now, within);
        goes_up(said, !stopped && !cancelled);
        if (cancelled) {
          demand(said.alarm == never, "nobody needs an alarm after a cancel");
          break;
        }
        if (!stopped) reason = stop_reason::stop;
        stopped = true;
        const auto at = limited ? now + within : never;
        demand(said.alarm == (at < nearest ? at : never),
               "an alarm is asked for where it comes nearer, and only there");
        nearest = std::min(nearest, at);
        break;
      }
      case 2:
      case 3: {
        const bool failure = o.what % 6 == 3;
        log << (failure ? "failure\n" : "cancel\n");
        const auto why = failure ? stop_reason::failure : stop_reason::cancel;
        goes_up(rules.on_cancel(why), !cancelled);
        if (!cancelled) reason = why;
        cancelled = true;
        failed = failed || failure;
        break;
      }
      case 4:
        log << "alarm\n";
        goes_up(rules.on_alarm(now), stopped && !cancelled && now >= nearest);
        if (stopped && !cancelled && now >= nearest) cancelled = true, reason = stop_reason::deadline;
        break;
      default:
        if (o.b % 8 == 0) {
          log << "late failure\n";
          rules.on_late_failure();
          failed = true;
        } else {
          log << static_cast<int>(o.a) << " ms pass\n";
          now += o.a * 1ms;
        }
    }
    demand(rules.phase() == (cancelled ? run_phase::cancelling
                             : stopped ? run_phase::stopping
                                       : run_phase::running),
           "the phase is the strongest that was asked for");
    demand(rules.reason() == reason, "the reason is that of the phase");
    demand(rules.ended() == (failed      ? end_state::failed
                             : cancelled ? end_state::cancelled
                             : stopped   ? end_state::stopped
                                         : end_state::completed),
           "the worst word wins");
  }
}

// Short ones, so that there is much before the first cancel.
TEST(drain_rules, agree_with_all_that_was_asked_on_random_sequences) { agree_on_random_operations(play, 5000, 12); }

}  // namespace
}  // namespace penstock
