// Threads that run actors only now and then: a body that waits for an inner run, and tasks in a borrowed arena.
#include <utility>

#include "penstock/base/thread_role.hpp"
#include "runtime/cpu_worker.hpp"

namespace penstock::detail {

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

bool cpu_workers::arena_is_idle() noexcept {
  const std::lock_guard lock(lock_);
  return lent_ > 0 && spare_.size() == count_;
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
