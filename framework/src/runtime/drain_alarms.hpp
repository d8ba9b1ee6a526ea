// The alarms of drains. They have a thread of their own, for as long as a drain lasts: every worker may be in a body
// that waits for the very cancel which the alarm brings.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "penstock/base/clock.hpp"

namespace penstock::detail {

class run_core;

class drain_alarms {
 public:
  drain_alarms() = default;
  /// No run is left.
  ~drain_alarms();
  drain_alarms(const drain_alarms&) = delete;
  drain_alarms& operator=(const drain_alarms&) = delete;

  /// Calls `run.alarm_rings(when)` then; an earlier alarm of the run stays. Rings at once when there is no thread to be
  /// had: a drain that ends too soon is better than one that never ends.
  void set(run_core& run, time_point when) noexcept;

  /// The run has ended.
  void drop(const run_core& run) noexcept;

  /// `run` has ended: the thread is joined unless another drain needs it, or this is it.
  void join_surplus(const run_core& run) noexcept;

 private:
  struct alarm {
    std::weak_ptr<run_core> run;
    time_point when;
  };

  void live() noexcept;

  std::mutex lock_;
  std::condition_variable changed_;
  // Guarded by lock_.
  std::unordered_map<const run_core*, alarm> set_;
  std::thread thread_;
  bool alive_ = false;                 ///< the thread will look at `set_` again
  const run_core* ringing_ = nullptr;  ///< its alarm is being given
};

}  // namespace penstock::detail
