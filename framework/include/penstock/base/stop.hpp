// A request to end, and why. It is a level, not an edge: whoever looks later still sees it.
//
// The mechanism is the standard's (`std::stop_source`, so `std::stop_callback` and `std::jthread` fit in); what is
// added is the reason, because "finish what you have" and "drop it" are different requests.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <utility>

namespace penstock {

/// Why an end was asked for.
enum class stop_reason : std::uint8_t {
  none,      ///< nobody asked
  stop,      ///< take no new input and finish what was accepted
  cancel,    ///< end soon; what is left is dropped and counted
  deadline,  ///< a drain or a limit ran out: a cancel by the clock
  failure,   ///< a body threw under fail-fast
};

/// Sees a request; cheap to copy. A default-constructed token never stops.
class stop_token {
 public:
  stop_token() = default;

  /// Any standard token is one of ours, with the reason `stop`.
  stop_token(std::stop_token token) : token_(std::move(token)) {}  // NOLINT(google-explicit-constructor)

  /// True from the first request on. Any thread; never waits.
  [[nodiscard]] bool stop_requested() const noexcept { return token_.stop_requested(); }

  /// False when no request can ever come.
  [[nodiscard]] bool stop_possible() const noexcept { return token_.stop_possible(); }

  /// The reason of the first request; `none` before it.
  [[nodiscard]] stop_reason reason() const noexcept {
    if (!token_.stop_requested()) return stop_reason::none;
    return reason_ ? reason_->load(std::memory_order_acquire) : stop_reason::stop;
  }

  /// For `std::stop_callback`. The callback runs inside `request_stop`, on the requester's thread, or at once in the
  /// constructor: register and destroy it without holding a lock that it takes.
  [[nodiscard]] const std::stop_token& std_token() const noexcept { return token_; }

 private:
  friend class stop_source;
  std::stop_token token_;
  std::shared_ptr<const std::atomic<stop_reason>> reason_;
};

/// Makes the request. Copies share one state.
class stop_source {
 public:
  stop_source() : reason_(std::make_shared<std::atomic<stop_reason>>(stop_reason::none)) {}

  /// Asks; true for the one call that was first. Runs registered callbacks before it returns. Any thread.
  bool request_stop(stop_reason why = stop_reason::cancel) {
    auto expected = stop_reason::none;
    // The reason is set before the request becomes visible, so that whoever sees the request sees its reason.
    if (!reason_->compare_exchange_strong(expected, why, std::memory_order_acq_rel)) return false;
    return source_.request_stop();
  }

  [[nodiscard]] stop_token token() const {
    stop_token t;
    t.token_ = source_.get_token();
    t.reason_ = reason_;
    return t;
  }

  [[nodiscard]] bool stop_requested() const noexcept { return source_.stop_requested(); }

 private:
  std::stop_source source_;
  std::shared_ptr<std::atomic<stop_reason>> reason_;
};

}  // namespace penstock
