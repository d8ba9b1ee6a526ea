// The short, bounded patience before a thread registers as a waiter. Registering costs a wake of microseconds on both
// sides; most waits of a busy queue are over sooner.
#pragma once

#include <thread>

#include "penstock/sync/detail/small_lock.hpp"

namespace penstock::detail {

class back_off {
 public:
  /// Waits a little longer than the last time. False when patience has run out: register now.
  bool again() noexcept {
    if (round_ < spin_rounds) {
      for (int i = 0; i < (1 << round_); ++i) pause_briefly();
    } else if (round_ < spin_rounds + yield_rounds) {
      // With more threads than cores the other side needs this core.
      std::this_thread::yield();
    } else {
      return false;
    }
    ++round_;
    return true;
  }

 private:
  static constexpr int spin_rounds = 5;
  static constexpr int yield_rounds = 24;
  int round_ = 0;
};

}  // namespace penstock::detail
