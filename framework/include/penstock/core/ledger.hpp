// The law of items, as numbers that must add up.
#pragma once

#include <cstdint>

namespace penstock {

/// What became of the items that a stage took. At any rest: `in = done + failed + dropped + in_flight()`.
struct stage_counts {
  std::uint64_t in = 0;            ///< items whose body was started
  std::uint64_t emitted = 0;       ///< items handed to the next edge
  std::uint64_t done = 0;          ///< items whose outcome left the stage
  std::uint64_t failed = 0;        ///< items whose body threw, skipped ones included
  std::uint64_t dropped = 0;       ///< items given up by a cancel, or because nobody takes them any more
  std::uint64_t retried = 0;       ///< further attempts; not items
  std::uint64_t letters_lost = 0;  ///< of the failed: their dead letters were not taken by the queue

  [[nodiscard]] constexpr std::uint64_t in_flight() const noexcept { return in - done - failed - dropped; }

  constexpr stage_counts& operator+=(const stage_counts& other) noexcept {
    in += other.in;
    emitted += other.emitted;
    done += other.done;
    failed += other.failed;
    dropped += other.dropped;
    retried += other.retried;
    letters_lost += other.letters_lost;
    return *this;
  }
};

/// What became of the items on an edge. At any rest: `emitted = taken + dropped + size`.
struct edge_counts {
  std::uint64_t emitted = 0;  ///< put on the edge by the stage before it
  std::uint64_t taken = 0;    ///< taken by the stage after it
  std::uint64_t dropped = 0;  ///< destroyed on the edge
};

/// True when a stage that has ended accounts for every item.
constexpr bool balanced(const stage_counts& counts) noexcept { return counts.in_flight() == 0; }

/// True when an edge that has ended accounts for every item.
constexpr bool balanced(const edge_counts& counts) noexcept { return counts.emitted == counts.taken + counts.dropped; }

}  // namespace penstock
