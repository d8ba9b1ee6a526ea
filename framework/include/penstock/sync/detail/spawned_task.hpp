// A task with its body: posted to the group's executor, or a coroutine on a strand of its own there.
//
// The order at its end is what the group's promises stand on: its state is decided, its body is destroyed, its result
// is written, it lets go of the results, and then the group hears that it left.
//
// A handler that carries a task into an executor is a ticket. One that is destroyed there unused, with the context,
// ends its task; so nobody waits for a task that nothing can run.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "penstock/base/stop.hpp"
#include "penstock/sync/detail/handler.hpp"
#include "penstock/sync/detail/says_cancelled.hpp"
#include "penstock/sync/detail/task_group_core.hpp"
#include "penstock/sync/task_result.hpp"

namespace penstock::detail {

template <class Body>
inline constexpr bool takes_nothing = std::is_invocable_v<Body&>;
template <class Body>
inline constexpr bool takes_token = !takes_nothing<Body> && std::is_invocable_v<Body&, stop_token>;
template <class Body>
inline constexpr bool takes_std_token =
    !takes_nothing<Body> && !takes_token<Body> && std::is_invocable_v<Body&, std::stop_token>;

template <class Body>
decltype(auto) call_task(Body& body, const stop_token& token) {
  if constexpr (takes_nothing<Body>) {
    return std::invoke(body);
  } else if constexpr (takes_token<Body>) {
    return std::invoke(body, token);
  } else {
    return std::invoke(body, token.std_token());
  }
}

template <class Body>
using task_returns = std::decay_t<decltype(call_task(std::declval<Body&>(), std::declval<const stop_token&>()))>;

template <class R>
struct task_value {
  using type = R;
  static constexpr bool coroutine = false;
};
template <class R>
struct task_value<asio::awaitable<R>> {
  using type = R;
  static constexpr bool coroutine = true;
};

/// A coroutine that was called already, as a body.
template <class R>
struct called_coroutine {
  asio::awaitable<R> coroutine;
  asio::awaitable<R> operator()() { return std::move(coroutine); }
};

/// `Task` has `finish()`.
template <class Task>
class ticket {
 public:
  explicit ticket(std::shared_ptr<Task> task) noexcept : task_(std::move(task)) {}
  ticket(ticket&&) noexcept = default;
  ticket& operator=(ticket&&) = delete;
  ~ticket() {
    if (task_) task_->finish();
  }
  std::shared_ptr<Task> use() noexcept { return std::move(task_); }

 private:
  std::shared_ptr<Task> task_;
};

/// What both kinds have in common.
template <class T, class Body>
class task_with_body : public group_task {
 public:
  task_with_body(std::shared_ptr<task_group_core> group, std::size_t number, std::shared_ptr<task_list<T>> results,
                 Body&& body)
      : group_(std::move(group)), number_(number), results_(std::move(results)), body_(std::move(body)) {
    result_ = &results_->back();
  }

  void skip(task_state end) noexcept final { settle(end, {}, {}); }

  /// For its ticket: its executor has gone, or could not take it.
  void finish() noexcept { end(task_end::lost, {}); }

 protected:
  ~task_with_body() = default;

  template <class... Args>
  void keep(Args&&... value) {
    if constexpr (!std::is_void_v<T>) result_->value.emplace(std::forward<Args>(value)...);
  }

  void end(task_end how, std::exception_ptr error) noexcept {
    const auto ended = group_->end(number_, how);
    if (!ended) return;
    if (ended->cancel_rest) group_->cancel(task_state::cancelled);
    if (ended->state != task_state::failed) error = nullptr;
    settle(ended->state, ended->took, std::move(error));
  }

  [[nodiscard]] static task_end how_of(const std::exception_ptr& error) noexcept {
    return says_cancelled(error) ? task_end::gave_up : task_end::error;
  }

  const std::shared_ptr<task_group_core> group_;
  const std::size_t number_;

 private:
  void settle(task_state state, duration took, std::exception_ptr error) noexcept {
    body_.reset();
    result_->state = state;
    result_->took = took;
    result_->error = std::move(error);
    error = nullptr;
    results_.reset();
    group_->leave(number_);
  }

  std::shared_ptr<task_list<T>> results_;
  task_result<T>* result_;

 protected:
  std::optional<Body> body_;
};

template <class T, class Body>
class plain_task final : public task_with_body<T, Body>, public std::enable_shared_from_this<plain_task<T, Body>> {
 public:
  using task_with_body<T, Body>::task_with_body;

  void start(const asio::any_io_executor& executor) {
    asio::post(executor, [t = ticket<plain_task>(this->shared_from_this())]() mutable { t.use()->run(); });
  }

  /// It looks at its token.
  void hear_cancel() noexcept override {}

 private:
  void run() noexcept {
    if (!this->group_->begin(this->number_)) return;
    task_end how = task_end::value;
    std::exception_ptr error;
    try {
      const body_scope inside(*this->group_);
      if constexpr (std::is_void_v<T>) {
        call_task(*this->body_, this->group_->token());
        if constexpr (!takes_nothing<Body>) how = task_end::returned;
      } else {
        this->keep(call_task(*this->body_, this->group_->token()));
      }
    } catch (...) {
      error = std::current_exception();
      how = this->how_of(error);
    }
    this->end(how, std::move(error));
  }
};

template <class T, class Body>
class coroutine_task final : public task_with_body<T, Body>,
                             public std::enable_shared_from_this<coroutine_task<T, Body>> {
  using strand = asio::strand<asio::any_io_executor>;

 public:
  using task_with_body<T, Body>::task_with_body;

  void start(const asio::any_io_executor& executor) {
    // Only a task that has begun hears of a cancel, so nobody looks at the strand meanwhile.
    strand_.emplace(asio::make_strand(executor));
    asio::post(*strand_, [t = ticket<coroutine_task>(this->shared_from_this())]() mutable {
      auto task = t.use();
      auto* const self = task.get();
      self->run(ticket<coroutine_task>(std::move(task)));
    });
  }

  /// For its ticket: the coroutine has ended, or was destroyed with its context.
  void finish() noexcept {
    over_ = true;
    this->end(how_, std::move(error_));
  }

  /// Cancellation is an edge and reaches what a coroutine waits for; both happen on its strand.
  void hear_cancel() noexcept override {
    asio::post(*strand_, [self = this->shared_from_this()] {
      if (!self->over_) self->signal_.emit(asio::cancellation_type::terminal);
    });
  }

 private:
  struct on_end {
    ticket<coroutine_task> task;
    void operator()(std::exception_ptr) { task.use()->finish(); }
  };

  void run(ticket<coroutine_task> self) {
    if (!this->group_->begin(this->number_)) return;
    // Nothing throws out of `body`, and its end says how it went: error_ and how_.
    asio::co_spawn(
        *strand_, [task = this->shared_from_this()] { return body(task); },
        asio::bind_cancellation_slot(signal_.slot(), on_end{std::move(self)}));
  }

  static asio::awaitable<void> body(std::shared_ptr<coroutine_task> self) {
    // In the frame: the body begins later than it is called, and may have taken its token by reference.
    const stop_token token = self->group_->token();
    try {
      auto running = call_task(*self->body_, token);
      if constexpr (std::is_void_v<T>) {
        co_await std::move(running);
      } else {
        auto made = co_await std::move(running);
        self->keep(std::move(made));
      }
      self->how_ = task_end::value;
    } catch (...) {
      self->error_ = std::current_exception();
      self->how_ = self->how_of(self->error_);
    }
  }

  std::optional<strand> strand_;

  // Touched on the strand only.
  asio::cancellation_signal signal_;
  std::exception_ptr error_;
  task_end how_ = task_end::lost;
  bool over_ = false;
};

}  // namespace penstock::detail
