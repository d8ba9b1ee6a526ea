// A rate that coroutines share: each waits for its permit, and none goes before who came earlier.
//
//   penstock::rate_limiter calls(penstock::per_second(100));
//   … co_await calls.async_acquire(); …
//
// A handle is small and may be copied; copies stand for the same rate. In any window as long as the rate's period, from
// any instant to the one a period later, at most `rate.count + burst - 1` permits are given, by `clock`. With a burst
// of 1 they are evenly spaced, except that after an alarm that rang late those go at once whose instants have passed, a
// fiftieth of the period's at most. While somebody always waits, 98 of 100 of the rate are given, if alarms are late by
// less than a fiftieth of the period (core/smooth_rate.hpp): so say 1,000 in a second rather than 1 in a millisecond,
// unless it is the millisecond that matters. Where items of a pipeline are to pass at a rate, `throttle` is the
// stage for it; this is for calls inside of bodies, from several stages, runs or runtimes.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include <penstock/core/token_bucket.hpp>
#include <penstock/sync/wait_limits.hpp>

namespace penstock {

namespace detail {
class rate_state;
class keyed_rates;
}  // namespace detail

class rate_limiter {
 public:
  /// `burst`: permits that may go at once after a pause. More makes up for pauses, and exceeds the rate by `burst - 1`
  /// in a window. Throws `declaration_error` for a rate or a burst of 0.
  explicit rate_limiter(rate at_most, std::size_t burst = 1);

  // A handle: a move copies, so that every handle is one.
  rate_limiter(const rate_limiter&) = default;
  rate_limiter& operator=(const rate_limiter&) = default;
  ~rate_limiter() = default;

  /// A permit, if there is one now and nobody waits. Any thread; never waits.
  [[nodiscard]] bool try_acquire();

  /// Waits for a permit. Throws `error`: `cancelled` when the coroutine is cancelled (any type) or the limits say stop,
  /// `timed_out` at their deadline; who leaves the line takes no permit along. Each permit wakes one waiter. The alarm
  /// is set on the context of whoever came first to an empty line, which has to be run while others wait behind; when
  /// it goes down, all who wait are cancelled. Under a `manual_runtime` the time is virtual.
  boost::asio::awaitable<void> async_acquire(wait_limits limits = {});

  /// For who had to wait for something else since: the permit that was given last counts from now on. Any thread.
  void renew();

  /// In line now. Any thread.
  [[nodiscard]] std::size_t waiting() const;

 private:
  friend class keyed_rate_limiter;
  explicit rate_limiter(std::shared_ptr<detail::rate_state> state);

  std::shared_ptr<detail::rate_state> state_;
};

/// A rate for each key of its own, such as a host.
class keyed_rate_limiter {
 public:
  /// As `rate_limiter`, for every key.
  explicit keyed_rate_limiter(rate at_most, std::size_t burst = 1);

  // A handle: a move copies, so that every handle is one.
  keyed_rate_limiter(const keyed_rate_limiter&) = default;
  keyed_rate_limiter& operator=(const keyed_rate_limiter&) = default;
  ~keyed_rate_limiter() = default;

  /// The rate of `key`. Keys nobody uses are forgotten once they could give a whole burst again. Any thread.
  [[nodiscard]] rate_limiter of(std::string_view key);

 private:
  std::shared_ptr<detail::keyed_rates> state_;
};

}  // namespace penstock
