// An actor is one worker of one stage: a plain object that is activated when there may be something to do, does a
// bounded amount of it, and returns. It never waits; a stage that cannot go on is parked, never a thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <penstock/base/clock.hpp>
#include <penstock/flow/notice_word.hpp>

namespace penstock::flow {

class actor;
class run_services;

/// Where actors run: the CPU workers, the I/O context, the blocking threads.
class executor {
 public:
  /// Sees to it that `a` is activated soon. The caller won `a`'s notice, so this happens once until the activation
  /// begins. Any thread; never waits; never activates inside the call.
  virtual void enqueue(actor& a) noexcept = 0;

 protected:
  ~executor() = default;
};

/// One activation, as seen by the actor.
struct turn {
  executor* on = nullptr;  ///< where the activation runs
  time_point began{};      ///< when it began
  actor* next = nullptr;   ///< who should run next on this thread, while its data is hot; null: nobody in particular
};

/// What an activation came to.
enum class step : std::uint8_t {
  idle,      ///< nothing to do until the next notice
  again,     ///< there is more to do; others may go first
  finished,  ///< the last activation: the worker has left its stage
};

class actor {
 public:
  actor(executor& home, run_services& run) noexcept : home_(&home), run_(&run) {}
  virtual ~actor() = default;
  actor(const actor&) = delete;
  actor& operator=(const actor&) = delete;

  /// Does a bounded amount of work. Only inside `begin`/`end` of the word.
  virtual step activate(turn& t) noexcept = 0;

  /// The activation under way takes long: gives the notices that it still owes to others, and what it holds of theirs.
  /// Any thread, while the run lives.
  virtual void nudge() noexcept = 0;

  /// Something changed that this actor looks at. True: it was idle and now will run. Any thread; never waits.
  bool notify() noexcept;

  /// The same from inside an activation: on the same executor the actor is run next on this thread if nobody else is.
  bool notify(turn& t) noexcept;

  [[nodiscard]] notice_word& word() noexcept { return word_; }
  [[nodiscard]] executor& home() const noexcept { return *home_; }
  [[nodiscard]] run_services& run() const noexcept { return *run_; }

  /// Nanoseconds that this actor's items have cost of late; 0: not known.
  [[nodiscard]] std::uint64_t cost() const noexcept { return cost_; }

  /// The worker has its hands full: it does not look at its input, so telling it of items is telling nobody. Relaxed:
  /// whoever wins its notice sees what its last activation left.
  [[nodiscard]] bool occupied() const noexcept { return occupied_.load(std::memory_order_relaxed); }

  actor* link = nullptr;  ///< for the ready list that the actor is on; touched by its executor only

  /// What `notify_at` was asked for last; `never`: nothing. Only to be looked at from outside, so relaxed.
  [[nodiscard]] time_point wakes_at() const noexcept {
    return time_point(duration(wakes_at_.load(std::memory_order_relaxed)));
  }
  void note_wakes_at(time_point when) noexcept {
    wakes_at_.store(when.time_since_epoch().count(), std::memory_order_relaxed);
  }

 protected:
  std::uint64_t cost_ = 0;             ///< written during activations only
  std::atomic<bool> occupied_{false};  ///< written during activations only

 private:
  executor* home_;
  run_services* run_;
  notice_word word_;
  std::atomic<duration::rep> wakes_at_{never.time_since_epoch().count()};
};

/// The actors on one side of an edge: the workers of one stage.
class party {
 public:
  party() = default;
  party(actor* const* first, std::size_t count) noexcept : first_(first), count_(count) {}

  /// A worker will look at the edge after this call, and at once if one is idle. If all look busy, all are told: any of
  /// them may be about to go idle, and any may be in a body that takes long.
  void wake_one(turn* t) const noexcept {
    for (std::size_t i = 0; count_ > 1 && i < count_; ++i) {
      auto& a = *first_[i];
      if (a.word().looks_idle() && !a.occupied() && wake(a, t) && !a.occupied()) return;
    }
    for (std::size_t i = 0; i < count_; ++i) {
      if (wake(*first_[i], t) && !first_[i]->occupied()) return;
    }
  }

  /// The worker of this number will look at what it shares with the others after this call.
  void wake_number(std::size_t which) const noexcept { first_[which]->notify(); }

  /// Every worker will look at the edge after this call.
  void wake_all(turn* t) const noexcept {
    for (std::size_t i = 0; i < count_; ++i) wake(*first_[i], t);
  }

 private:
  static bool wake(actor& a, turn* t) noexcept { return t != nullptr ? a.notify(*t) : a.notify(); }

  actor* const* first_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace penstock::flow
