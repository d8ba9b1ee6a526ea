// Named tasks that end together. Each has a result; a wait is over when all have ended, whatever became of them.
//
//   penstock::task_group<page> pages(io);
//   pages.spawn("front", [] { return fetch("/"); });            // a coroutine: asio::awaitable<page>
//   pages.spawn("cover", [](penstock::stop_token stop) { … });  // a plain body, posted to the executor: page
//   auto results = co_await pages.async_wait_all(2s);           // of each: name, state, value or error, duration
//
// * A task starts when it is spawned, whether or not anybody waits. A plain body is posted to the executor; a coroutine
//   runs on a strand of its own there, and its body, a lambda's captures too, lives as long as it does.
// * A cancel comes from `cancel()`, the parent's stop token, the deadline of a wait, a wait that has seen its first, a
//   failure under `task_failure::cancel_rest`, the cancellation of an `async_wait_…`, or the destructor; the first
//   counts. Tasks that have not begun never do. Coroutines get a terminal cancellation; every body may look at its stop
//   token, its only parameter if it takes one (ours or a `std::stop_token`).
// * A task's state says how it ended, not what it was told. A value is kept and makes it `done` in spite of a cancel.
//   It is `cancelled` or `timed_out` if, after the cancel, it threw an error that says so (`operation_aborted` of Asio,
//   `errc::cancelled` of ours); a plain `void` body with a token also if it returned after the cancel. Any other
//   exception, and these where nobody cancelled, make it `failed`.
// * A wait is over when every task has ended and its body is destroyed. A body that ignores its cancel keeps it
//   waiting, and so does an executor that nobody runs. The first wait that is over ends the group: nothing is spawned
//   after it, and every later wait says the same.
// * Cancelling an `async_wait_…` cancels the group; the wait still completes when all have ended, with their results.
// * Blocking waits are refused with `resource_deadlock_would_occur` on a runtime's worker, on a thread that runs the
//   executor (known of an `io_context`, a `thread_pool` and strands there), in a plain body of the group, and where a
//   `manual_runtime` keeps the time.
// * The destructor cancels and waits. Where a wait would be refused, or nobody runs the executor (its `io_context` is
//   stopped, or it runs nothing for a second while no plain body is under way), it tells `on_abandoned` who is left.
//   Those were cancelled and end without the group, so their bodies must not refer to what goes with it. A coroutine
//   uses `with_task_group`, which leaves none behind, or awaits `async_wait_all` before the group goes.
// * The executor's context may go first: its tasks are `cancelled` then. Not while another thread calls the group.
// * A result is kept for every task: a group is for a job, not for the endless stream of a server's connections.
// * Any thread may call anything at any time, except the destructor, which must be the last call begun.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "penstock/base/stop.hpp"
#include "penstock/core/task_rules.hpp"
#include "penstock/sync/detail/group_wait.hpp"
#include "penstock/sync/detail/spawned_task.hpp"
#include "penstock/sync/detail/task_group_core.hpp"
#include "penstock/sync/task_result.hpp"

namespace penstock {

struct task_group_options {
  /// Whether the first failure ends the others: a nursery. It does not throw from a wait: the results have
  /// `rethrow_first`.
  task_failure on_failure = task_failure::collect;
  /// A parent: any request cancels the group. A `std::stop_token` fits.
  stop_token stop = {};
  /// Hears the names of tasks that the destructor could not wait for. Must not throw.
  std::function<void(const std::vector<std::string>& names)> on_abandoned = {};
};

template <class T>
class task_group {
  static_assert(std::is_void_v<T> || (std::is_object_v<T> && std::is_move_constructible_v<T>),
                "penstock::task_group<T>: T must be void or a type that can be moved");

 public:
  using value_type = T;

  /// `executor` runs the bodies and must be run by somebody else than who blocks in a wait. Throws `declaration_error`
  /// for an empty executor.
  explicit task_group(boost::asio::any_io_executor executor, task_group_options options = {})
      : core_(detail::task_group_core::make(std::move(executor), options.on_failure)),
        on_abandoned_(std::move(options.on_abandoned)) {
    if (options.stop.stop_possible()) on_parent_stop_.emplace(options.stop.std_token(), parent_stop{core_});
  }
  /// An `io_context`, a `thread_pool`, `runtime::io()`.
  template <class Context>
    requires std::convertible_to<Context&, boost::asio::execution_context&>
  explicit task_group(Context& context, task_group_options options = {})
      : task_group(boost::asio::any_io_executor(context.get_executor()), std::move(options)) {}

  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;
  ~task_group() {
    on_parent_stop_.reset();
    const auto left = core_->close();
    if (!left.empty() && on_abandoned_) on_abandoned_(left);
  }

  // ---- never wait ----

  /// Starts a task. `body` is a callable that returns `T` or `asio::awaitable<T>`, and takes nothing or a stop token;
  /// or an `asio::awaitable<T>` itself. Several tasks may have one name. In a group that was cancelled the body is
  /// destroyed without running, and the result says so. Throws `error(closed)` when the group has ended, and
  /// `std::bad_alloc`.
  template <class Body>
  void spawn(std::string name, Body body) {
    static_assert(std::is_invocable_v<Body&> || std::is_invocable_v<Body&, stop_token> ||
                      std::is_invocable_v<Body&, std::stop_token>,
                  "penstock: the body of a task takes nothing or a stop_token");
    using returned = detail::task_value<detail::task_returns<Body>>;
    using value = typename returned::type;
    static_assert(std::is_void_v<T> == std::is_void_v<value> && std::is_convertible_v<value, T>,
                  "penstock: the body of a task returns what its task_group holds, or an awaitable of it");
    using task = std::conditional_t<returned::coroutine, detail::coroutine_task<T, Body>, detail::plain_task<T, Body>>;
    std::shared_ptr<task> made;
    const auto executor = core_->add(name, [&](std::size_t number) {
      auto& result = results_->emplace_back();
      try {
        result.name = name;
        made = std::make_shared<task>(core_, number, results_, std::move(body));
      } catch (...) {
        results_->pop_back();
        throw;
      }
      return made;
    });
    if (executor) made->start(*executor);
  }
  template <class R>
  void spawn(std::string name, boost::asio::awaitable<R> coroutine) {
    spawn(std::move(name), detail::called_coroutine<R>{std::move(coroutine)});
  }

  /// Asks all tasks to end, and lets none begin.
  void cancel() noexcept { core_->cancel(task_state::cancelled); }

  /// Tasks ever spawned.
  [[nodiscard]] std::size_t size() const { return core_->size(); }
  /// Those that have not ended.
  [[nodiscard]] std::size_t pending() const { return core_->live(); }
  /// How each stands at this instant, in the order of spawning.
  [[nodiscard]] std::vector<task_snapshot> snapshot() const { return core_->snapshot(); }

  // ---- block the calling thread ----

  /// Waits until all tasks have ended, also those that are spawned meanwhile. When `timeout` has passed (zero or less:
  /// at once) it cancels what has not, which is `timed_out` then, and waits for it.
  task_results<T> wait_all(duration timeout = duration::max()) {
    core_->refuse_to_wait_here("penstock::task_group::wait_all");
    core_->wait(task_wait::all, timeout);
    return all_results{core_, results_}();
  }
  /// Waits until one task is done or has failed, cancels the others, and waits for them. Null when there is none: all
  /// were cancelled or timed out. The others' results are those of a `wait_all` after it.
  [[nodiscard]] first_result<T> wait_first(duration timeout = duration::max()) {
    return first_of(task_wait::first, timeout, "penstock::task_group::wait_first");
  }
  /// The same, but failures do not count while others may still be done. Null when none was.
  [[nodiscard]] first_result<T> wait_first_done(duration timeout = duration::max()) {
    return first_of(task_wait::first_done, timeout, "penstock::task_group::wait_first_done");
  }

  // ---- suspend the calling coroutine; lazy: nothing happens, and no time counts, before `co_await` ----

  boost::asio::awaitable<task_results<T>> async_wait_all(duration timeout = duration::max()) {
    return detail::await_group<task_results<T>>(core_, all_results{core_, results_}, task_wait::all, timeout);
  }
  boost::asio::awaitable<first_result<T>> async_wait_first(duration timeout = duration::max()) {
    return async_first(task_wait::first, timeout);
  }
  boost::asio::awaitable<first_result<T>> async_wait_first_done(duration timeout = duration::max()) {
    return async_first(task_wait::first_done, timeout);
  }

  // ---- any completion token; its handler must have an executor ----

  /// `void(task_results<T>)`.
  template <boost::asio::completion_token_for<void(task_results<T>)> Token>
  auto async_wait_all(duration timeout, Token&& token) {
    return boost::asio::async_initiate<Token, void(task_results<T>)>(
        detail::initiate_group_wait(), token, core_, all_results{core_, results_}, task_wait::all, timeout);
  }
  template <boost::asio::completion_token_for<void(task_results<T>)> Token>
  auto async_wait_all(Token&& token) {
    return async_wait_all(duration::max(), std::forward<Token>(token));
  }
  /// `void(first_result<T>)`.
  template <boost::asio::completion_token_for<void(first_result<T>)> Token>
  auto async_wait_first(duration timeout, Token&& token) {
    return async_first(task_wait::first, timeout, std::forward<Token>(token));
  }
  template <boost::asio::completion_token_for<void(first_result<T>)> Token>
  auto async_wait_first_done(duration timeout, Token&& token) {
    return async_first(task_wait::first_done, timeout, std::forward<Token>(token));
  }

 private:
  struct parent_stop {
    std::shared_ptr<detail::task_group_core> core;
    void operator()() const noexcept { core->cancel(task_state::cancelled); }
  };

  struct all_results {
    std::shared_ptr<detail::task_group_core> core;
    std::shared_ptr<detail::task_list<T>> results;
    task_results<T> operator()() const { return task_results<T>(results, core->first_failed()); }
  };

  struct the_first {
    std::shared_ptr<detail::task_group_core> core;
    std::shared_ptr<detail::task_list<T>> results;
    task_wait what;
    first_result<T> operator()() const {
      const std::size_t first = core->first(what);
      return first == task_rules::none ? nullptr : first_result<T>(results, &(*results)[first]);
    }
  };

  first_result<T> first_of(task_wait what, duration timeout, const char* call) {
    core_->refuse_to_wait_here(call);
    core_->wait(what, timeout);
    return the_first{core_, results_, what}();
  }
  boost::asio::awaitable<first_result<T>> async_first(task_wait what, duration timeout) {
    return detail::await_group<first_result<T>>(core_, the_first{core_, results_, what}, what, timeout);
  }
  template <class Token>
  auto async_first(task_wait what, duration timeout, Token&& token) {
    return boost::asio::async_initiate<Token, void(first_result<T>)>(detail::initiate_group_wait(), token, core_,
                                                                     the_first{core_, results_, what}, what, timeout);
  }

  const std::shared_ptr<detail::task_group_core> core_;
  const std::shared_ptr<detail::task_list<T>> results_ = std::make_shared<detail::task_list<T>>();
  const std::function<void(const std::vector<std::string>&)> on_abandoned_;
  std::optional<std::stop_callback<parent_stop>> on_parent_stop_;
};

/// Runs `body(group)`, a coroutine on the calling one's executor, then waits for all tasks, on every way out: a body
/// that throws cancels the group, and its exception goes on when the last task has ended; so does a cancellation of the
/// calling coroutine. Nothing is left behind, unless the coroutine itself is destroyed.
template <class T, class Body>
boost::asio::awaitable<task_results<T>> with_task_group(task_group_options options, Body body) {
  namespace this_coro = boost::asio::this_coro;
  auto executor = co_await this_coro::executor;
  task_group<T> group(std::move(executor), std::move(options));
  std::exception_ptr failure;
  try {
    auto running = body(group);
    co_await std::move(running);
  } catch (...) {
    failure = std::current_exception();
  }
  // A coroutine that was cancelled may not await anything, unless it says that it knows.
  const bool throws = co_await this_coro::throw_if_cancelled();
  co_await this_coro::throw_if_cancelled(false);
  const boost::asio::cancellation_state cancellation = co_await this_coro::cancellation_state;
  if (failure || cancellation.cancelled() != boost::asio::cancellation_type::none) group.cancel();
  auto waiting = group.async_wait_all();
  auto results = co_await std::move(waiting);
  co_await this_coro::throw_if_cancelled(throws);
  if (failure) std::rethrow_exception(failure);
  co_return results;
}
template <class T, class Body>
boost::asio::awaitable<task_results<T>> with_task_group(Body body) {
  task_group_options options;
  return with_task_group<T>(std::move(options), std::move(body));
}

}  // namespace penstock
