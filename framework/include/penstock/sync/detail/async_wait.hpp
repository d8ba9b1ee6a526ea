// The waits of coroutines and handlers at a queue: try first, then stand in line like a thread, without one.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "penstock/sync/detail/async_waiter.hpp"
#include "penstock/sync/detail/handler.hpp"
#include "penstock/sync/detail/queue_state.hpp"

namespace penstock::detail {

/// An item on its way to a handler. Destroyed on the way, with the handler's context, it counts as dropped and done.
template <class T>
class delivery {
 public:
  delivery(got<T>&& result, std::shared_ptr<queue_state<T>> queue) noexcept
      : result_(std::move(result)), queue_(std::move(queue)) {}
  delivery(delivery&&) noexcept = default;
  delivery& operator=(delivery&&) = delete;
  ~delivery() {
    if (!queue_ || result_.state() != state::ok) return;
    result_ = got<T>();
    queue_->lose_one();
  }

  got<T> deliver() noexcept {
    queue_.reset();
    return std::move(result_);
  }

 private:
  got<T> result_;
  std::shared_ptr<queue_state<T>> queue_;
};

/// A handler that stands in line as a `Waiter` and hears a `Result`.
template <class T, class Waiter, class Result>
class async_wait : public Waiter, public async_waiter {
 public:
  /// Call once, on a waiter made by `new` whose only reference is the caller's: it passes to the line.
  void start(const wait_limits& limits) {
    struct rollback {
      async_wait* waiter;
      ~rollback() {
        if (!waiter) return;
        completion<Result> unused;
        waiter->with_handler([&] { unused = std::move(waiter->handler_); });
        waiter->drop_reference();
      }
    } unless_started{this};
    if (!enlist(handler_.context())) return;
    if (limits.until != never)
      handler_.arm(limits.until, [self = async_waiter_reference(*this)] { self->cancel(state::timed_out); });
    watch(limits.stop);
    unless_started.waiter = nullptr;
    if (!line_up()) settle();
  }

  void complete() noexcept final { settle(); }

 protected:
  async_wait(std::shared_ptr<queue_state<T>> queue, completion<Result> handler) noexcept
      : queue_(std::move(queue)), handler_(std::move(handler)) {}

  /// The waiter's result in the form its handler wants.
  virtual Result take_result() noexcept = 0;

  const std::shared_ptr<queue_state<T>> queue_;

 private:
  bool line_up() {
    return queue_->under_lock([this](queue_rules<T>& rules, decided_waiters& decided) {
      lined_up_ = true;
      bool waits = false;
      if constexpr (std::is_same_v<Waiter, join_waiter>)
        waits = rules.line_up(*this);
      else
        waits = rules.line_up(*this, decided);
      if (!waits || !withdrawn_early_ || !rules.withdraw(*this, *withdrawn_early_)) return waits;
      rules.let_in(decided);
      return false;
    });
  }

  bool withdraw(state why) noexcept final {
    return queue_->under_lock([this, why](queue_rules<T>& rules, decided_waiters& decided) {
      if (rules.withdraw(*this, why)) return rules.let_in(decided), true;
      if (!lined_up_) withdrawn_early_ = why;
      return false;
    });
  }

  void settle() noexcept final {
    {
      Result outcome = take_result();
      with_handler([&] { handler_.post(std::move(outcome)); });
    }
    drop_reference();
  }

  void destroy_handler() noexcept final { const completion<Result> gone = std::move(handler_); }

  completion<Result> handler_;              // whose it is: see async_waiter.hpp
  bool lined_up_ = false;                   // guarded by the queue's lock
  std::optional<state> withdrawn_early_{};  // guarded by the queue's lock
};

template <class T>
class async_get_wait final : public async_wait<T, get_waiter<T>, delivery<T>> {
 public:
  async_get_wait(std::shared_ptr<queue_state<T>> queue, completion<delivery<T>> handler) noexcept
      : async_wait<T, get_waiter<T>, delivery<T>>(std::move(queue), std::move(handler)) {}

 private:
  delivery<T> take_result() noexcept override { return {std::move(this->result), this->queue_}; }
};

/// The item stays with the caller, who waits for the result before it goes away.
template <class T>
class async_put_wait final : public async_wait<T, put_waiter<T>, put_result> {
 public:
  async_put_wait(std::shared_ptr<queue_state<T>> queue, completion<put_result> handler, T* item) noexcept
      : async_wait<T, put_waiter<T>, put_result>(std::move(queue), std::move(handler)) {
    this->items = std::span<T>(item, 1);
  }

 private:
  put_result take_result() noexcept override { return std::move(this->result); }
};

/// The item waits here, and goes back in the result when it was refused.
template <class T>
class async_put_owned_wait final : public async_wait<T, put_waiter<T>, put_outcome<T>> {
 public:
  async_put_owned_wait(std::shared_ptr<queue_state<T>> queue, completion<put_outcome<T>> handler, T&& item) noexcept
      : async_wait<T, put_waiter<T>, put_outcome<T>>(std::move(queue), std::move(handler)), item_(std::move(item)) {
    this->items = std::span<T>(&item_, 1);
  }

 private:
  put_outcome<T> take_result() noexcept override {
    put_outcome<T> outcome{{std::move(this->result)}, std::nullopt};
    if (!outcome) outcome.item.emplace(std::move(item_));
    return outcome;
  }

  T item_;
};

template <class T>
class async_join_wait final : public async_wait<T, join_waiter, put_result> {
 public:
  async_join_wait(std::shared_ptr<queue_state<T>> queue, completion<put_result> handler) noexcept
      : async_wait<T, join_waiter, put_result>(std::move(queue), std::move(handler)) {}

 private:
  put_result take_result() noexcept override { return std::move(this->result); }
};

/// Completes a handler that did not have to wait.
template <class Handler, class Result>
void post_now(Handler&& handler, Result&& result) {
  using held = std::decay_t<Handler>;
  static_assert(!std::is_same_v<asio::associated_executor_t<held>, asio::system_executor>,
                "this handler has no associated executor to complete on: give it one with asio::bind_executor");
  const auto executor = asio::get_associated_executor(handler);
  asio::post(executor, posted_completion<held, std::decay_t<Result>>{std::forward<Handler>(handler),
                                                                     std::forward<Result>(result)});
}

/// Lines a handler up as a `Wait`.
template <class Wait, class Result, class Handler, class T, class... Args>
void wait_async(Handler&& handler, std::shared_ptr<queue_state<T>> queue, const wait_limits& limits, Args&&... args) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  auto* const wait =
      new Wait(std::move(queue), completion<Result>(std::forward<Handler>(handler)), std::forward<Args>(args)...);
  // Before it can complete, and so before the slot can be cleared by the completion.
  if (slot.is_connected())
    slot.assign([self = async_waiter_reference(*wait)](asio::cancellation_type type) {
      if (type != asio::cancellation_type::none) self->cancel(state::cancelled);
    });
  wait->start(limits);
}

/// Did a limit end the call before it began?
inline bool stopped_before(const wait_limits& limits) noexcept { return limits.stop.stop_requested(); }
inline bool expired(const wait_limits& limits) noexcept {
  return limits.until != never && limits.until <= clock::now();
}

struct initiate_get {
  template <class Handler, class T>
  void operator()(Handler&& handler, std::shared_ptr<queue_state<T>> queue, const wait_limits& limits) const {
    got<T> result = stopped_before(limits) ? got<T>(state::cancelled) : queue->try_get();
    if (result.state() == state::empty && expired(limits)) result = got<T>(state::timed_out);
    if (result.state() != state::empty)
      return post_now(std::forward<Handler>(handler), delivery<T>(std::move(result), std::move(queue)));
    wait_async<async_get_wait<T>, delivery<T>>(std::forward<Handler>(handler), std::move(queue), limits);
  }
};

template <class T>
put_result try_put_within(queue_state<T>& queue, T& item, const wait_limits& limits) {
  if (stopped_before(limits)) return {.state = state::cancelled};
  put_result result = queue.try_put(item);
  if (result.state == state::full && queue.may_wait() && expired(limits)) result.state = state::timed_out;
  return result;
}

struct initiate_put {
  template <class Handler, class T>
  void operator()(Handler&& handler, std::shared_ptr<queue_state<T>> queue, const wait_limits& limits, T* item) const {
    put_result result = try_put_within(*queue, *item, limits);
    if (result.state != state::full || !queue->may_wait())
      return post_now(std::forward<Handler>(handler), std::move(result));
    wait_async<async_put_wait<T>, put_result>(std::forward<Handler>(handler), std::move(queue), limits, item);
  }
};

struct initiate_put_owned {
  template <class Handler, class T>
  void operator()(Handler&& handler, std::shared_ptr<queue_state<T>> queue, const wait_limits& limits, T item) const {
    put_result result = try_put_within(*queue, item, limits);
    if (result.state == state::full && queue->may_wait())
      return wait_async<async_put_owned_wait<T>, put_outcome<T>>(std::forward<Handler>(handler), std::move(queue),
                                                                 limits, std::move(item));
    put_outcome<T> outcome{{std::move(result)}, std::nullopt};
    if (!outcome) outcome.item.emplace(std::move(item));
    post_now(std::forward<Handler>(handler), std::move(outcome));
  }
};

struct initiate_join {
  template <class Handler, class T>
  void operator()(Handler&& handler, std::shared_ptr<queue_state<T>> queue, const wait_limits& limits) const {
    if (stopped_before(limits)) return post_now(std::forward<Handler>(handler), put_result{.state = state::cancelled});
    wait_async<async_join_wait<T>, put_result>(std::forward<Handler>(handler), std::move(queue), limits);
  }
};

}  // namespace penstock::detail
