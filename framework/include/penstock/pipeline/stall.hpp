// A run that does not move: why, as far as it shows, and the picture of it.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include <penstock/base/clock.hpp>
#include <penstock/pipeline/report.hpp>

namespace penstock {

/// Why nothing moves. `sentence` says it in words.
enum class stall_cause : std::uint8_t {
  body_under_way,  ///< a body has not returned: it takes long, waits for something, or hangs
  no_input,  ///< a producer gives nothing: its queue is empty and open, or its body waits with nothing else inside
  output_not_taken,  ///< `into(queue)` waits: the queue is full, and nobody gets from it
  context_not_run,  ///< the `io_context` that the runtime borrowed does not answer: nobody runs it, or a handler blocks
                    ///< it
  arena_not_run,    ///< the oneTBB arena that the runtime borrowed begins none of the tasks that it was given
  workers_busy,     ///< stages are ready, and no worker comes to them: bodies of other runs have all
  all_idle,         ///< every stage is parked, and nothing that could wake one is in sight
};

const char* to_string(stall_cause cause) noexcept;

/// The cause as a sentence, without a full stop.
const char* sentence(stall_cause cause) noexcept;

/// What a watchdog tells. A plain value.
struct stall {
  stall_cause cause = stall_cause::all_idle;
  duration quiet{};         ///< for how long no item has moved
  penstock::report report;  ///< how things stand; `stage_report::doing` and `under_way` say who does what

  /// The pipeline as Graphviz DOT text, with what each stage does, its bodies under way, and the fill of each edge.
  [[nodiscard]] std::string dot() const;
};

/// The cause, then a line for each stage that has not left and each edge that is not empty.
std::ostream& operator<<(std::ostream& out, const stall& s);

/// Looks after a run, and tells when it does not move. Costs a thread of the runtime's, shared by all its runs that are
/// watched, while any of them lasts, and four looks at the run's counters in each `after`; nothing per item.
struct watchdog_options {
  duration after = std::chrono::minutes(1);  ///< how long no item moves before it is told, and up to a quarter more.
                                             ///< Longer than any body may take, or those are told; shorter tells
                                             ///< sooner. `duration::max()`: nobody looks
  std::function<void(const stall&)> on_stall = {};  ///< hears of each stall once, and of the next when something has
                                                    ///< moved since; on a thread of the runtime's own, never on a
                                                    ///< worker or a borrowed context. May cancel the run, must not wait
                                                    ///< for it, must not throw; the run does not end before it has
                                                    ///< returned. Null: nobody looks
};

}  // namespace penstock
