// A pause in a coroutine.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <penstock/base/clock.hpp>

namespace penstock {

/// Suspends the calling coroutine for `d`; zero or less: only lets others go first. Throws
/// `boost::system::system_error` with `operation_aborted` when the coroutine is cancelled.
inline boost::asio::awaitable<void> async_sleep(duration d) {
  auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor, d);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace penstock
