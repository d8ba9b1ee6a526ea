// The coroutine forms of the queue. Each tries first, and suspends only if it has to. `queue` is the member of a queue
// that must be alive when the coroutine starts; a coroutine that waits holds the state itself.
//
// Results of `co_await` are kept in named locals: g++ 12 destroys some temporaries of such expressions twice.
//
// A wait is awaited as `deferred`, not by `use_awaitable`, which would make a frame of its own: Asio keeps two frames
// per thread for the next ones, and so a put and a get that wait for each other allocate nothing.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "penstock/base/error.hpp"
#include "penstock/sync/detail/async_wait.hpp"

namespace penstock::detail {

/// Operations in a row, on this thread, that did not suspend. Reached through calls that are not inlined: a coroutine
/// may resume on another thread, and compilers keep the address of a thread's variable across that.
inline thread_local unsigned unsuspended = 0;

/// True once in 128 times: let the others run now.
[[gnu::noinline]] inline bool streak_is_over() noexcept {
  constexpr unsigned longest_streak = 128;
  if (unsuspended < longest_streak) return false;
  unsuspended = 0;
  return true;
}
[[gnu::noinline]] inline void prolong_streak() noexcept { ++unsuspended; }
[[gnu::noinline]] inline void end_streak() noexcept { unsuspended = 0; }

/// The exception for a refused operation of which the caller expected no value.
inline errc code_of(state refused) noexcept {
  switch (refused) {
    case state::closed: return errc::closed;
    case state::timed_out: return errc::timed_out;
    case state::full: return errc::full;
    default: return errc::cancelled;
  }
}

template <class T>
asio::awaitable<got<T>> get_now_or_wait(const std::shared_ptr<queue_state<T>>& queue, wait_limits limits) {
  // Before the item is in hand: a frame destroyed while it yields takes nothing along.
  if (streak_is_over()) co_await asio::post(asio::use_awaitable);
  const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none || stopped_before(limits))
    co_return got<T>(state::cancelled);
  got<T> result = queue->try_get();
  if (result.state() == state::empty && expired(limits)) result = got<T>(state::timed_out);
  if (result.state() != state::empty) {
    prolong_streak();
    co_return result;
  }
  end_streak();
  auto wait = asio::async_initiate<const asio::deferred_t&, void(got<T>)>(initiate_get(), asio::deferred, queue,
                                                                          std::move(limits));
  result = co_await std::move(wait);
  co_return result;
}

template <class T>
asio::awaitable<void> put_now_or_wait(const std::shared_ptr<queue_state<T>>& queue, T& item, wait_limits limits) {
  if (streak_is_over()) co_await asio::post(asio::use_awaitable);
  const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none) throw error(errc::cancelled);
  put_result result = try_put_within(*queue, item, limits);
  if (result.state == state::full && queue->may_wait()) {
    end_streak();
    auto wait = asio::async_initiate<const asio::deferred_t&, void(put_result)>(initiate_put(), asio::deferred, queue,
                                                                                std::move(limits), &item);
    result = co_await std::move(wait);
  } else {
    prolong_streak();
  }
  if (!result) throw error(code_of(result.state));
}

template <class T>
asio::awaitable<void> join_or_throw(const std::shared_ptr<queue_state<T>>& queue, wait_limits limits) {
  auto wait = asio::async_initiate<const asio::deferred_t&, void(put_result)>(initiate_join(), asio::deferred, queue,
                                                                              std::move(limits));
  const put_result result = co_await std::move(wait);
  if (!result) throw error(code_of(result.state));
}

}  // namespace penstock::detail
