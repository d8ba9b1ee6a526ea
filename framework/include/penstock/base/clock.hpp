// Time is an argument. The rules in `core/` never read a clock: whoever calls them passes the time in, so that a test,
// or a runtime with virtual time, decides what "now" is.
#pragma once

#include <chrono>

namespace penstock {

using clock = std::chrono::steady_clock;
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
