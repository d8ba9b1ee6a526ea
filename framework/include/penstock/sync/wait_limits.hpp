// How long a call may wait. Every call that can wait takes one; the default waits for ever.
#pragma once

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

/// Wait at most `d` from now on; zero or less: do not wait.
inline wait_limits within(duration d) { return {.stop = {}, .until = after(clock::now(), d)}; }

}  // namespace penstock
