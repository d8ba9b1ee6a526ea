// The parked worker that keeps the time: it fires deadlines, and looks after activations that have become long.
#include <algorithm>
#include <utility>

#include "runtime/cpu_worker.hpp"

namespace penstock::detail {

namespace {

using namespace std::chrono_literals;

// After this time an activation counts as long.
constexpr duration long_activation = 2ms;

}  // namespace

void cpu_workers::keep_time(std::unique_lock<std::mutex>& lock, worker& w) {
  timekeeper_ = &w;
  const auto due = deadlines_.next();
  // While others work or are about to, and for one round after, this thread looks at them now and then; then it sleeps
  // until told. Who was woken and has not begun yet is no longer in `parked_`: its work must not go unwatched.
  const bool watch = others_were_busy() || parked_.size() < own_ || lent_ > 0;
  watch_asleep_ = !watch;
  const auto until = watch ? std::min(due, after(clock::now(), long_activation)) : due;
  if (until == never) {
    w.wake.wait(lock);
  } else if (w.wake.wait_until(lock, until) == std::cv_status::timeout) {
    lock.unlock();
    fire_due(clock::now());
    if (watch) look_after_long_activations();
    lock.lock();
  }
  watch_asleep_ = false;
  timekeeper_ = nullptr;
}

bool cpu_workers::others_were_busy() noexcept {
  std::uint64_t all = 0;
  bool active = false;
  for (const auto& w : workers_) {
    all += w->activations.load(std::memory_order_relaxed);
    active = active || w->active.load(std::memory_order_relaxed) != 0;
  }
  return std::exchange(activations_seen_, all) != all || active;
}

void cpu_workers::look_after_long_activations() noexcept {
  for (auto& w : workers_) {
    const auto activation = w->activations.load(std::memory_order_relaxed);
    if (std::exchange(w->seen, activation) != activation) continue;
    auto active = w->active.load(std::memory_order_acquire);
    if (active == 0 || (active & 1U) != 0) continue;
    if (!w->active.compare_exchange_strong(active, active | 1U, std::memory_order_acq_rel)) continue;
    // The lowest bit of a pointer is free for the mark.
    reinterpret_cast<flow::actor*>(active)->nudge();  // NOLINT(performance-no-int-to-ptr)
    w->active.store(active, std::memory_order_release);
    share_own(*w);
  }
}

void cpu_workers::notify_at(flow::actor& a, time_point when) noexcept {
  const std::lock_guard lock(lock_);
  const auto before = deadlines_.next();
  deadlines_.set(a, when);
  const auto next = deadlines_.next();
  next_due_.store(next.time_since_epoch().count(), std::memory_order_relaxed);
  if (next < before) {
    if (timekeeper_ != nullptr) {
      timekeeper_->wake.notify_one();
    } else if (!parked_.empty()) {
      parked_.front()->wake.notify_one();
    } else {
      for (auto* h : helpers_) h->wake.notify_one();
    }
  }
}

void cpu_workers::fire_due(time_point now) noexcept {
  std::vector<flow::actor*> due;
  {
    const std::lock_guard lock(lock_);
    deadlines_.take_due(now, due);
    next_due_.store(deadlines_.next().time_since_epoch().count(), std::memory_order_relaxed);
    // An actor takes its deadline back before it leaves, so those found here are alive; being inside keeps them so.
    for (auto* a : due) a->run().enter();
  }
  for (auto* a : due) {
    auto& run = a->run();
    a->notify();
    run.leave();
  }
}

}  // namespace penstock::detail
