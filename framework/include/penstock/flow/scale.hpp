// What the items on an edge weigh together, and whether another one may join them.
//
// Items join in the order in which they are put and leave in the order in which they are taken, so their weights are
// kept in a line of their own: an item is weighed once, and what it turns into later changes nothing.
//
// Invariants, whenever the lock is free:
//   1. the weights in line add up to at most `most`, unless there is only one
//   2. an item waits only while there are others in line and it does not fit; so whoever takes the last one lets it in
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <penstock/core/ring.hpp>
#include <penstock/sync/detail/small_lock.hpp>

namespace penstock::flow {

class scale {
 public:
  /// `capacity`: of the edge. Throws `std::bad_alloc`.
  scale(std::uint64_t most, std::size_t capacity)
      // Those on the edge, and those that a reader has taken and not told of yet.
      : most_(most), line_(2 * capacity + 2) {}

  /// With the lock held: an item of this weight was put. True: it joins the others. False: it waits.
  [[nodiscard]] bool put(std::uint64_t weight) noexcept {
    if (fits(weight)) {
      join(weight);
      return true;
    }
    weight_waiting_ = weight;
    waiting_.store(true, std::memory_order_relaxed);
    return false;
  }

  /// With the lock held: `count` items were taken. True: the one that waited joins the others; publish it and say so
  /// with `let_in`.
  [[nodiscard]] bool take(std::size_t count) noexcept {
    auto left = weight();
    while (count-- > 0) line_.consume([&left](std::uint64_t&& weight) noexcept { left -= weight; });
    weight_.store(left, std::memory_order_relaxed);
    return waiting() && fits(weight_waiting_);
  }

  /// With the lock held.
  void let_in() noexcept {
    join(weight_waiting_);
    // Sequentially consistent, like the flag of producers who wait: they raise it and then look here, we do this and
    // then look at the flag.
    waiting_.store(false, std::memory_order_seq_cst);
  }

  /// An item was put and is not on the edge yet. While this is so, nobody puts another.
  [[nodiscard]] bool waiting() const noexcept { return waiting_.load(std::memory_order_seq_cst); }

  [[nodiscard]] std::uint64_t most() const noexcept { return most_; }
  [[nodiscard]] std::uint64_t weight() const noexcept { return weight_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t peak() const noexcept { return peak_.load(std::memory_order_relaxed); }

  penstock::detail::small_lock lock;

 private:
  [[nodiscard]] bool fits(std::uint64_t weight) const noexcept {
    const auto there = this->weight();
    return line_.empty() || (there <= most_ && weight <= most_ - there);
  }

  void join(std::uint64_t weight) noexcept {
    line_.push(std::uint64_t{weight});
    const auto now = this->weight() + weight;
    weight_.store(now, std::memory_order_relaxed);
    peak_.store(std::max(peak(), now), std::memory_order_relaxed);
  }

  const std::uint64_t most_;

  // Written under the lock; read by anybody.
  std::atomic<bool> waiting_{false};
  std::atomic<std::uint64_t> weight_{0};
  std::atomic<std::uint64_t> peak_{0};

  // Guarded by the lock.
  std::uint64_t weight_waiting_ = 0;
  ring<std::uint64_t> line_;
};

/// What an item weighs, whatever its type.
template <class Cell>
class weigher {
 public:
  [[nodiscard]] virtual std::uint64_t weigh(Cell& item) const noexcept = 0;

 protected:
  ~weigher() = default;
};

}  // namespace penstock::flow
