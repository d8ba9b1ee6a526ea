// The words that the stages' options share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <penstock/base/clock.hpp>
#include <penstock/body/error_policy.hpp>
#include <penstock/core/queue_rules.hpp>
#include <penstock/core/retry_rules.hpp>
#include <penstock/core/token_bucket.hpp>

namespace penstock {

/// Whether the results of a stage with several workers leave in the order in which its items came.
enum class order : std::uint8_t {
  any,   ///< as they are ready: nothing waits for a slower neighbour
  kept,  ///< in input order: a slow item holds back those after it, at most `window` of them
};

/// Where a plain body runs.
enum class place : std::uint8_t {
  cpu,       ///< on the runtime's CPU workers; must not block
  blocking,  ///< on a thread of its own per worker; may block (files, SQLite)
};

/// Items that an edge holds unless told otherwise. More smooths unequal stages and costs memory and cache; fewer keeps
/// items young and makes a slow stage felt sooner.
inline constexpr std::size_t default_capacity = 1024;

/// What a stage is, beside its body: filled from the options of its kind, checked and printed by the pipeline.
struct stage_description {
  std::string name;
  const char* kind = "";
  std::size_t workers = 1;
  std::size_t capacity = default_capacity;  ///< of the edge before the stage
  order ordering = order::any;
  std::size_t window = 0;  ///< of an ordered stage, in items; 0: chosen from workers and capacity
  place where = place::cpu;
  error_policy on_error = fail_fast;
  bool async = false;
  bool is_producer = false;
  bool is_consumer = false;
  bool one_worker_only = false;          ///< several workers make no sense
  std::size_t count = 0;                 ///< of a batch
  duration within = duration::max();     ///< of a batch
  rate at_most{};                        ///< of a throttle
  std::size_t burst = 0;                 ///< of a throttle
  std::size_t first = 0;                 ///< of a take: how many pass
  std::size_t resequences = 0;           ///< of a resequence: how many wait for their turn, at most
  std::vector<overflow> branches{};      ///< of a tee, a route or a merge: what each does when it is full
  std::optional<retry_options> retry{};  ///< of a body under retry
  bool dead_letters = false;             ///< of a body with a dead_letter queue
  std::string shared_limit{};            ///< the name of the limit that a body is under
  duration limit = duration::max();      ///< of an item in an async stage
  std::string item_type{};               ///< what the stage emits

  /// Of what is on the edge before the stage; none: it is not weighed.
  std::optional<std::uint64_t> most_weight{};

  /// The window in force.
  [[nodiscard]] std::size_t window_in_force() const noexcept {
    if (ordering != order::kept || workers < 2 || is_consumer) return 0;
    if (window != 0) return window;
    return capacity > 2 * workers ? capacity : 2 * workers;
  }

  /// The most items that the stage keeps until more come, for however long that takes.
  [[nodiscard]] std::size_t withholds() const noexcept {
    if (resequences > 0) return resequences;
    return count > 0 && within == duration::max() ? count - 1 : 0;
  }

  /// The most items that the stage itself holds.
  [[nodiscard]] std::size_t holds() const noexcept {
    if (count > 0) return count - 1;
    if (resequences > 0) return resequences;
    const auto ahead = window_in_force();
    return ahead > 0 ? ahead : workers;
  }
};

}  // namespace penstock
