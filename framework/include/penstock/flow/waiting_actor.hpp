// A place in a line (of a queue, of a shared limit) for an actor: the actor is parked, and notified when it is decided.
#pragma once

#include <atomic>

#include <penstock/core/outcome.hpp>
#include <penstock/flow/actor.hpp>
#include <penstock/flow/run_services.hpp>

namespace penstock::flow {

/// `Waiter` is the kind of waiter that stands in that line.
template <class Waiter>
class waiting_actor final : public Waiter {
 public:
  explicit waiting_actor(actor& whose) noexcept : actor_(whose) {}

  /// In line, or decided and not yet told: the actor must not leave.
  [[nodiscard]] bool waiting() const noexcept { return waiting_ && !told_.load(std::memory_order_acquire); }

  /// Told, and the result not yet looked at.
  [[nodiscard]] bool decided() const noexcept { return waiting_ && told_.load(std::memory_order_acquire); }

  template <class State>
  void line_up(State& queue) {
    told_.store(false, std::memory_order_relaxed);
    waiting_ = true;
    if (!queue.line_up(*this)) told_.store(true, std::memory_order_relaxed);
  }

  template <class State>
  void give_up(State& queue) noexcept {
    if (waiting() && queue.withdraw(*this, state::cancelled)) told_.store(true, std::memory_order_relaxed);
  }

  /// The result was looked at.
  void done() noexcept { waiting_ = false; }

  void complete() noexcept override {
    // Once the actor knows it may leave, and then only being inside keeps the run, and with it this, alive.
    auto& run = actor_.run();
    run.enter();
    told_.store(true, std::memory_order_release);
    actor_.notify();
    run.leave();
  }

 private:
  actor& actor_;
  std::atomic<bool> told_{false};
  bool waiting_ = false;
};

}  // namespace penstock::flow
