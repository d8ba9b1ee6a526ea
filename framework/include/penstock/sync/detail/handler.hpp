// A completion handler whose type is forgotten: it knows its executor, keeps the context busy while it waits, and is
// completed by `post`, never inside the call that completes it.
//
// Move-only, used once. Small handlers live inside; others in memory from their associated allocator. `arm` gives it an
// alarm on its executor. Not safe for concurrent use.
#pragma once

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/system_executor.hpp>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "penstock/sync/detail/alarm.hpp"

namespace penstock::detail {

namespace asio = boost::asio;

/// The context behind an executor of either generation.
template <class Executor>
asio::execution_context& context_of(const Executor& executor) noexcept {
  if constexpr (asio::can_query_v<const Executor&, asio::execution::context_t>)
    return asio::query(executor, asio::execution::context);
  else
    return executor.context();
}

/// An executor, and while this lives its context does not run out of work. One of today's executors counts by itself,
/// when asked to; `executor_work_guard` would hold it twice, and for a coroutine twice is 120 bytes.
template <class Executor>
class busy_executor {
 public:
  explicit busy_executor(const Executor& executor)
      : counting_(asio::prefer(executor, asio::execution::outstanding_work.tracked)) {}

  [[nodiscard]] const auto& get_executor() const noexcept { return counting_; }

 private:
  std::decay_t<decltype(asio::prefer(std::declval<const Executor&>(), asio::execution::outstanding_work.tracked))>
      counting_;
};
template <class Executor>
  requires(!asio::execution::is_executor<Executor>::value)
class busy_executor<Executor> : public asio::executor_work_guard<Executor> {
 public:
  using asio::executor_work_guard<Executor>::executor_work_guard;
};

/// What travels through `post`. A result with `deliver()` hears that it reached its handler; otherwise it was destroyed
/// on the way, with its context.
template <class Handler, class Result>
struct posted_completion {
  using allocator_type = asio::associated_allocator_t<Handler>;
  allocator_type get_allocator() const noexcept { return asio::get_associated_allocator(handler); }

  void operator()() {
    // The wait is over: nothing that its cancellation would reach is left.
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) slot.clear();
    if constexpr (requires { result.deliver(); })
      std::move(handler)(result.deliver());
    else
      std::move(handler)(std::move(result));
  }

  Handler handler;
  Result result;
};

template <class Result>
class completion {
 public:
  completion() = default;

  template <class Handler>
    requires(!std::is_same_v<std::remove_cvref_t<Handler>, completion>)
  explicit completion(Handler&& handler) {
    using held = model<std::decay_t<Handler>>;
    static_assert(!std::is_same_v<typename held::executor_type, asio::system_executor>,
                  "this handler has no associated executor to complete on: give it one with asio::bind_executor");
    if constexpr (held::fits) {
      model_ = ::new (static_cast<void*>(buffer_)) held(std::forward<Handler>(handler));
    } else {
      typename held::allocator_type allocator(asio::get_associated_allocator(handler));
      held* const memory = std::allocator_traits<typename held::allocator_type>::allocate(allocator, 1);
      try {
        model_ = ::new (static_cast<void*>(memory)) held(std::forward<Handler>(handler));
      } catch (...) {
        std::allocator_traits<typename held::allocator_type>::deallocate(allocator, memory, 1);
        throw;
      }
    }
  }

  completion(completion&& other) noexcept { take(other); }
  completion& operator=(completion&& other) noexcept {
    if (this != &other) reset(), take(other);
    return *this;
  }
  ~completion() { reset(); }

  explicit operator bool() const noexcept { return model_ != nullptr; }

  /// Destroys the handler without calling it.
  void reset() noexcept {
    if (model_) std::exchange(model_, nullptr)->destroy();
  }

  /// The handler will be called with `result` on its executor. Leaves this empty. Never waits, never calls the handler.
  void post(Result result) {
    completion last(std::move(*this));
    last.model_->post(std::move(result));
  }

  /// Calls `ring()` on the handler's executor at `when`, unless posted or reset before; then `ring` is destroyed, maybe
  /// after being called. Throws what the timer throws.
  template <class Ring>
  void arm(time_point when, Ring ring) {
    struct held_ring final : ringer {
      explicit held_ring(Ring r) : call(std::move(r)) {}
      void operator()() override { call(); }
      Ring call;
    };
    model_->arm(when, std::make_unique<held_ring>(std::move(ring)));
  }

  [[nodiscard]] asio::execution_context& context() const noexcept { return model_->context(); }

 private:
  struct ringer {
    virtual ~ringer() = default;
    virtual void operator()() = 0;
  };

  struct any_model {
    virtual void post(Result&& result) = 0;
    virtual void arm(time_point when, std::unique_ptr<ringer> ring) = 0;
    virtual asio::execution_context& context() const noexcept = 0;
    virtual any_model* move_into(void* buffer) noexcept = 0;
    virtual void destroy() noexcept = 0;

   protected:
    ~any_model() = default;
  };

  static constexpr std::size_t room = 12 * sizeof(void*);

  template <class Handler>
  struct model final : any_model {
    using executor_type = asio::associated_executor_t<Handler>;
    using allocator_type =
        typename std::allocator_traits<asio::associated_allocator_t<Handler>>::template rebind_alloc<model>;
    static constexpr bool fits = sizeof(Handler) + sizeof(busy_executor<executor_type>) + 2 * sizeof(void*) <= room &&
                                 alignof(Handler) <= alignof(std::max_align_t) &&
                                 std::is_nothrow_move_constructible_v<Handler>;

    explicit model(Handler h) : handler(std::move(h)), work(asio::get_associated_executor(handler)) {}

    void post(Result&& result) override {
      timer.reset();
      asio::post(work.get_executor(), posted_completion<Handler, Result>{std::move(handler), std::move(result)});
    }

    void arm(time_point when, std::unique_ptr<ringer> ring) override {
      timer = std::make_unique<alarm<executor_type>>(asio::get_associated_executor(handler), when);
      timer->timer().async_wait([ring = std::move(ring), rang = timer->rang()](boost::system::error_code error) {
        if (rang(error)) (*ring)();
      });
    }

    asio::execution_context& context() const noexcept override { return context_of(work.get_executor()); }

    any_model* move_into(void* buffer) noexcept override {
      if constexpr (fits) {
        auto* const moved = ::new (buffer) model(std::move(*this));
        std::destroy_at(this);
        return moved;
      } else {
        return this;
      }
    }

    void destroy() noexcept override {
      if constexpr (fits) {
        std::destroy_at(this);
      } else {
        allocator_type allocator(asio::get_associated_allocator(handler));
        std::destroy_at(this);
        std::allocator_traits<allocator_type>::deallocate(allocator, this, 1);
      }
    }

    Handler handler;
    busy_executor<executor_type> work;
    std::unique_ptr<alarm<executor_type>> timer;
  };

  void take(completion& other) noexcept {
    if (other.model_) model_ = std::exchange(other.model_, nullptr)->move_into(buffer_);
  }

  any_model* model_ = nullptr;
  alignas(std::max_align_t) std::byte buffer_[room];
};

}  // namespace penstock::detail
