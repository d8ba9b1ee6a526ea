// What each thread that runs actors has of its own, and how others may touch it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <shared_mutex>

#include "runtime/cpu_workers.hpp"

namespace penstock::detail {

/// What a thread that runs actors has of its own.
struct cpu_workers::worker {
  // For the thread alone.
  std::uint32_t takes = 0;
  bool working = false;  ///< it will come back to its own list soon
  // Guarded by the pool's lock.
  std::condition_variable wake;
  bool woken = false;
  // Guarded by list_lock.
  small_lock list_lock;
  actor_list own;
  std::atomic<bool> has_own{false};

  /// The actor in activation, with the lowest bit set while the timekeeper looks after it.
  alignas(64) std::atomic<std::uintptr_t> active{0};
  std::atomic<std::uint64_t> activations{0};
  // For the timekeeper alone.
  std::uint64_t seen = 0;

  void begin(const flow::actor& a) noexcept {
    activations.store(activations.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    active.store(reinterpret_cast<std::uintptr_t>(&a), std::memory_order_release);
  }

  /// Until this returns the actor must live; afterwards the timekeeper does not know it any more.
  void end() noexcept {
    auto now = active.load(std::memory_order_relaxed);
    while ((now & 1U) != 0 || !active.compare_exchange_weak(now, 0, std::memory_order_acq_rel)) {
      pause_briefly();
      now = active.load(std::memory_order_acquire);
    }
  }

  void push_own(flow::actor& a) noexcept {
    const std::lock_guard lock(list_lock);
    own.push_back(a);
    has_own.store(true, std::memory_order_relaxed);
  }

  flow::actor* pop_own() noexcept {
    if (!has_own.load(std::memory_order_relaxed)) return nullptr;
    const std::lock_guard lock(list_lock);
    auto* a = own.pop_front();
    has_own.store(!own.empty(), std::memory_order_relaxed);
    return a;
  }
};

/// A worker that waits inside a body for an inner run.
struct cpu_workers::helper {
  const flow::run_services* run;
  std::condition_variable wake;
  bool woken = false;
};

/// What tasks in a borrowed arena share with us.
struct cpu_workers::lease {
  std::shared_mutex lock;
  cpu_workers* pool = nullptr;  ///< null: gone; guarded by lock
};

/// The pool whose actors this thread runs, and its `worker` there; null: none.
inline thread_local cpu_workers* pool_of_this_thread = nullptr;
inline thread_local void* worker_of_this_thread = nullptr;

}  // namespace penstock::detail
