// Waiting for a group without a thread: a handler that stands in line until all tasks have left.
//
// Cancelling the wait, and its deadline, cancel the group; neither ends the wait, for nothing may outlive the group.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/deferred.hpp>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "penstock/sync/detail/async_wait.hpp"
#include "penstock/sync/detail/async_waiter.hpp"
#include "penstock/sync/detail/handler.hpp"
#include "penstock/sync/detail/task_group_core.hpp"

namespace penstock::detail {

/// `Answer` makes the result when the wait is over.
template <class Answer>
class group_wait final : public queue_waiter, public async_waiter {
  using result = decltype(std::declval<const Answer&>()());

 public:
  group_wait(std::shared_ptr<task_group_core> group, Answer answer, completion<result> handler) noexcept
      : group_(std::move(group)), answer_(std::move(answer)), handler_(std::move(handler)) {}

  /// Call once, on a waiter made by `new` whose only reference is the caller's: it passes to the line.
  void start(task_wait what, time_point until) {
    struct rollback {
      group_wait* waiter;
      ~rollback() {
        if (!waiter) return;
        completion<result> unused;
        waiter->with_handler([&] { unused = std::move(waiter->handler_); });
        waiter->drop_reference();
      }
    } unless_started{this};
    if (!enlist(handler_.context())) return;
    const auto group = group_;
    if (until != never) handler_.arm(until, [group] { group->cancel(task_state::timed_out); });
    unless_started.waiter = nullptr;
    if (group->line_up(*this, what)) settle();
  }

  void complete() noexcept override { settle(); }

 private:
  bool withdraw(state) noexcept override { return group_->withdraw(*this); }

  void settle() noexcept override {
    {
      // Once posted, only who waited may hold the results.
      result outcome = std::exchange(answer_, std::nullopt).value()();
      with_handler([&] { handler_.post(std::move(outcome)); });
    }
    drop_reference();
  }

  void destroy_handler() noexcept override { const completion<result> gone = std::move(handler_); }

  const std::shared_ptr<task_group_core> group_;
  std::optional<Answer> answer_;  // touched by who decided
  completion<result> handler_;    // whose it is: see async_waiter.hpp
};

struct initiate_group_wait {
  template <class Handler, class Answer>
  void operator()(Handler&& handler, std::shared_ptr<task_group_core> group, Answer answer, task_wait what,
                  duration timeout) const {
    using result = decltype(answer());
    static_assert(!std::is_same_v<asio::associated_executor_t<std::decay_t<Handler>>, asio::system_executor>,
                  "this handler has no associated executor to complete on: give it one with asio::bind_executor");
    const auto until = after(clock::now(), timeout);
    auto slot = asio::get_associated_cancellation_slot(handler);
    // Before it can complete, and so before the slot can be cleared by the completion.
    if (slot.is_connected())
      slot.assign([group](asio::cancellation_type type) {
        if (type != asio::cancellation_type::none) group->cancel(task_state::cancelled);
      });
    auto* const wait =
        new group_wait<Answer>(group, std::move(answer), completion<result>(std::forward<Handler>(handler)));
    wait->start(what, until);
  }
};

/// A coroutine, so that nothing happens before it is awaited.
template <class Result, class Answer>
asio::awaitable<Result> await_group(std::shared_ptr<task_group_core> group, Answer answer, task_wait what,
                                    duration timeout) {
  auto wait = asio::async_initiate<const asio::deferred_t&, void(Result)>(initiate_group_wait(), asio::deferred, group,
                                                                          answer, what, timeout);
  Result result = co_await std::move(wait);
  co_return result;
}

}  // namespace penstock::detail
