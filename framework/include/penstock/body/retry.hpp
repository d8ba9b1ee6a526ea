// A body that is tried again when it has thrown.
#pragma once

#include <type_traits>
#include <utility>

#include <penstock/body/body.hpp>
#include <penstock/body/wrapping.hpp>

namespace penstock {

/// A body with what is to be done when it throws. See `retry`.
template <class Body>
struct retry_body {
  retry_options options;
  Body body;
};

/// `body`, and up to `times` further attempts at an item for which it throws, each after a back-off. The body is called
/// with an lvalue, since the item may be needed again: what it takes out of the item is missing in the next attempt.
/// `context::attempt()` counts from 1.
///
/// An item that waits for its next attempt keeps its worker, and in an ordered stage its place, but no thread: the
/// stage's other workers go on. A stop or a drain lets it wait and try on; a cancel drops it at once. What the last
/// attempt threw is what the item came to: the stage's `on_error` or `dead_letter` decides, and only that error is in
/// the report. Attempts are counted as `retried`.
///
/// Around any body of a stage that is given items, `per_worker` too; with `limited` in any order; inside of
/// `dead_letter`. What the range of a `flat_map` throws while it is iterated is not tried again: part of it has left.
template <class Body>
[[nodiscard]] retry_body<std::decay_t<Body>> retry(retry_options options, Body&& body) {
  return {options, std::forward<Body>(body)};
}

namespace detail {

template <class Body>
struct wrapping<retry_body<Body>> : wrapping<Body> {
  static_assert(!wrapping<Body>::retries, "penstock: this body is under retry twice; once is enough");
  static_assert(!buries<Body>,
                "penstock: a dead letter is written after the last attempt, so dead_letter belongs "
                "around retry: dead_letter(queue, retry({…}, body))");
  static constexpr bool retries = true;

  static constexpr decltype(auto) inside(const retry_body<Body>& declared) noexcept {
    return wrapping<Body>::inside(declared.body);
  }
  template <class Policies>
  static void fill(Policies& policies, const retry_body<Body>& declared) {
    policies.retry = retry_rules(declared.options);
    wrapping<Body>::fill(policies, declared.body);
  }
};

template <class Body>
struct worker_body<retry_body<Body>> : worker_body<Body> {};

}  // namespace detail
}  // namespace penstock
