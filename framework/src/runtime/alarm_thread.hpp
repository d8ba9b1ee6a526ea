// Calls runs at times that they set. It has a thread of its own, for as long as a time is set: every worker may be in a
// body that waits for the very cancel which the alarm of a drain brings, or in one that hangs, which a watchdog tells.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "penstock/base/clock.hpp"

namespace penstock::detail {

class run_core;

class alarm_thread {
 public:
  /// What is called when it is time.
  using ring = void (run_core::*)(time_point) noexcept;

  explicit alarm_thread(ring what) noexcept : ring_(what) {}
  /// No run is left.
  ~alarm_thread();
  alarm_thread(const alarm_thread&) = delete;
  alarm_thread& operator=(const alarm_thread&) = delete;

  /// Rings `run` then; an earlier alarm of the run stays. Throws `std::system_error` when there is no thread to be had;
  /// then nothing is set for the run.
  void set(run_core& run, time_point when);

  /// The run has ended.
  void drop(const run_core& run) noexcept;

  /// `run` has ended: the thread is joined unless another run needs it, or this is it.
  void join_surplus(const run_core& run) noexcept;

 private:
  struct alarm {
    std::weak_ptr<run_core> run;
    time_point when;
  };

  void live() noexcept;

  const ring ring_;
  std::mutex lock_;
  std::condition_variable changed_;
  // Guarded by lock_.
  std::unordered_map<const run_core*, alarm> set_;
  std::thread thread_;
  bool alive_ = false;                 ///< the thread will look at `set_` again
  const run_core* ringing_ = nullptr;  ///< its alarm is being given
};

}  // namespace penstock::detail
