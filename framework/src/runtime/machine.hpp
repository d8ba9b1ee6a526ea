// What a run needs of the runtime it belongs to: threads and real time, or one thread and a time of its own.
#pragma once

#include <cstddef>

#include <boost/asio/io_context.hpp>

#include "penstock/base/clock.hpp"
#include "penstock/flow/run_services.hpp"

namespace penstock::detail {

class run_core;

class machine {
 public:
  virtual ~machine() = default;

  [[nodiscard]] virtual flow::executor& cpu() noexcept = 0;
  [[nodiscard]] virtual flow::executor& blocking() noexcept = 0;

  /// The context of the async stages. The first call may start its thread.
  [[nodiscard]] virtual boost::asio::io_context& io() = 0;

  /// A run with so many blocking workers begins. Throws `std::system_error` when there are no threads for them.
  virtual void reserve_blocking(std::size_t workers) = 0;
  virtual void release_blocking(std::size_t workers) noexcept = 0;

  /// Whether what happens on `from` is to be told to `to` at once, because they do not take turns on one thread.
  [[nodiscard]] virtual bool apart(const flow::executor& from, const flow::executor& to) const noexcept = 0;

  /// The most items that a worker of the next stage may take at once.
  [[nodiscard]] virtual std::size_t most_at_once() noexcept = 0;

  /// See `run_services::notify_at`.
  virtual void notify_at(flow::actor& a, time_point when) noexcept = 0;

  /// Calls `run.alarm_rings(when)` then, whatever the workers do; of several alarms of a run the earliest counts.
  virtual void set_alarm(run_core& run, time_point when) noexcept = 0;

  /// Calls `run.watch_rings(when)` then, whatever the workers, drains and contexts do. Throws `std::system_error` when
  /// there is no thread for it, which can be so only for the first.
  virtual void set_watch(run_core& run, time_point when) = 0;

  /// The context of the async stages if somebody else is to run it, else null.
  [[nodiscard]] virtual boost::asio::io_context* borrowed_io() noexcept = 0;

  /// True while a borrowed arena has tasks of ours and has begun none.
  [[nodiscard]] virtual bool arena_is_idle() noexcept = 0;

  /// Throws `std::system_error(resource_deadlock_would_occur)` where waiting for a run could wait for itself.
  virtual void refuse_to_wait_here() const = 0;

  /// True where this thread, which waits for a run that was started inside `outer` (null: in none), does its work
  /// meanwhile.
  [[nodiscard]] virtual bool may_help_here(const flow::run_services* outer) const noexcept = 0;

  /// True where whoever waits does the work, because there is no other thread.
  [[nodiscard]] virtual bool is_alone() const noexcept = 0;

  /// Does the work of `run` until `over(run)`, or until `until` where `is_alone`.
  virtual void help(run_core& run, bool (*over)(const flow::run_services&) noexcept, time_point until) = 0;

  /// `run` has ended: whoever helps it looks again.
  virtual void run_ended(run_core& run) noexcept = 0;

  /// Threads that nobody needs any more since `run` has ended are joined, unless this is one of them.
  virtual void join_surplus(const run_core& run) noexcept = 0;

  /// The run need not be kept alive any more. The last thing a run does with its runtime.
  virtual void forget(run_core& run) noexcept = 0;
};

}  // namespace penstock::detail
