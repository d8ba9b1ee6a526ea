// How a run ends: what a stop, a cancel, a failure and the end of input add up to.
//
// A plain object: calls say what was asked and get back what to do next. It knows no thread and no clock.
#pragma once

#include <cstdint>

#include <penstock/base/clock.hpp>
#include <penstock/base/stop.hpp>

namespace penstock {

/// How a run ended; exactly one. A later word wins over an earlier one.
enum class end_state : std::uint8_t {
  completed,  ///< the input ended and everything was processed
  stopped,    ///< new input was refused on request; what had been accepted was processed
  cancelled,  ///< what was left when the cancel came was dropped and counted
  failed,     ///< a body threw and its stage did not tolerate that
};

constexpr const char* to_string(end_state state) noexcept {
  switch (state) {
    case end_state::completed: return "completed";
    case end_state::stopped: return "stopped";
    case end_state::cancelled: return "cancelled";
    case end_state::failed: return "failed";
  }
  return "?";
}

/// What stages should do now. Only ever goes up.
enum class run_phase : std::uint8_t {
  running,     ///< take input
  stopping,    ///< take no new input, finish what was accepted
  cancelling,  ///< drop what is left
};

class drain_rules {
 public:
  /// What the caller does next.
  struct verdict {
    bool changed = false;      ///< the phase went up: wake every stage
    time_point alarm = never;  ///< call `on_alarm` then, unless the run has ended; `never`: no (new) alarm
  };

  [[nodiscard]] run_phase phase() const noexcept { return phase_; }
  [[nodiscard]] stop_reason reason() const noexcept { return reason_; }

  /// A request to stop; what was accepted may take `within` before the stop becomes a cancel. A second stop may only
  /// bring the alarm nearer.
  verdict on_stop(time_point now, duration within) noexcept {
    verdict v;
    if (phase_ == run_phase::cancelling) return v;
    if (phase_ == run_phase::running) {
      phase_ = run_phase::stopping;
      reason_ = stop_reason::stop;
      v.changed = true;
    }
    const auto at = within == duration::max() ? never : after(now, within);
    if (at < alarm_) v.alarm = alarm_ = at;
    return v;
  }

  verdict on_cancel(stop_reason why = stop_reason::cancel) noexcept {
    verdict v;
    if (phase_ != run_phase::cancelling) {
      phase_ = run_phase::cancelling;
      reason_ = why;
      v.changed = true;
    }
    if (why == stop_reason::failure) failed_ = true;
    return v;
  }

  /// The run will end as failed, but what was accepted is still processed.
  void on_late_failure() noexcept { failed_ = true; }

  /// The alarm that `on_stop` asked for. An alarm that was overtaken by an earlier one has no effect.
  verdict on_alarm(time_point now) noexcept {
    if (phase_ != run_phase::stopping || now < alarm_) return {};
    return on_cancel(stop_reason::deadline);
  }

  /// The state of a run whose stages have all ended.
  [[nodiscard]] end_state ended() const noexcept {
    if (failed_) return end_state::failed;
    switch (phase_) {
      case run_phase::running: return end_state::completed;
      case run_phase::stopping: return end_state::stopped;
      case run_phase::cancelling: return end_state::cancelled;
    }
    return end_state::failed;
  }

 private:
  run_phase phase_ = run_phase::running;
  stop_reason reason_ = stop_reason::none;
  bool failed_ = false;
  time_point alarm_ = never;
};

}  // namespace penstock
