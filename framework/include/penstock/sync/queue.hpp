// A bounded queue for many producers and many consumers, threads and coroutines alike, that knows when its items are
// done.
//
//   penstock::queue<chunk> chunks(16);
//   chunks.put(std::move(c));                                   // a thread: waits while full
//   while (auto c = co_await chunks.async_get()) { … }          // a coroutine: false is the end of a closed queue
//   chunks.close();                                             // no more puts, what is there is still got
//
// * First in, first out, for items and for waiters. A caller tries, a thread also backs off for some microseconds, and
// then
//   stands in line; from then on nobody overtakes it.
// * The hand-off is the commit point: a get returns an item or leaves it in the queue, a put takes the item or leaves
// it
//   untouched with its caller. `cancelled` and `timed_out` mean that nothing happened.
// * `put` and `get` block the calling thread, and are refused with `resource_deadlock_would_occur` on a runtime's own
//   worker. `async_` forms suspend. `try_` forms never wait. Everything else never waits either.
// * Handlers complete on their associated executor, always by `post`; a coroutine that does not have to wait is not
//   suspended, except once in 128 times, so that it cannot starve its neighbours.
// * Every accepted item is owed one `task_done`; `join` waits until nothing is owed.
// * Any thread may call anything at any time, except the destructor, which must be the last call begun; whoever still
//   waits then completes with `cancelled`. Items still inside are destroyed.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "penstock/base/thread_role.hpp"
#include "penstock/core/queue_rules.hpp"
#include "penstock/sync/detail/async_wait.hpp"
#include "penstock/sync/detail/queue_access.hpp"
#include "penstock/sync/detail/queue_coroutines.hpp"
#include "penstock/sync/wait_limits.hpp"

namespace penstock {

/// Asks for a queue without a bound: puts never wait, and only memory ends it.
struct unbounded_t {
  explicit unbounded_t() = default;
};
inline constexpr unbounded_t unbounded{};

struct queue_options {
  /// Most items in it, at least 1; all slots are allocated at once. More: producers wait less often, items wait longer.
  std::size_t capacity = 0;
  /// What a put does when it is full.
  penstock::overflow overflow = penstock::overflow::block;
  /// For reports; not unique.
  std::string name = {};
  /// With a weight function: what the items in it weigh together, at most, at least 1, in the function's unit. More:
  /// producers wait less often; less: less memory. Without one it must stay 0.
  std::uint64_t most_weight = 0;
};

template <class T>
class queue {
  static_assert(std::is_nothrow_move_constructible_v<T>, "penstock::queue<T>: T must be nothrow move constructible");
  static_assert(std::is_nothrow_destructible_v<T>, "penstock::queue<T>: T must be nothrow destructible");

 public:
  using value_type = T;

  /// Throws `declaration_error` for capacity 0, and `std::bad_alloc`.
  explicit queue(std::size_t capacity) : queue(queue_options{.capacity = capacity}) {}
  explicit queue(queue_options options)
      : state_(std::make_shared<detail::queue_state<T>>(options.capacity, options.overflow, std::move(options.name))) {
    if (options.most_weight != 0) throw declaration_error("a queue needs a weight function for its most_weight");
  }
  /// Bounded by weight too: a put waits, or is refused as full, while the queue is not empty and the item would make
  /// what is in it weigh more than `most_weight`, by `weigh(const T&)`. An item heavier than that passes when the queue
  /// is empty. Whoever waits with a heavy item is not overtaken by a light one. `weigh` must be noexcept; it is called
  /// with the queue's lock held, and may look at the item only. Throws `declaration_error` too for a `most_weight` of 0
  /// and for `overflow::drop_oldest`.
  template <class Weigh>
  queue(queue_options options, Weigh weigh)
      : state_(std::make_shared<detail::queue_state<T>>(options.capacity, options.overflow, std::move(options.name),
                                                        options.most_weight, std::move(weigh))) {
    static_assert(std::is_nothrow_invocable_r_v<std::uint64_t, const Weigh&, const T&>,
                  "penstock::queue<T>: a weight function must take a const T&, be noexcept and return an unsigned "
                  "64-bit number");
  }
  explicit queue(unbounded_t, std::string name = {})
      : state_(std::make_shared<detail::queue_state<T>>(queue_rules<T>::no_bound, overflow::block, std::move(name))) {}

  queue(const queue&) = delete;
  queue& operator=(const queue&) = delete;
  /// Ends all waits with `cancelled`, and destroys what is inside.
  ~queue() { state_->abandon(); }

  // ---- never wait ----

  /// `ok`; or unmoved with `full`, `closed` or `cancelled`. On an unbounded queue `full` means out of memory.
  put_result try_put(T&& item) noexcept {
    try {
      return state_->try_put(item);
    } catch (const std::bad_alloc&) {
      return {.state = state::full};
    }
  }
  /// An item, or `empty`, `closed`, `cancelled`, `failed`.
  got<T> try_get() noexcept { return state_->try_get(); }
  /// Puts what fits; `full` when that is not all. `accepted` is a prefix of `items`; the rest is unmoved.
  put_result try_put_n(std::span<T> items) { return state_->try_put_n(items); }
  /// Appends up to `most` items that are there; `empty`, or the queue's end, when there are none.
  put_result try_get_n(std::vector<T>& append_to, std::size_t most) { return state_->try_get_n(append_to, most); }

  // ---- block the calling thread ----

  /// Waits for room. Everything but `ok` leaves the item unmoved.
  put_result put(T&& item, wait_limits limits = {}) {
    refuse_to_block_a_worker("penstock::queue::put");
    return state_->put(item, limits);
  }
  /// Waits for an item, or the end.
  got<T> get(wait_limits limits = {}) {
    refuse_to_block_a_worker("penstock::queue::get");
    return state_->get(limits);
  }
  /// Waits until all are in, in chunks, keeping its place in line. `accepted` is a prefix, also when the wait was
  /// ended.
  put_result put_n(std::span<T> items, wait_limits limits = {}) {
    refuse_to_block_a_worker("penstock::queue::put_n");
    return state_->put_n(items, limits);
  }
  /// Waits for one item, then appends up to `most` that are there; `accepted` says how many.
  put_result get_n(std::vector<T>& append_to, std::size_t most, wait_limits limits = {}) {
    refuse_to_block_a_worker("penstock::queue::get_n");
    return state_->get_n(append_to, most, limits);
  }
  /// Waits until every item that was put is done. `ok` also when more is put right after.
  put_result join(wait_limits limits = {}) {
    refuse_to_block_a_worker("penstock::queue::join");
    return state_->join(limits);
  }

  // ---- suspend the calling coroutine; lazy: nothing happens before `co_await` ----

  /// Waits for room. Throws `penstock::error` (closed, cancelled, timed_out, full) with the item unmoved; `item` must
  /// live until the coroutine is resumed. Cancellation of the coroutine, of any type that reaches it, ends the wait.
  boost::asio::awaitable<void> async_put(T&& item) { return detail::put_now_or_wait(state_, item, {}); }
  boost::asio::awaitable<void> async_put(T&& item, wait_limits limits) {
    return detail::put_now_or_wait(state_, item, std::move(limits));
  }
  /// Waits for an item, or the end; being cancelled is a value here.
  boost::asio::awaitable<got<T>> async_get() { return detail::get_now_or_wait(state_, {}); }
  boost::asio::awaitable<got<T>> async_get(wait_limits limits) {
    return detail::get_now_or_wait(state_, std::move(limits));
  }
  /// Waits until every item that was put is done. Throws `penstock::error` (cancelled, timed_out).
  boost::asio::awaitable<void> async_join() { return detail::join_or_throw(state_, {}); }
  boost::asio::awaitable<void> async_join(wait_limits limits) {
    return detail::join_or_throw(state_, std::move(limits));
  }

  // ---- any completion token; its handler must have an executor ----

  /// `void(put_outcome<T>)`: a refused item comes back in the outcome.
  template <boost::asio::completion_token_for<void(put_outcome<T>)> Token>
  auto async_put(T item, Token&& token) {
    return async_put(std::move(item), wait_limits(), std::forward<Token>(token));
  }
  template <boost::asio::completion_token_for<void(put_outcome<T>)> Token>
  auto async_put(T item, wait_limits limits, Token&& token) {
    return boost::asio::async_initiate<Token, void(put_outcome<T>)>(detail::initiate_put_owned(), token, state_,
                                                                    std::move(limits), std::move(item));
  }
  /// `void(got<T>)`.
  template <boost::asio::completion_token_for<void(got<T>)> Token>
  auto async_get(Token&& token) {
    return async_get(wait_limits(), std::forward<Token>(token));
  }
  template <boost::asio::completion_token_for<void(got<T>)> Token>
  auto async_get(wait_limits limits, Token&& token) {
    return boost::asio::async_initiate<Token, void(got<T>)>(detail::initiate_get(), token, state_, std::move(limits));
  }
  /// `void(put_result)`.
  template <boost::asio::completion_token_for<void(put_result)> Token>
  auto async_join(Token&& token) {
    return async_join(wait_limits(), std::forward<Token>(token));
  }
  template <boost::asio::completion_token_for<void(put_result)> Token>
  auto async_join(wait_limits limits, Token&& token) {
    return boost::asio::async_initiate<Token, void(put_result)>(detail::initiate_join(), token, state_,
                                                                std::move(limits));
  }

  // ---- the end ----

  /// No more puts: waiting and later ones fail with `closed` and keep their items. What is there can still be got, then
  /// gets see `closed`. True for the call that closed it.
  bool close() { return state_->close(nullptr); }
  /// The same, and after the last item gets see `failed` with `cause`.
  bool close(std::exception_ptr cause) { return state_->close(std::move(cause)); }
  /// Drops what is there, counted as dropped and done; every waiting or later put and get is `cancelled`. Items already
  /// taken still owe their `task_done`. True for the call that cancelled it; a closed queue can still be cancelled.
  bool cancel() { return state_->cancel(); }

  /// Pays for `n` items. Throws `error(task_done_too_often)`, the count unchanged, when fewer are owed.
  void task_done(std::size_t n = 1) {
    if (!state_->task_done(n)) throw error(errc::task_done_too_often);
  }

  /// Counts of one instant.
  [[nodiscard]] queue_snapshot snapshot() const { return state_->snapshot(); }

 private:
  friend struct detail::queue_access;

  std::shared_ptr<detail::queue_state<T>> state_;
};

/// `task_done` on every way out of a scope. Safe when the queue is destroyed first. Where somebody else paid already,
/// there is nothing left to pay and it does nothing.
template <class T>
class [[nodiscard]] done_guard {
 public:
  explicit done_guard(queue<T>& owed_to, std::size_t n = 1) : state_(detail::queue_access::state(owed_to)), n_(n) {}
  done_guard(const done_guard&) = delete;
  done_guard& operator=(const done_guard&) = delete;
  ~done_guard() { state_->task_done(n_); }

 private:
  std::shared_ptr<detail::queue_state<T>> state_;
  std::size_t n_;
};

}  // namespace penstock
