// Time is an argument. The rules in `core/` never read a clock: whoever calls them passes the time in, so that a test,
// or a runtime with virtual time, decides what "now" is.
#pragma once

#include <chrono>

namespace penstock {

namespace detail {
/// What `clock::now` says on this thread; null: the time of day goes on by itself.
inline thread_local const std::chrono::steady_clock::time_point* virtual_now = nullptr;
}  // namespace detail

/// The steady clock, except on a thread where a `manual_runtime` keeps the time.
struct clock {
  using rep = std::chrono::steady_clock::rep;
  using period = std::chrono::steady_clock::period;
  using duration = std::chrono::steady_clock::duration;
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr bool is_steady = true;

  [[nodiscard]] static time_point now() noexcept {
    return detail::virtual_now == nullptr ? std::chrono::steady_clock::now() : *detail::virtual_now;
  }
};

using time_point = clock::time_point;
using duration = clock::duration;

/// The deadline of a wait that has none.
inline constexpr time_point never = time_point::max();

/// `now + d`, and `never` instead of an overflow. Does not wait, never fails.
constexpr time_point after(time_point now, duration d) noexcept {
  if (d > duration::zero() && now > never - d) return never;
  if (d < duration::zero() && now < time_point::min() - d) return time_point::min();
  return now + d;
}

}  // namespace penstock
