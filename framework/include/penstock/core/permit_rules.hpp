// The law of a shared limit, without thread, lock or clock: so many permits, first come, first served.
//
// Invariants, after every call:
//   1. 0 <= in_use <= permits; somebody waits only while all permits are in use
//   2. a permit given back while somebody waits is the first waiter's: it is never free in between, so nobody who comes
//      later can overtake
//   3. a waiter that has left the line has no permit; one that was decided has one
//
// Not safe for concurrent use. Nothing throws.
#pragma once

#include <cstddef>
#include <utility>

#include <penstock/core/waiter.hpp>

namespace penstock {

/// Waits for one permit.
class permit_waiter : public queue_waiter {
 public:
  bool granted = false;  ///< a permit is the waiter's

 protected:
  ~permit_waiter() = default;
};

class permit_rules {
 public:
  explicit permit_rules(std::size_t permits) noexcept : permits_(permits) {}

  /// True: in line. False: a permit was free, and is the waiter's.
  [[nodiscard]] bool line_up(permit_waiter& waiter) noexcept {
    waiter.granted = in_use_ < permits_;
    if (waiter.granted) {
      ++in_use_;
    } else {
      line_.push_back(waiter);
    }
    return !waiter.granted;
  }

  /// Leaves the line. False: it was decided before, and has a permit.
  [[nodiscard]] bool withdraw(permit_waiter& waiter) noexcept {
    if (!waiter.in_line()) return false;
    line_.remove(waiter);
    return true;
  }

  /// One permit less in use, or the first waiter's.
  void give_back(decided_waiters& decided) noexcept {
    if (queue_waiter* const first = line_.front()) {
      line_.remove(*first);
      static_cast<permit_waiter*>(first)->granted = true;
      decided.push_back(*first);
    } else {
      --in_use_;
    }
  }

  [[nodiscard]] std::size_t permits() const noexcept { return permits_; }
  [[nodiscard]] std::size_t in_use() const noexcept { return in_use_; }
  [[nodiscard]] std::size_t waiting() const noexcept { return line_.size(); }

 private:
  const std::size_t permits_;
  std::size_t in_use_ = 0;
  waiter_line line_;
};

}  // namespace penstock
