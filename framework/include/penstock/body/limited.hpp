// A body that runs only with a permit of a shared limit.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include <penstock/body/body.hpp>
#include <penstock/body/wrapping.hpp>
#include <penstock/sync/shared_limit.hpp>

namespace penstock {

/// A body with the limit that it is under. See `limited`.
template <class Body>
struct limited_body {
  std::shared_ptr<detail::limit_state> limit;
  Body body;
};

/// `body`, called only with a permit of `limit`: got before each attempt, given back when the body has returned or
/// thrown. A worker that waits for a permit holds its next item (it counts as taken) and no thread; it stands in line
/// with all others who want one. A cancel ends its wait and passes on a permit that was just handed to it.
///
/// A permit belongs to one attempt, so `limited` may stand inside of `retry` and `dead_letter` or around them, with the
/// same meaning: none is held during a back-off, nor while a dead letter waits for room.
template <class Body>
[[nodiscard]] limited_body<std::decay_t<Body>> limited(const shared_limit& limit, Body&& body) {
  return {detail::limit_access::state(limit), std::forward<Body>(body)};
}

namespace detail {

template <class Body>
struct wrapping<limited_body<Body>> : wrapping<Body> {
  static_assert(!wrapping<Body>::limits,
                "penstock: this body is under two limits; two bodies that take them in different order would wait for "
                "each other, so a body has one limit at most");
  static constexpr bool limits = true;

  static constexpr decltype(auto) inside(const limited_body<Body>& declared) noexcept {
    return wrapping<Body>::inside(declared.body);
  }
  template <class Policies>
  static void fill(Policies& policies, const limited_body<Body>& declared) {
    policies.limit = declared.limit;
    wrapping<Body>::fill(policies, declared.body);
  }
};

template <class Body>
struct worker_body<limited_body<Body>> : worker_body<Body> {};

}  // namespace detail
}  // namespace penstock
