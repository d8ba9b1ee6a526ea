// How long a call may wait. Every call that can wait takes one; the default waits for ever.
#pragma once

#include <utility>

#include "penstock/base/clock.hpp"
#include "penstock/base/stop.hpp"

namespace penstock {

/// Two limits, both optional. A stop that was requested before the call begins means `cancelled`, even if the call
/// could have succeeded at once; a deadline in the past still lets it succeed at once, like its `try_` form.
struct wait_limits {
  /// Ends the wait with `cancelled`. A `std::stop_token` fits.
  stop_token stop = {};
  /// Ends the wait with `timed_out`.
  time_point until = never;
};

/// The same, spelt as a call. Inside `co_await` prefer it to braces: g++ 12 destroys the members of an aggregate that
/// is made among the arguments of an awaited call twice (a named `wait_limits` is fine too).
inline wait_limits stopped_by(stop_token stop, time_point until = never) {
  return {.stop = std::move(stop), .until = until};
}

/// Wait at most `d` from now on; zero or less: do not wait.
inline wait_limits within(duration d) { return {.stop = {}, .until = after(clock::now(), d)}; }

}  // namespace penstock
