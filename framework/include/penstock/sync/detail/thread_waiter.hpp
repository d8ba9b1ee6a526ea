// A thread that waits in a line: parked until somebody decided.
//
// It lives on the waiting thread's stack. Whoever decides signals under the mutex, so the thread cannot see the signal,
// return and take the waiter away while the signaller still uses it.
#pragma once

#include <condition_variable>
#include <mutex>

#include "penstock/base/clock.hpp"

namespace penstock::detail {

template <class Waiter>
class thread_waiter final : public Waiter {
 public:
  void complete() noexcept override {
    const std::lock_guard hold(mutex_);
    decided_ = true;
    signal_.notify_one();
  }

  /// Parks until decided.
  void wait() {
    std::unique_lock hold(mutex_);
    signal_.wait(hold, [this] { return decided_; });
  }

  /// Parks until decided or until `deadline`; true when decided.
  bool wait_until(time_point deadline) {
    std::unique_lock hold(mutex_);
    return signal_.wait_until(hold, deadline, [this] { return decided_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable signal_;
  bool decided_ = false;  // guarded by mutex_
};

}  // namespace penstock::detail
