// A lock for critical sections of a few dozen nanoseconds.
//
// It spins briefly, gives up the processor a few times, then sleeps: with more threads than cores the holder may have
// been preempted, and spinning on would keep it from running. One word, no fairness, not recursive. Usable with
// `std::lock_guard`. Nothing is touched after the word says "free", so the woken may destroy the lock at once.
#pragma once

#include <atomic>
#include <cstdint>

namespace penstock::detail {

/// Tells the processor that this is a spin loop.
inline void pause_briefly() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

class small_lock {
 public:
  void lock() noexcept {
    std::uint32_t expected = is_free;
    // Acquire: pairs with the release in unlock, so that the guarded members are seen as the last holder left them.
    if (!word_.compare_exchange_strong(expected, held, std::memory_order_acquire, std::memory_order_relaxed))
      lock_slowly();
  }

  void unlock() noexcept {
    if (word_.exchange(is_free, std::memory_order_release) == held_with_sleepers) word_.notify_one();
  }

 private:
  void lock_slowly() noexcept;

  static constexpr std::uint32_t is_free = 0;
  static constexpr std::uint32_t held = 1;
  static constexpr std::uint32_t held_with_sleepers = 2;
  std::atomic<std::uint32_t> word_{is_free};
};

}  // namespace penstock::detail
