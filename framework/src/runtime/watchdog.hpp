// Decides whether a run is stuck, and why. Looks at counters that are there anyhow; time is an argument.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "penstock/base/clock.hpp"
#include "penstock/flow/stage_maker.hpp"
#include "penstock/pipeline/stall.hpp"
#include "runtime/context_probe.hpp"
#include "runtime/edge_of_run.hpp"
#include "runtime/machine.hpp"

namespace penstock::detail {

/// Of one thread at a time, which is inside the run while it looks.
///
/// Nothing has moved when no counter of a stage or of an edge has, no body has begun, and nobody has asked the run to
/// end. A stage that pauses until a time is no stall, whatever that time is, unless a body is under way, or somebody
/// else's thread is missing; and the count begins anew when that time has come. Nothing is told before its time,
/// however sure it looks: what could wake a stage may be outside of the run, and not in sight.
class watchdog {
 public:
  using stages = std::vector<std::unique_ptr<flow::stage_instance>>;
  using edges = std::vector<edge_of_run>;

  watchdog(duration after, machine& runtime, const stages& of_run, time_point now);

  /// The cause, when there is a stall that was not told yet; it counts as told then.
  [[nodiscard]] std::optional<stall_cause> look(time_point now, run_phase phase, const stages& s, const edges& e);

  /// How long nothing had moved at the last look.
  [[nodiscard]] duration quiet() const noexcept { return quiet_; }

  /// Until the next look.
  [[nodiscard]] duration period() const noexcept { return period_; }

  /// A stall was told, and nothing had moved since then at the last look.
  [[nodiscard]] bool has_told() const noexcept { return told_; }

 private:
  struct picture;
  [[nodiscard]] picture take(time_point now, run_phase phase, const stages& s, const edges& e) const noexcept;
  [[nodiscard]] stall_cause cause_of(const picture& p) const noexcept;

  const duration after_;
  const duration period_;
  machine& runtime_;
  std::unique_ptr<context_probe> probe_;  ///< of a borrowed context that the run needs; null: there is none

  std::uint64_t seen_ = 0;  ///< a digest of what had moved
  time_point moved_at_;     ///< when that was first seen
  time_point excused_until_;
  stall_cause cause_ = stall_cause::all_idle;  ///< at the last look
  time_point cause_since_;                     ///< when it was seen first
  duration quiet_{};
  bool told_ = false;
};

/// What is the case in a run that was told nothing of, such as one that a manual runtime finds stuck.
[[nodiscard]] stall_cause stall_cause_of(machine& runtime, time_point now, const watchdog::stages& s,
                                         const watchdog::edges& e);

}  // namespace penstock::detail
