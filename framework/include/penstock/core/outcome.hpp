// What a queue answers. One word for every state, and the same result types for threads, coroutines and handlers.
//
// What you asked for is a value; what somebody else did (an error given to `close`) is an exception, thrown where the
// result is asked for an item.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace penstock {

/// How an operation ended. Everything but `ok` means: no effect.
enum class state : std::uint8_t {
  ok,         ///< done as asked
  empty,      ///< nothing there, and the caller did not wait: come back later
  full,       ///< no room, and the caller did not wait: come back later
  closed,     ///< a put: no more items are taken; a get: the end, everything was got before
  timed_out,  ///< the deadline passed first: try again or give up
  cancelled,  ///< a stop was requested, the queue was cancelled, or it was destroyed: give up
  failed,     ///< a get: closed with an error, and everything before it was got; `cause()` is the error
};

/// The word itself, for logs and tests.
constexpr const char* to_string(state value) noexcept {
  switch (value) {
    case state::ok: return "ok";
    case state::empty: return "empty";
    case state::full: return "full";
    case state::closed: return "closed";
    case state::timed_out: return "timed_out";
    case state::cancelled: return "cancelled";
    case state::failed: return "failed";
  }
  return "?";
}

/// The answer to a get: an item, or why there is none. Nothing here waits.
template <class T>
class [[nodiscard]] got {
 public:
  /// No item, state `empty`.
  got() = default;
  got(const got&) = default;
  got(got&&) noexcept = default;
  got& operator=(const got&) = default;
  /// Needs no assignment of T, which may have none.
  got& operator=(got&& other) noexcept {
    if (this == &other) return *this;
    std::destroy_at(&item_);
    std::construct_at(&item_, std::move(other.item_));
    cause_ = std::move(other.cause_);
    state_ = other.state_;
    return *this;
  }
  explicit got(T item) : item_(std::move(item)), state_(penstock::state::ok) {}
  explicit got(penstock::state why, std::exception_ptr cause = {}) noexcept : cause_(std::move(cause)), state_(why) {}

  /// An item? Throws the queue's error when the state is `failed`, so that a loop over a queue cannot mistake a broken
  /// stream for a finished one.
  explicit operator bool() const {
    if (state_ == penstock::state::failed && cause_) std::rethrow_exception(cause_);
    return state_ == penstock::state::ok;
  }

  /// Never throws, whatever the state.
  [[nodiscard]] penstock::state state() const noexcept { return state_; }
  /// The error given to `close`, or null.
  [[nodiscard]] const std::exception_ptr& cause() const noexcept { return cause_; }

  /// The item; there must be one.
  T& operator*() & noexcept { return assert(item_), *item_; }
  const T& operator*() const& noexcept { return assert(item_), *item_; }
  T&& operator*() && noexcept { return assert(item_), std::move(*item_); }
  T* operator->() noexcept { return assert(item_), &*item_; }
  const T* operator->() const noexcept { return assert(item_), &*item_; }

 private:
  template <class>
  friend class queue_rules;

  std::optional<T> item_;
  std::exception_ptr cause_;
  penstock::state state_ = penstock::state::empty;
};

/// The answer to everything that gives no item: a put, a batch, a join.
struct [[nodiscard]] put_result {
  penstock::state state = penstock::state::ok;
  /// Items that changed hands: those the queue took (always a prefix of what was offered), or those that `get_n` got.
  std::size_t accepted = 0;
  /// Items the overflow policy dropped for this put: older ones, or the offered one itself.
  std::size_t dropped = 0;
  /// The error given to `close`, or null.
  std::exception_ptr cause = {};

  explicit operator bool() const noexcept { return state == penstock::state::ok; }
};

/// The answer to a put that owned its item while it waited: a refused item comes back in `item`.
template <class T>
struct [[nodiscard]] put_outcome : put_result {
  std::optional<T> item;
};

}  // namespace penstock
