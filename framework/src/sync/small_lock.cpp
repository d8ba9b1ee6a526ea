#include "penstock/sync/detail/small_lock.hpp"

#include <thread>

namespace penstock::detail {

void small_lock::lock_slowly() noexcept {
  constexpr int spins = 64;
  constexpr int yields = 16;
  for (int round = 0; round < spins + yields; ++round) {
    std::uint32_t seen = word_.load(std::memory_order_relaxed);
    if (seen == is_free &&
        word_.compare_exchange_weak(seen, held, std::memory_order_acquire, std::memory_order_relaxed))
      return;
    if (round < spins)
      pause_briefly();
    else
      std::this_thread::yield();
  }
  // From here on the word says that somebody may sleep, also when it was us who got the lock: one needless wake at
  // most.
  while (word_.exchange(held_with_sleepers, std::memory_order_acquire) != is_free)
    word_.wait(held_with_sleepers, std::memory_order_relaxed);
}

}  // namespace penstock::detail
