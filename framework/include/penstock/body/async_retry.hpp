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

/// How an attempt ended: with one of the two.
template <class T>
struct retry_outcome {
  std::optional<T> value = {};
  std::exception_ptr failure = {};
};

/// The further attempts, where the caller has made the first one and `budget.earn()` itself. As `async_retry`.
template <class T, class Attempt, class Judge>
boost::asio::awaitable<T> async_retry_after(retry_outcome<T> last, retry_options options, retry_budget budget,
                                            wait_limits limits, Attempt attempt, Judge judge) {
  const retry_rules rules(options);
  for (unsigned number = 1; rules.again(number); ++number) {
    const retry_verdict verdict = judge(static_cast<const T*>(last.value ? &*last.value : nullptr), last.failure);
    if (!verdict.again) break;
    const auto now = clock::now();
    const auto here = reinterpret_cast<std::uintptr_t>(&last);  // differs among those who wait
    const auto back_off = rules.delay(number, retry_rules::chance(now, here, 0, number));
    const auto next = after(after(now, verdict.at_least), back_off);
    if ((limits.until != never && next >= limits.until) || !budget.spend()) break;
    co_await async_sleep_until(next, limits.stop);
    last.value.reset();
    last.failure = nullptr;
    try {
      T got = co_await attempt(number + 1);
      last.value.emplace(std::move(got));
    } catch (...) {
      last.failure = std::current_exception();
    }
  }
  if (last.failure) std::rethrow_exception(last.failure);
  co_return std::move(*last.value);
}

/// Calls `attempt(number)`, an awaitable of a `T`, with numbers from 1, until `judge` or the options have enough:
/// `judge(const T* value, const std::exception_ptr& error)` gives a `retry_verdict`; one of the two is null. The last
/// attempt's value, or its exception, is the result. There is no further attempt without budget, nor one that could
/// only begin after the deadline of `limits`; a stop ends a back-off with `error` (cancelled).
template <class T, class Attempt, class Judge>
boost::asio::awaitable<T> async_retry(retry_options options, retry_budget budget, wait_limits limits, Attempt attempt,
                                      Judge judge) {
  budget.earn();
  retry_outcome<T> first;
  try {
    T got = co_await attempt(1U);
    first.value.emplace(std::move(got));
  } catch (...) {
    first.failure = std::current_exception();
  }
  T result = co_await async_retry_after<T>(std::move(first), options, budget, std::move(limits), std::move(attempt),
                                           std::move(judge));
  co_return std::move(result);
}

}  // namespace penstock
