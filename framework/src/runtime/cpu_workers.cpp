#include "runtime/cpu_workers.hpp"

#include <oneapi/tbb/info.h>

#include <algorithm>
#include <shared_mutex>
#include <utility>

#include "penstock/base/thread_role.hpp"

namespace penstock::detail {

namespace {

using namespace std::chrono_literals;

// An item that costs less than this is handled sooner by the worker that made it than by another core that must first
// fetch its cache lines (about 0.1 µs each).
constexpr std::uint64_t cheap_ns = 60;
// Hops along `next` before the lists get their turn.
constexpr int most_hops = 64;
// How often a worker with a full list of its own looks at the common one.
constexpr std::uint32_t look_around_every = 32;
// Looks at the hint before parking: about 2 µs, less than a wake costs.
constexpr int looks_before_parking = 60;
// After this time an activation counts as long.
constexpr duration long_activation = 2ms;

}  // namespace

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

namespace {
thread_local cpu_workers* pool_of_this_thread = nullptr;
thread_local void* worker_of_this_thread = nullptr;
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
      enqueue(*a);
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

void cpu_workers::drain_for_arena() noexcept {
  const thread_role_scope role(thread_role::cpu_worker);
  auto* const outer_pool = std::exchange(pool_of_this_thread, this);
  std::unique_lock lock(lock_);
  auto& here = *spare_.back();  // one for each task that was lent
  spare_.pop_back();
  lock.unlock();
  auto* const outer_worker = std::exchange(worker_of_this_thread, &here);
  for (;;) {
    lock.lock();
    auto* const a = ready_.pop_front();
    if (ready_.empty()) some_ready_.store(false, std::memory_order_relaxed);
    if (a == nullptr) break;
    lock.unlock();
    work_on(here, *a);
  }
  --lent_;
  spare_.push_back(&here);
  lock.unlock();
  worker_of_this_thread = outer_worker;
  pool_of_this_thread = outer_pool;
}

void cpu_workers::help(const flow::run_services& run, bool (*over)(const flow::run_services&) noexcept) {
  auto& w = *static_cast<worker*>(worker_of_this_thread);
  helper me;
  me.run = &run;
  w.working = false;
  std::unique_lock lock(lock_);
  while (!over(run)) {
    if (auto* a = take_of(run)) {
      lock.unlock();
      work_on(w, *a);
      lock.lock();
      continue;
    }
    me.woken = false;
    helpers_.push_back(&me);
    while (!me.woken) {
      const auto due = deadlines_.next();
      if (due == never) {
        me.wake.wait(lock);
      } else if (me.wake.wait_until(lock, due) == std::cv_status::timeout) {
        lock.unlock();
        fire_due(clock::now());
        lock.lock();
      }
    }
    std::erase(helpers_, &me);
  }
  w.working = true;
}

void cpu_workers::run_ended(const flow::run_services& run) noexcept {
  const std::lock_guard lock(lock_);
  for (auto* h : helpers_) {
    if (h->run != &run) continue;
    h->woken = true;
    h->wake.notify_one();
  }
}

}  // namespace penstock::detail
