// What the workers of a run ask of it; implemented by the runtime.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <utility>

#include <penstock/base/clock.hpp>
#include <penstock/body/context.hpp>
#include <penstock/core/drain_rules.hpp>
#include <penstock/flow/actor.hpp>
#include <penstock/flow/population.hpp>

namespace penstock::flow {

/// The item number of an error that belongs to no item.
inline constexpr std::uint64_t no_item = std::numeric_limits<std::uint64_t>::max();

/// What an error does to the run.
enum class error_effect : std::uint8_t {
  tolerated,      ///< the stage goes on
  ends_run,       ///< the run is cancelled and ends as failed
  fails_at_last,  ///< what was accepted is still processed; then the run ends as failed
};

class run_services : public run_control {
 public:
  /// What workers should do now; looked at per item. Relaxed: a worker may be one item late, and whoever changes the
  /// phase also notifies every worker, which orders it.
  [[nodiscard]] run_phase phase() const noexcept { return phase_.load(std::memory_order_relaxed); }

  /// How many items there are, if that is bounded.
  [[nodiscard]] population& items() noexcept { return items_; }

  /// A body threw, or a source broke.
  virtual void record_error(std::size_t stage, std::uint64_t item, std::exception_ptr error,
                            error_effect effect) noexcept = 0;

  [[nodiscard]] virtual time_point now() const noexcept = 0;

  /// Notifies `a` at `when`, replacing what was asked for it before; `never` takes it back. A worker takes it back
  /// before it leaves.
  virtual void notify_at(actor& a, time_point when) noexcept = 0;

  /// The run stays as it is while somebody is inside: every worker until it has left its stage, every actor that is
  /// queued or active, and whoever else touches actors. Only for those who know that somebody is inside.
  void enter() noexcept { inside_.fetch_add(1, std::memory_order_relaxed); }

  /// The same for those who do not know. False: the run has ended, or is about to.
  [[nodiscard]] bool try_enter() noexcept {
    auto count = inside_.load(std::memory_order_relaxed);
    while (count != 0 && !inside_.compare_exchange_weak(count, count + 1, std::memory_order_relaxed)) {
    }
    return count != 0;
  }

  /// The last one to leave ends the run. Afterwards the run must not be touched.
  void leave() noexcept {
    // acq_rel: everything done inside happens before the end of the run.
    if (inside_.fetch_sub(1, std::memory_order_acq_rel) == 1) everybody_left();
  }

 protected:
  ~run_services() = default;

  /// Called once, by the last one inside.
  virtual void everybody_left() noexcept = 0;

  /// Before anything is started.
  void begin_with(std::size_t inside) noexcept { inside_.store(inside, std::memory_order_relaxed); }

  std::atomic<run_phase> phase_{run_phase::running};
  population items_;

 private:
  alignas(64) std::atomic<std::size_t> inside_{0};
};

/// The run whose worker is active on this thread; null outside of activations.
inline thread_local const run_services* run_of_this_thread = nullptr;

inline bool actor::notify() noexcept {
  if (!word_.notify()) return false;
  run_->enter();
  home_->enqueue(*this);
  return true;
}

inline bool actor::notify(turn& t) noexcept {
  if (!word_.notify()) return false;
  run_->enter();
  if (t.on == home_ && t.next == nullptr) {
    t.next = this;
  } else {
    home_->enqueue(*this);
  }
  return true;
}

/// One activation of `a`, whose notice the caller holds. True: it must run again, the notice is the caller's still.
/// False: the caller calls `leave` of `a`'s run once it does not need `a` any more.
[[nodiscard]] inline bool activate_once(actor& a, turn& t) noexcept {
  const auto* const outer = std::exchange(run_of_this_thread, &a.run());
  a.word().begin();
  const auto result = a.activate(t);
  run_of_this_thread = outer;
  if (result == step::again) return true;
  if (result == step::idle) return !a.word().end();
  // The word stays as it is: nobody will ever win a notice of this actor again. Its worker leaves, and the caller after
  // it.
  a.run().leave();
  return false;
}

}  // namespace penstock::flow
