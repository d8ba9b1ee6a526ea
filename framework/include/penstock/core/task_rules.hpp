// The law of a group of tasks, without thread, lock, clock or I/O.
//
// A task is waiting, then running, then it has one of four ends; a cancel ends the waiting ones on the spot, so that no
// body begins after it. A task that has its end may still be cleaned up after: it has left when that is over too, and
// the waits for the group are over when all have left. That moment seals the group: nobody joins it any more.
//
// Invariants, after every call:
//   1. live = tasks added - tasks left; a task leaves once, after its end
//   2. a state that is an end never changes; the first cause of a cancel is kept
//   3. no task is waiting after a cancel
//   4. sealed implies live = 0, and nothing changes any more
//
// Not safe for concurrent use. Throws only `std::bad_alloc`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "penstock/base/clock.hpp"

namespace penstock {

/// Where a task stands.
enum class task_state : std::uint8_t {
  waiting,    ///< spawned; its executor has not come to it
  running,    ///< its body has begun
  done,       ///< ended with its value, also in spite of a cancel
  failed,     ///< its body threw something that a cancel does not explain
  cancelled,  ///< ended by a cancel, or its executor went away with it
  timed_out,  ///< ended by a cancel whose cause was the deadline of a wait
};

/// The word itself, for logs and tests.
constexpr const char* to_string(task_state value) noexcept {
  switch (value) {
    case task_state::waiting: return "waiting";
    case task_state::running: return "running";
    case task_state::done: return "done";
    case task_state::failed: return "failed";
    case task_state::cancelled: return "cancelled";
    case task_state::timed_out: return "timed_out";
  }
  return "?";
}

/// What the failure of one task means for the others.
enum class task_failure : std::uint8_t {
  collect,      ///< nothing: each task has a result of its own
  cancel_rest,  ///< the others are cancelled, and those that are spawned later never run
};

/// What a wait wants to see before the rest is cancelled. Every wait is over when all tasks have left.
enum class task_wait : std::uint8_t {
  all,         ///< every task
  first,       ///< one that is done or failed
  first_done,  ///< one that is done
};

/// How a body came to its end.
enum class task_end : std::uint8_t {
  value,     ///< it returned what was wanted of it
  returned,  ///< it returned nothing, and could see the cancel: after one it was cut short
  error,     ///< it threw
  gave_up,   ///< it threw an error that says "cancelled"
  lost,      ///< its executor went away with it
};

class task_rules {
 public:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  struct end_result {
    task_state state;
    duration took;     ///< since it began; zero if it never did
    bool cancel_rest;  ///< do call `cancel(task_state::cancelled)` next
  };

  explicit task_rules(task_failure on_failure) noexcept : on_failure_(on_failure) {}

  // ---- tasks ----

  /// The number of the new task. The group must not be sealed. A task of a group that was cancelled has its end at
  /// once.
  std::size_t add() {
    tasks_.push_back({cause_.value_or(task_state::waiting)});
    ++live_;
    return tasks_.size() - 1;
  }

  /// True: run its body. False: it has its end already.
  bool begin(std::size_t which, time_point now) noexcept {
    task& t = tasks_[which];
    if (t.state != task_state::waiting) return false;
    t.state = task_state::running;
    t.began = now;
    return true;
  }

  /// Nothing when it had its end before.
  std::optional<end_result> end(std::size_t which, task_end how, time_point now) noexcept {
    task& t = tasks_[which];
    if (ended(t.state)) return std::nullopt;
    if (t.state == task_state::running) t.took = now - t.began;
    t.state = state_after(how);
    const bool cancel_rest = note_end(which) && !cause_;
    return end_result{t.state, t.took, cancel_rest};
  }

  /// After its end: all that was its own is gone. True when this ended the waits.
  bool leave() noexcept {
    --live_;
    return seal_if_over();
  }

  // ---- the group ----

  struct cancelled_tasks {
    std::vector<std::size_t> never_begun;  ///< have their end now, and are to leave
    std::vector<std::size_t> running;      ///< are to be told
  };

  /// `cause`: `cancelled` or `timed_out`. The first call that comes in time counts, the others change nothing.
  cancelled_tasks cancel(task_state cause) {
    cancelled_tasks hit;
    if (cause_ || sealed_) return hit;
    for (std::size_t which = 0; which < tasks_.size(); ++which) {
      if (tasks_[which].state == task_state::waiting) hit.never_begun.push_back(which);
      if (tasks_[which].state == task_state::running) hit.running.push_back(which);
    }
    for (const std::size_t which : hit.never_begun) tasks_[which].state = cause;
    cause_ = cause;
    return hit;
  }

  struct wait_result {
    bool over;         ///< nothing to wait for
    bool cancel_rest;  ///< what it wants to see is there: do call `cancel(task_state::cancelled)` next
  };

  /// Somebody waits from now on, unless it is over at once.
  wait_result wait(task_wait what) noexcept {
    if (what == task_wait::first) wants_first_ = true;
    if (what == task_wait::first_done) wants_first_done_ = true;
    ++waits_;
    if (seal_if_over()) return {true, false};
    return {sealed_, !cause_ && first(what) != none};
  }

  /// One who waited has gone before it was over.
  void give_up_wait() noexcept { --waits_; }

  /// Nobody joins any more, whoever waits.
  void seal_when_empty() noexcept {
    ++waits_;
    seal_if_over();
  }

  [[nodiscard]] bool sealed() const noexcept { return sealed_; }
  [[nodiscard]] std::optional<task_state> cause() const noexcept { return cause_; }
  [[nodiscard]] std::size_t size() const noexcept { return tasks_.size(); }
  [[nodiscard]] std::size_t live() const noexcept { return live_; }
  [[nodiscard]] task_state state(std::size_t which) const noexcept { return tasks_[which].state; }
  /// So far, or in all.
  [[nodiscard]] duration took(std::size_t which, time_point now) const noexcept {
    const task& t = tasks_[which];
    return t.state == task_state::running ? now - t.began : t.took;
  }

  /// The task that was first to end so; `none` if there is none, and for `all`.
  [[nodiscard]] std::size_t first(task_wait what) const noexcept {
    if (what == task_wait::all) return none;
    return what == task_wait::first ? first_ : first_done_;
  }
  [[nodiscard]] std::size_t first_failed() const noexcept { return first_failed_; }

 private:
  struct task {
    task_state state;
    time_point began{};
    duration took{};
  };

  static bool ended(task_state state) noexcept { return state != task_state::waiting && state != task_state::running; }

  [[nodiscard]] task_state state_after(task_end how) const noexcept {
    switch (how) {
      case task_end::value: return task_state::done;
      case task_end::returned: return cause_.value_or(task_state::done);
      case task_end::error: return task_state::failed;
      case task_end::gave_up: return cause_.value_or(task_state::failed);
      case task_end::lost: return cause_.value_or(task_state::cancelled);
    }
    return task_state::failed;
  }

  /// True when it ends the rest.
  bool note_end(std::size_t which) noexcept {
    const task_state state = tasks_[which].state;
    const bool done = state == task_state::done;
    const bool failed = state == task_state::failed;
    if ((done || failed) && first_ == none) first_ = which;
    if (done && first_done_ == none) first_done_ = which;
    if (failed && first_failed_ == none) first_failed_ = which;
    return (failed && on_failure_ == task_failure::cancel_rest) || (wants_first_ && (done || failed)) ||
           (wants_first_done_ && done);
  }

  bool seal_if_over() noexcept {
    if (sealed_ || live_ > 0 || waits_ == 0) return false;
    sealed_ = true;
    return true;
  }

  const task_failure on_failure_;
  std::vector<task> tasks_;
  std::size_t live_ = 0;
  std::size_t waits_ = 0;
  std::size_t first_ = none;
  std::size_t first_done_ = none;
  std::size_t first_failed_ = none;
  std::optional<task_state> cause_;
  bool wants_first_ = false;
  bool wants_first_done_ = false;
  bool sealed_ = false;
};

}  // namespace penstock
