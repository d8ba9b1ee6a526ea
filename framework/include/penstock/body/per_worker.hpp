// State of one worker: a body that is made afresh for each worker and each run.
#pragma once

#include <type_traits>
#include <utility>

#include <penstock/body/context.hpp>

namespace penstock {

/// A body that says how to make bodies. See `per_worker`.
template <class Factory>
struct per_worker_body {
  Factory factory;
};

/// `factory()` makes the body of one worker; it is called once per worker and run, before the run starts, on the thread
/// that starts it. An exception of it is thrown by `start` after everything already made was destroyed again.
///
/// A body made so may be move-only, and may have a member `finish(context&)`: called once on the worker after its last
/// item when the input ended or the run was stopped, not when the run was cancelled or failed (then only its destructor
/// runs). An exception of `finish` fails the run.
template <class Factory>
[[nodiscard]] per_worker_body<std::decay_t<Factory>> per_worker(Factory&& factory) {
  return {std::forward<Factory>(factory)};
}

namespace detail {

template <class Body>
inline constexpr bool is_per_worker = false;
template <class Factory>
inline constexpr bool is_per_worker<per_worker_body<Factory>> = true;

template <class Body>
concept finishing = requires(Body& body, context& c) { body.finish(c); };

}  // namespace detail
}  // namespace penstock
