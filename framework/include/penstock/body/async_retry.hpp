// Trying again inside of a coroutine, for whoever can tell what is worth it. `retry` is the simpler tool where the body
// of a stage is tried again whatever it has thrown.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include <penstock/base/clock.hpp>
#include <penstock/body/async_sleep.hpp>
#include <penstock/core/retry_rules.hpp>
#include <penstock/sync/retry_budget.hpp>
#include <penstock/sync/wait_limits.hpp>

namespace penstock {

/// What a judge says of an attempt.
struct retry_verdict {
  bool again = false;   ///< it is worth another
  duration at_least{};  ///< wait so long in any case, such as a server asked for; the back-off comes on top
};

/// Calls `attempt(number)`, an awaitable of a `T`, with numbers from 1, until `judge` or the options have enough:
/// `judge(const T* value, const std::exception_ptr& error)` gives a `retry_verdict`; one of the two is null. The last
/// attempt's value, or its exception, is the result. There is no further attempt without budget, nor one that could
/// only begin after the deadline of `limits`; a stop ends a back-off with `error` (cancelled).
template <class T, class Attempt, class Judge>
boost::asio::awaitable<T> async_retry(retry_options options, retry_budget budget, wait_limits limits, Attempt attempt,
                                      Judge judge) {
  const retry_rules rules(options);
  budget.earn();
  for (unsigned number = 1;; ++number) {
    std::optional<T> value;
    std::exception_ptr failure;
    try {
      T got = co_await attempt(number);
      value.emplace(std::move(got));
    } catch (...) {
      failure = std::current_exception();
    }
    if (rules.again(number)) {
      const retry_verdict verdict = judge(static_cast<const T*>(value ? &*value : nullptr), failure);
      if (verdict.again) {
        const auto now = clock::now();
        const auto here = reinterpret_cast<std::uintptr_t>(&value);
        const auto back_off = rules.delay(number, retry_rules::chance(now, here, 0, number));
        const auto next = after(after(now, verdict.at_least), back_off);
        if ((limits.until == never || next < limits.until) && budget.spend()) {
          co_await async_sleep_until(next, limits.stop);
          continue;
        }
      }
    }
    if (failure) std::rethrow_exception(failure);
    co_return std::move(*value);
  }
}

}  // namespace penstock
