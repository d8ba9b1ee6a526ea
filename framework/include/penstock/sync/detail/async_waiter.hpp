// A wait whose end is a posted handler: what it shares with whoever may end it.
//
// Four may end it: the queue (hand-off, close), a cancellation signal, a stop or a deadline, and the destruction of the
// handler's execution context. The first three meet under the queue's lock: whoever takes the waiter out of its line
// decides, and then calls `complete()`. The context meets the completer under the mutex of the context's list of waits:
// whoever takes the wait off that list has the handler. So a handler is either posted before its context goes down, or
// destroyed by the shutdown; and a queue never reaches into a context that is gone.
//
// Locks are taken in this order and never the other way round: the list's mutex, then a lock of the executor. The
// queue's lock is never held together with either.
#pragma once

#include <atomic>
#include <boost/asio/execution_context.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <unordered_map>
#include <utility>

#include "penstock/core/outcome.hpp"
#include "penstock/sync/wait_limits.hpp"

namespace penstock::detail {

class async_waiter;

/// Hears when an execution context goes down: before any of its handlers is destroyed, on the thread that destroys it.
class context_watcher {
 public:
  virtual void context_goes_down() noexcept = 0;

 protected:
  ~context_watcher() = default;
};

/// What somebody has of an execution context that he may outlive: an executor, a timer. It is the context's list that
/// owns it, so that it goes under the list's mutex or with the context; a last reference on another thread could come
/// too late by a moment.
class context_belongings {
 public:
  context_belongings() = default;
  context_belongings(const context_belongings&) = delete;
  context_belongings& operator=(const context_belongings&) = delete;
  virtual ~context_belongings() = default;
};

/// The waits of one execution context. Outlives the context while somebody still completes one of its waits.
struct context_waits {
  std::mutex mutex;
  async_waiter* first = nullptr;  // guarded by mutex, as are the links of those in the list
  bool down = false;              // guarded by mutex
  std::unordered_map<const context_watcher*, std::weak_ptr<context_watcher>> watchers;         // guarded by mutex
  std::unordered_map<const context_watcher*, std::unique_ptr<context_belongings>> belongings;  // guarded by mutex
};

/// Those of `context`; throws when it goes down already.
std::shared_ptr<context_waits> waits_of(boost::asio::execution_context& context);

/// Reference-counted: the line it stands in, the context's list, and every source of cancellation hold one each.
class async_waiter {
 public:
  async_waiter(const async_waiter&) = delete;
  async_waiter& operator=(const async_waiter&) = delete;

  /// Ends the wait with `why` unless it was decided before. Any thread; never waits; never calls the handler.
  void cancel(state why) noexcept;

  void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop_reference() noexcept {
    // Release: what this holder did happens before the destruction; acquire: the destroyer sees it.
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  /// Memory that threads keep for the next waits.
  static void* operator new(std::size_t size);
  static void operator delete(void* memory, std::size_t size) noexcept;
  static void* operator new(std::size_t size, std::align_val_t alignment) { return ::operator new(size, alignment); }
  static void operator delete(void* memory, std::align_val_t alignment) noexcept {
    ::operator delete(memory, alignment);
  }

 protected:
  async_waiter() = default;
  virtual ~async_waiter();

  /// Joins the list of `context`. False when the context is already down.
  bool enlist(boost::asio::execution_context& context);

  /// Ends the wait with `cancelled` on a stop. Call it before lining up and without a lock: it may run at once.
  void watch(const stop_token& stop);

  /// Runs `hand_over`, which posts the handler, unless the context has taken the handler away.
  template <class HandOver>
  bool with_handler(HandOver&& hand_over) {
    on_stop_.reset();
    {
      const std::lock_guard hold(waits_->mutex);
      if (!listed_) return false;
      unlist();
      hand_over();
    }
    drop_reference();
    return true;
  }

 private:
  friend class wait_service;

  /// Leaves the line with `why` as the result; true when it was in it. Before lining up: remembers `why`.
  virtual bool withdraw(state why) noexcept = 0;
  /// Posts the handler with the result, and gives up the line's reference.
  virtual void settle() noexcept = 0;
  /// The context goes down.
  virtual void destroy_handler() noexcept = 0;

  void unlist() noexcept;

  struct stopper {
    async_waiter* waiter;
    void operator()() const noexcept { waiter->cancel(state::cancelled); }
  };

  std::atomic<std::size_t> references_{1};
  std::shared_ptr<context_waits> waits_;
  std::optional<std::stop_callback<stopper>> on_stop_;  // touched by the starter, then by whoever decided
  async_waiter* next_ = nullptr;                        // guarded by waits_->mutex, as the next two
  async_waiter* previous_ = nullptr;
  bool listed_ = false;
};

/// A counted reference, for callbacks.
class async_waiter_reference {
 public:
  explicit async_waiter_reference(async_waiter& waiter) noexcept : waiter_(&waiter) { waiter.add_reference(); }
  async_waiter_reference(async_waiter_reference&& other) noexcept : waiter_(std::exchange(other.waiter_, nullptr)) {}
  async_waiter_reference& operator=(async_waiter_reference&&) = delete;
  ~async_waiter_reference() {
    if (waiter_) waiter_->drop_reference();
  }
  async_waiter* operator->() const noexcept { return waiter_; }

 private:
  async_waiter* waiter_;
};

}  // namespace penstock::detail
