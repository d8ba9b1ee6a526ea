// Live counters of one worker: written by one thread at a time, read by anybody, once per batch and not per item.
#pragma once

#include <atomic>
#include <cstdint>

#include <penstock/base/clock.hpp>
#include <penstock/core/ledger.hpp>

namespace penstock::flow {

/// A number with one writer. Relaxed: a reader wants a recent value, not an order; the final report is read after the
/// run's end, which orders everything.
class counter {
 public:
  void add(std::uint64_t n) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// On a cache line of its own, so that two workers of a stage do not write the same one.
struct alignas(64) tally {
  counter in, emitted, done, failed, dropped, retried, letters_lost;
  counter busy;     ///< nanoseconds in activations that did something
  counter starved;  ///< nanoseconds parked for want of input
  counter blocked;  ///< nanoseconds parked for want of room

  [[nodiscard]] stage_counts counts() const noexcept {
    return {in.get(), emitted.get(), done.get(), failed.get(), dropped.get(), retried.get(), letters_lost.get()};
  }
};

}  // namespace penstock::flow
