// The threads that run plain bodies.
//
// Each worker takes an actor, activates it, and goes on with whoever that activation named as next, because its data is
// hot; after a number of hops it looks at the lists again. Actors whose items cost nanoseconds stay on the worker's own
// list: there a second core only makes them slower. The others go on the common list, and a parked worker is woken.
//
// Everything else here serves liveness: the parked worker that keeps the time fires deadlines, and looks now and then
// at activations that have become long: it gives the notices they still owe and takes over what waits behind them. So
// no item is stuck behind a body that blocks, as long as one CPU worker is free.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <oneapi/tbb/task_arena.h>

#include "penstock/flow/run_services.hpp"
#include "penstock/sync/detail/small_lock.hpp"
#include "runtime/actor_list.hpp"
#include "runtime/deadlines.hpp"

namespace penstock::detail {

class cpu_workers final : public flow::executor {
 public:
  /// `count` ≥ 1 threads of our own; or, with a borrowed arena, its threads, and one of ours that keeps the time.
  cpu_workers(std::size_t count, tbb::task_arena* borrowed);
  ~cpu_workers();

  void enqueue(flow::actor& a) noexcept override;

  /// See `run_services::notify_at`.
  void notify_at(flow::actor& a, time_point when) noexcept;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }

  /// See `machine::arena_is_idle`.
  [[nodiscard]] bool arena_is_idle() noexcept;

  /// True on the threads that run actors for this pool, while they do.
  [[nodiscard]] bool on_a_worker() const noexcept;

  /// On a worker, inside a body: activates actors of `run` until `over(run)` is true.
  void help(const flow::run_services& run, bool (*over)(const flow::run_services&) noexcept);

  /// `run` has ended: whoever helps it looks again.
  void run_ended(const flow::run_services& run) noexcept;

 private:
  struct worker;
  struct helper;
  struct lease;

  void live(worker& w);
  void work_on(worker& w, flow::actor& first);
  flow::actor* take(worker& w) noexcept;
  flow::actor* take_of(const flow::run_services& run) noexcept;
  bool park(worker& w);
  void share(flow::actor& a) noexcept;
  void share_own(worker& w) noexcept;
  void wake_for(std::unique_lock<std::mutex>& lock, const flow::run_services& run) noexcept;
  void wake_parked() noexcept;
  void wake_watch() noexcept;
  void keep_time(std::unique_lock<std::mutex>& lock, worker& w);
  bool others_were_busy() noexcept;
  void look_after_long_activations() noexcept;
  void fire_due(time_point now) noexcept;
  void drain_for_arena() noexcept;

  const std::size_t count_;
  const std::size_t own_;  ///< threads of ours
  tbb::task_arena* const borrowed_;
  std::unique_ptr<tbb::task_arena> arena_;  ///< in which own workers live, so that a body's oneTBB work stays in it

  std::mutex lock_;
  // Guarded by lock_.
  actor_list ready_;
  std::vector<worker*> parked_;
  std::vector<helper*> helpers_;
  worker* timekeeper_ = nullptr;
  deadlines deadlines_;
  bool watch_asleep_ = false;  ///< the timekeeper sleeps without looking after anybody
  std::uint64_t activations_seen_ = 0;
  bool stopping_ = false;
  std::size_t lent_ = 0;        ///< tasks of ours that the borrowed arena has
  std::vector<worker*> spare_;  ///< workers for such tasks, those that are free

  std::atomic<bool> some_ready_{false};    ///< a hint that ready_ is not empty, readable without the lock
  std::atomic<time_point::rep> next_due_;  ///< the first deadline, readable without the lock

  std::shared_ptr<lease> lease_;
  std::vector<std::unique_ptr<worker>> workers_;  ///< those of our threads first
  std::vector<std::thread> threads_;
};

}  // namespace penstock::detail
