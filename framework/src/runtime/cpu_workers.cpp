#include "runtime/cpu_workers.hpp"

#include <oneapi/tbb/info.h>

#include <algorithm>
#include <utility>

#include "penstock/base/thread_role.hpp"
#include "runtime/cpu_worker.hpp"

namespace penstock::detail {

namespace {

// An item that costs less than this is handled sooner by the worker that made it than by another core that must first
// fetch its cache lines (about 0.1 µs each).
constexpr std::uint64_t cheap_ns = 60;
// Hops along `next` before the lists get their turn.
constexpr int most_hops = 64;
// How often a worker with a full list of its own looks at the common one.
constexpr std::uint32_t look_around_every = 32;
// Looks at the hint before parking: about 2 µs, less than a wake costs.
constexpr int looks_before_parking = 60;

}  // namespace

cpu_workers::cpu_workers(std::size_t count, tbb::task_arena* borrowed)
    : count_(borrowed != nullptr ? static_cast<std::size_t>(borrowed->max_concurrency()) : count),
      own_(borrowed != nullptr ? 1 : count),
      borrowed_(borrowed),
      next_due_(never.time_since_epoch().count()) {
  if (borrowed != nullptr) {
    lease_ = std::make_shared<lease>();
    lease_->pool = this;
  } else {
    // Slots reserved for our threads, and as many more as oneTBB has threads, for bodies that go parallel. Asking for
    // more than it has makes it print a warning.
    const auto slots = static_cast<int>(count);
    const int others = tbb::info::default_concurrency() - 1;
    arena_ = std::make_unique<tbb::task_arena>(slots + others, static_cast<unsigned>(slots));
  }
  for (std::size_t i = 0; i < own_; ++i) workers_.push_back(std::make_unique<worker>());
  for (std::size_t i = 0; borrowed != nullptr && i < count_; ++i) {
    workers_.push_back(std::make_unique<worker>());
    spare_.push_back(workers_.back().get());
  }
  try {
    for (std::size_t i = 0; i < own_; ++i) {
      threads_.emplace_back([this, &w = *workers_[i]] {
        if (arena_) {
          arena_->execute([&] { live(w); });
        } else {
          live(w);
        }
      });
    }
  } catch (...) {
    {
      const std::lock_guard lock(lock_);
      stopping_ = true;
      for (auto& w : workers_) {
        w->woken = true;
        w->wake.notify_one();
      }
    }
    for (auto& t : threads_) t.join();
    throw;
  }
}

cpu_workers::~cpu_workers() {
  {
    std::unique_lock lock(lock_);
    stopping_ = true;
    for (auto& w : workers_) {
      w->woken = true;
      w->wake.notify_one();
    }
  }
  for (auto& t : threads_) t.join();
  if (lease_) {
    const std::lock_guard hold(lease_->lock);
    lease_->pool = nullptr;
  }
}

bool cpu_workers::on_a_worker() const noexcept { return pool_of_this_thread == this; }

void cpu_workers::enqueue(flow::actor& a) noexcept {
  if (pool_of_this_thread == this && borrowed_ == nullptr && a.cost() != 0 && a.cost() < cheap_ns) {
    if (auto& w = *static_cast<worker*>(worker_of_this_thread); w.working) {
      w.push_own(a);
      return;
    }
  }
  share(a);
}

void cpu_workers::share(flow::actor& a) noexcept {
  std::unique_lock lock(lock_);
  ready_.push_back(a);
  some_ready_.store(true, std::memory_order_release);
  wake_for(lock, a.run());
}

void cpu_workers::share_own(worker& w) noexcept {
  if (!w.has_own.load(std::memory_order_relaxed)) return;
  std::unique_lock lock(lock_);
  {
    const std::lock_guard list(w.list_lock);
    ready_.splice(w.own);
    w.has_own.store(false, std::memory_order_relaxed);
  }
  if (ready_.empty()) return;
  some_ready_.store(true, std::memory_order_release);
  wake_parked();
}

void cpu_workers::wake_for(std::unique_lock<std::mutex>& lock, const flow::run_services& run) noexcept {
  for (auto* h : helpers_) {
    if (h->run == &run && !h->woken) {
      h->woken = true;
      h->wake.notify_one();
      return;
    }
  }
  if (borrowed_ == nullptr) {
    wake_parked();
  } else if (lent_ < count_) {
    ++lent_;
    wake_watch();
    lock.unlock();
    borrowed_->enqueue([lease = lease_] {
      // The pool may be gone by the time the arena comes to this.
      const std::shared_lock hold(lease->lock);
      if (lease->pool != nullptr) lease->pool->drain_for_arena();
    });
  }
}

void cpu_workers::wake_parked() noexcept {
  if (parked_.empty()) return;
  auto& w = *parked_.back();
  parked_.pop_back();
  w.woken = true;
  w.wake.notify_one();
  if (timekeeper_ != &w) wake_watch();
}

void cpu_workers::wake_watch() noexcept {
  if (!watch_asleep_ || timekeeper_ == nullptr) return;
  watch_asleep_ = false;
  timekeeper_->wake.notify_one();
}

void cpu_workers::live(worker& w) {
  const thread_role_scope role(thread_role::cpu_worker);
  pool_of_this_thread = this;
  worker_of_this_thread = &w;
  for (;;) {
    if (auto* a = borrowed_ == nullptr ? take(w) : nullptr) {
      work_on(w, *a);
    } else if (!park(w)) {
      break;
    }
  }
  worker_of_this_thread = nullptr;
  pool_of_this_thread = nullptr;
}

void cpu_workers::work_on(worker& w, flow::actor& first) {
  auto* a = &first;
  // Without the mark of the timekeeper, which may look at the outer activation right now: `end` waits until it is done.
  const auto outer_active = w.active.load(std::memory_order_relaxed) & ~std::uintptr_t{1};
  const bool outer_working = std::exchange(w.working, true);
  if (outer_active != 0) w.end();  // a nested run: the outer activation is parked here
  flow::turn t{this, a->run().now(), nullptr};
  for (int hops = 0; a != nullptr; ++hops) {
    // What waits on the own list must not wait for a body that takes long, or that nobody knows yet.
    if (a->cost() == 0 || a->cost() >= cheap_ns) share_own(w);
    w.begin(*a);
    auto& run = a->run();
    const bool again = flow::activate_once(*a, t);
    w.end();
    auto* next = std::exchange(t.next, nullptr);
    if (again && next == nullptr && hops < most_hops && !some_ready_.load(std::memory_order_relaxed) &&
        !w.has_own.load(std::memory_order_relaxed)) {
      next = a;
    } else if (again) {
      const bool wakes = a->cost() == 0 || a->cost() >= cheap_ns;
      enqueue(*a);
      // A thread that this has woken may have taken our core at once; the next actor was not busy meanwhile.
      if (wakes && next != nullptr) t.began = next->run().now();
    } else {
      run.leave();  // only now: until `end` the timekeeper might still look at the actor
    }
    if (next_due_.load(std::memory_order_relaxed) <= t.began.time_since_epoch().count()) fire_due(t.began);
    if (next != nullptr && hops >= most_hops) {
      enqueue(*next);
      next = nullptr;
    }
    a = next;
  }
  if (outer_active != 0) w.active.store(outer_active, std::memory_order_release);
  w.working = outer_working;
}

flow::actor* cpu_workers::take(worker& w) noexcept {
  const bool look_around = ++w.takes % look_around_every == 0;
  if (!look_around) {
    if (auto* a = w.pop_own()) return a;
  }
  if (some_ready_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(lock_);
    auto* a = ready_.pop_front();
    if (ready_.empty()) {
      some_ready_.store(false, std::memory_order_relaxed);
    } else {
      wake_parked();  // several may have come at once, from another's own list, with one wake
    }
    if (a != nullptr) return a;
  }
  return w.pop_own();
}

flow::actor* cpu_workers::take_of(const flow::run_services& run) noexcept {
  // Called with lock_ held.
  if (auto* a = ready_.pop_of(run)) return a;
  for (auto& w : workers_) {
    const std::lock_guard list(w->list_lock);
    auto* a = w->own.pop_of(run);
    w->has_own.store(!w->own.empty(), std::memory_order_relaxed);
    if (a != nullptr) return a;
  }
  return nullptr;
}

bool cpu_workers::park(worker& w) {
  // What is ready for a borrowed arena is not for this thread, which only keeps the time there.
  for (int i = 0; borrowed_ == nullptr && i < looks_before_parking; ++i) {
    if (some_ready_.load(std::memory_order_acquire)) return true;
    pause_briefly();
  }
  std::unique_lock lock(lock_);
  if (stopping_) return false;
  if (!ready_.empty() && borrowed_ == nullptr) return true;
  w.woken = false;
  parked_.push_back(&w);
  while (!w.woken) {
    if (timekeeper_ == nullptr) {
      keep_time(lock, w);
    } else {
      w.wake.wait(lock);
    }
  }
  std::erase(parked_, &w);
  // Somebody else must keep the time now.
  if (timekeeper_ == nullptr && !parked_.empty()) parked_.front()->wake.notify_one();
  return !stopping_;
}

}  // namespace penstock::detail
