// The state word of an actor: at most one activation at a time, and no notice is ever lost.
//
// Whoever changes something that an actor looks at publishes the change first and then calls `notify`. If the actor is
// running, the notice stays in the word and the activation is followed by another; so it cannot fall between the
// actor's last look and its going to sleep.
#pragma once

#include <atomic>
#include <cstdint>

namespace penstock::flow {

class notice_word {
 public:
  /// True: the actor was idle and the caller must see to it that it runs. Any thread; never waits.
  [[nodiscard]] bool notify() noexcept {
    // acq_rel: releases what the caller published to the activation that takes the notice; a read-modify-write even
    // when the bit is set already, so that this release is part of the sequence which that activation reads.
    return word_.fetch_or(pending, std::memory_order_acq_rel) == idle;
  }

  /// An activation begins: takes all notices given so far.
  void begin() noexcept { word_.exchange(running, std::memory_order_acq_rel); }

  /// An activation ends. False: a notice came meanwhile, and the caller must see to it that the actor runs again.
  [[nodiscard]] bool end() noexcept {
    auto expected = running;
    return word_.compare_exchange_strong(expected, idle, std::memory_order_acq_rel);
  }

  /// A hint for choosing whom to notify; may be out of date at once.
  [[nodiscard]] bool looks_idle() const noexcept { return word_.load(std::memory_order_relaxed) == idle; }

 private:
  // idle 0, queued 1 (pending), running 2, running and notified 3.
  static constexpr std::uint8_t idle = 0;
  static constexpr std::uint8_t pending = 1;
  static constexpr std::uint8_t running = 2;
  std::atomic<std::uint8_t> word_{idle};
};

}  // namespace penstock::flow
