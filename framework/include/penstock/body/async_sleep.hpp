// A pause in a coroutine.
#pragma once

#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <penstock/base/clock.hpp>
#include <penstock/base/error.hpp>
#include <penstock/base/stop.hpp>
#include <penstock/sync/detail/alarm.hpp>
#include <penstock/sync/queue.hpp>

namespace penstock {

/// Suspends the calling coroutine for `d`; zero or less: only lets others go first. Throws
/// `boost::system::system_error` with `operation_aborted` when the coroutine is cancelled. Under a `manual_runtime` the
/// time is virtual.
inline boost::asio::awaitable<void> async_sleep(duration d) {
  auto executor = co_await boost::asio::this_coro::executor;
  detail::alarm<boost::asio::any_io_executor> alarm(executor, after(clock::now(), d));
  const auto [error] = co_await alarm.timer().async_wait(boost::asio::as_tuple(boost::asio::deferred));
  if (!alarm.rang()(error)) throw boost::system::system_error(error);
}

/// Suspends the calling coroutine until `when`. Throws `error` (cancelled) when the coroutine is cancelled or `stop` is
/// requested. Under a `manual_runtime` the time is virtual.
inline boost::asio::awaitable<void> async_sleep_until(time_point when, stop_token stop) {
  queue<char> nothing(1);  // whoever waits for an item here waits for its limits
  wait_limits limits = stopped_by(std::move(stop), when);
  const got<char> came = co_await nothing.async_get(std::move(limits));
  if (came.state() != state::timed_out) throw error(errc::cancelled);
}

}  // namespace penstock
