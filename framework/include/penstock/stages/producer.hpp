// Where items come from.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/body/body.hpp>
#include <penstock/body/wrapping.hpp>
#include <penstock/flow/operations.hpp>
#include <penstock/stages/detail/plain_maker.hpp>
#include <penstock/stages/options.hpp>

namespace penstock {

struct producer_options {
  std::string name;                   ///< required; unique in its pipeline
  place on = place::cpu;              ///< `blocking` for a body that reads files or waits
  error_policy on_error = fail_fast;  ///< `skip`: the call is counted as a failed item and the next one follows
};

namespace detail {

template <class Body>
concept calls_for_items =
    !is_wrapped<Body> && takes<worker_body_t<Body>> && is_optional<std::decay_t<result_of<worker_body_t<Body>>>>;

template <class Op, class Body>
struct source {
  static constexpr bool is_producer = true;
  static constexpr bool is_consumer = false;
  using item = typename Op::item;
  using receipt_type = flow::no_receipt;

  stage_description about;
  Body body;

  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker() && {
    auto copy = about;
    return std::make_shared<source_maker<Op, Body>>(std::move(copy), std::move(body));
  }
};

inline stage_description describe(producer_options o) {
  stage_description about;
  about.name = std::move(o.name);
  about.kind = "producer";
  about.where = o.on;
  about.on_error = o.on_error;
  about.is_producer = true;
  return about;
}

}  // namespace detail

/// A stage without input. `body()` (or `body(context&)`) returns `std::optional<T>`: the next item, or none at the end.
/// It is called only while there is room for the item. After a stop it is not called again; a body that waits should
/// look at `context::stop_token()`. Its state is copied for each run, so a pipeline can be run many times.
template <class Body>
  requires detail::calls_for_items<std::decay_t<Body>>
[[nodiscard]] auto producer(producer_options options, Body&& body) {
  using B = std::decay_t<Body>;
  return detail::source<flow::calling<B>, B>{detail::describe(std::move(options)), std::forward<Body>(body)};
}

/// The same for the elements of a range (`std::vector`, `std::views::iota(…)`): each run iterates it from the start and
/// copies the elements.
template <class Range>
  requires(std::ranges::input_range<std::decay_t<Range>> && !detail::calls_for_items<std::decay_t<Range>>)
[[nodiscard]] auto producer(producer_options options, Range&& range) {
  using R = std::decay_t<Range>;
  return detail::source<flow::iterating<R>, R>{detail::describe(std::move(options)), std::forward<Range>(range)};
}

/// Anything else: only says what is wrong with it.
template <class Body>
  requires(!std::ranges::input_range<std::decay_t<Body>> && !detail::calls_for_items<std::decay_t<Body>>)
auto producer(producer_options, Body&&) {
  using B = detail::worker_body_t<std::decay_t<Body>>;
  static_assert(!detail::is_wrapped<std::decay_t<Body>>,
                "penstock: retry, dead_letter and limited are for the body of a stage that is given items; a producer "
                "is not");
  if constexpr (detail::takes<B>) {
    static_assert(!detail::is_awaitable<std::decay_t<detail::result_of<B>>>,
                  "penstock: this body returns an awaitable: it belongs into async_producer");
  }
  static_assert(detail::calls_for_items<Body>,
                "penstock: a producer is given a callable that returns a std::optional, a range, or a penstock::queue");
}

}  // namespace penstock
