// What happened in a run, stage by stage and edge by edge.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <string>
#include <vector>

#include <penstock/base/clock.hpp>
#include <penstock/core/activity.hpp>
#include <penstock/core/drain_rules.hpp>
#include <penstock/core/ledger.hpp>

namespace penstock {

/// An exception of a body, as kept in the report.
struct stage_error {
  std::string stage;
  std::uint64_t item = 0;  ///< the number of the item in its stage, from 0
  bool of_item = true;     ///< false: it came from `finish`, or from a gap between items
  std::exception_ptr error;
  std::string message;
};

struct stage_report : stage_counts {
  std::string name;
  std::string kind;
  std::size_t workers = 1;
  duration busy{};     ///< in bodies and in moving items, summed over workers; for an async stage the time that bodies
                       ///< were under way
  duration starved{};  ///< workers parked for want of input
  duration blocked{};  ///< workers parked for want of room

  // Of a run that goes on, now.
  activity doing = activity::left;
  std::size_t under_way = 0;  ///< bodies; for a plain stage the workers that have not come back from theirs
  duration longest{};         ///< how long the first of them has been
};

struct edge_report : edge_counts {
  std::string from;
  std::string to;
  std::size_t capacity = 0;
  std::size_t size = 0;           ///< items on it now
  std::size_t peak = 0;           ///< the most that were on it
  std::uint64_t most_weight = 0;  ///< what they may weigh together; 0, like the two below: they are not weighed
  std::uint64_t weight = 0;       ///< what they weigh now
  std::uint64_t peak_weight = 0;  ///< the most that they weighed; beyond `most_weight` only if one item alone did
};

/// A plain value. Of a run that goes on it is a snapshot, whose parts were not read at the same instant; of a run that
/// has ended it is final, and the numbers add up (`balanced`).
class [[nodiscard]] report {
 public:
  std::string pipeline;
  bool ended = false;
  end_state outcome = end_state::completed;  ///< meaningful when ended
  bool stop_requested = false;
  stop_reason reason = stop_reason::none;  ///< of the first request to end, or what it escalated to
  duration elapsed{};
  std::vector<stage_report> stages;
  std::vector<edge_report> edges;    ///< in the order of the stages they lead to; without branches, edge i leads to
                                     ///< stage i + 1
  std::vector<stage_error> errors;   ///< the first 100 of each stage, in the order they came
  std::exception_ptr first_failure;  ///< what failed the run, if something did

  /// True when the run has ended as completed.
  [[nodiscard]] bool ok() const noexcept { return ended && outcome == end_state::completed; }

  [[nodiscard]] end_state state() const noexcept { return outcome; }

  /// Throws what failed the run, unchanged; does nothing otherwise.
  void rethrow() const {
    if (first_failure) std::rethrow_exception(first_failure);
  }

  /// The stage of that name; throws `std::out_of_range` if there is none.
  [[nodiscard]] const stage_report& stage(const std::string& name) const;

  /// True when every item is accounted for: each stage's `in = done + failed + dropped`, each edge's
  /// `emitted = taken + dropped`, what a stage emitted is what the edges from it got, and what came into it is what was
  /// taken from the edges to it.
  [[nodiscard]] bool balanced() const noexcept;

  /// Items dropped anywhere.
  [[nodiscard]] std::uint64_t dropped() const noexcept;

  /// The same as one JSON object (durations in seconds).
  [[nodiscard]] std::string json() const;
};

/// A line per stage, as a table.
std::ostream& operator<<(std::ostream& out, const report& r);

}  // namespace penstock
