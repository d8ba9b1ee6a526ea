// A place in a line (of a queue, of a shared limit) for a slot of an async stage. Whoever decides puts the slot on a
// list and notifies the stage, which resumes it on its own strand.
#pragma once

#include <atomic>

#include <penstock/core/outcome.hpp>
#include <penstock/flow/actor.hpp>
#include <penstock/flow/resumer.hpp>
#include <penstock/flow/run_services.hpp>

namespace penstock::flow {

/// A slot whose wait was decided.
struct told_slot {
  resumer* sleep = nullptr;
  told_slot* next = nullptr;
};

/// Pushed to by any thread, emptied by the stage.
class told_slots {
 public:
  void push(told_slot& s) noexcept {
    s.next = last_.load(std::memory_order_relaxed);
    while (!last_.compare_exchange_weak(s.next, &s, std::memory_order_release, std::memory_order_relaxed)) {
    }
  }

  /// First told, first resumed.
  void resume_all() {
    told_slot* first = nullptr;
    for (auto* s = last_.exchange(nullptr, std::memory_order_acquire); s != nullptr;) {
      auto* const next = s->next;
      s->next = first;
      first = s;
      s = next;
    }
    while (first != nullptr) {
      auto& s = *first;
      first = s.next;  // once resumed, it may wait again
      s.sleep->resume();
    }
  }

 private:
  std::atomic<told_slot*> last_{nullptr};
};

/// `Waiter` is the kind of waiter that stands in that line.
template <class Waiter>
class waiting_slot final : public Waiter, public told_slot {
 public:
  waiting_slot(actor& stage, told_slots& told, resumer& sleep_of_slot) noexcept : stage_(stage), told_(told) {
    sleep = &sleep_of_slot;
  }

  /// True: in line, and the slot must go to sleep before it does anything else; it is resumed once decided. False:
  /// decided now.
  template <class State>
  [[nodiscard]] bool must_wait(State& line) {
    return waits_ = line.line_up(*this);
  }

  /// Resumed.
  void done() noexcept { waits_ = false; }

  /// True: it has left the line undecided, and whoever calls resumes the slot.
  template <class State>
  [[nodiscard]] bool leave_line(State& line) noexcept {
    return waits_ && line.withdraw(*this, state::cancelled);
  }

  void complete() noexcept override {
    // Once resumed, the stage may leave, and then only being inside keeps the run, and with it this, alive.
    auto& run = stage_.run();
    auto& stage = stage_;
    run.enter();
    told_.push(*this);
    stage.notify();
    run.leave();
  }

 private:
  actor& stage_;
  told_slots& told_;
  bool waits_ = false;  ///< touched on the strand only
};

}  // namespace penstock::flow
