// Stages in the middle whose body is a plain function of one item: transform, filter, filter_map, flat_map.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/body/body.hpp>
#include <penstock/flow/operations.hpp>
#include <penstock/stages/detail/describe_body.hpp>
#include <penstock/stages/detail/plain_maker.hpp>
#include <penstock/stages/options.hpp>

namespace penstock {

struct transform_options {
  std::string name;                         ///< required; unique in its pipeline
  std::size_t workers = 1;                  ///< how many bodies run at once, at most; more use more cores
  std::size_t capacity = default_capacity;  ///< of the edge before the stage, in items
  penstock::order order = order::any;       ///< matters with several workers
  std::size_t window = 0;                   ///< order kept: items between taken and sent on, at most; 0: as the
                                            ///< capacity, at least twice the workers. More rides out uneven items,
                                            ///< fewer holds less
  place on = place::cpu;                    ///< `blocking` for a body that waits for files or a database
  error_policy on_error = fail_fast;
};

namespace detail {

inline stage_description describe(transform_options o, const char* kind) {
  stage_description about;
  about.name = std::move(o.name);
  about.kind = kind;
  about.workers = o.workers;
  about.capacity = o.capacity;
  about.ordering = o.order;
  about.window = o.window;
  about.where = o.on;
  about.on_error = o.on_error;
  return about;
}

/// What `Body` returns for an `In`; only where it can be called.
template <class Body, class In>
using returned = item_result_t<Body, In>;

template <class Body>
struct mapped {
  template <class In>
  static constexpr bool accepts = takes_item<Body, In>();
  template <class In>
  using operation = flow::mapping<flow::shape::one, Body, In>;
  template <class In>
  static constexpr bool check() {
    using R = returned<Body, In>;
    static_assert(!std::is_void_v<R>,
                  "penstock: the body of a transform must return the item to go on; this one returns nothing");
    static_assert(!is_awaitable<R>, "penstock: this body returns an awaitable: it belongs into async_transform");
    return !std::is_void_v<R> && !is_awaitable<R>;
  }
};

template <class Body>
struct filtered {
  template <class In>
  static constexpr bool accepts = takes_item<Body, const In&>();
  template <class In>
  using operation = flow::filtering<Body, In>;
  template <class In>
  static constexpr bool check() {
    static_assert(std::convertible_to<returned<Body, const In&>, bool>,
                  "penstock: the body of a filter is a predicate and must return a bool");
    return std::convertible_to<returned<Body, const In&>, bool>;
  }
};

template <class Body>
struct filter_mapped {
  template <class In>
  static constexpr bool accepts = takes_item<Body, In>();
  template <class In>
  using operation = flow::mapping<flow::shape::maybe, Body, In>;
  template <class In>
  static constexpr bool check() {
    static_assert(is_optional<returned<Body, In>>, "penstock: the body of a filter_map must return a std::optional");
    return is_optional<returned<Body, In>>;
  }
};

template <class Body>
struct flat_mapped {
  template <class In>
  static constexpr bool accepts = takes_item<Body, In>();
  template <class In>
  using operation = flow::mapping<flow::shape::many, Body, In>;
  template <class In>
  static constexpr bool check() {
    static_assert(std::ranges::input_range<returned<Body, In>>, "penstock: the body of a flat_map must return a range");
    return std::ranges::input_range<returned<Body, In>>;
  }
};

/// A stage in the middle; `Kind` says what its body means.
template <template <class> class Kind, class Body>
struct middle {
  static constexpr bool is_producer = false;
  static constexpr bool is_consumer = false;

  stage_description about;
  Body body;

  template <class In>
  static constexpr bool accepts = Kind<Body>::template accepts<In>;

  template <class In>
  static constexpr bool check() {
    return Kind<Body>::template check<In>();
  }

  template <class In>
  using operation = typename Kind<Body>::template operation<In>;

  template <class In>
  using output = typename operation<In>::item;

  template <class In, class Receipt>
  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker() && {
    auto copy = about;
    return std::make_shared<plain_maker<In, Receipt, operation<In>, Body>>(std::move(copy), std::move(body));
  }
};

template <template <class> class Kind, class Body>
auto make_middle(transform_options options, const char* kind, Body&& body) {
  auto about = describe(std::move(options), kind);
  describe_body(about, body);
  return middle<Kind, std::decay_t<Body>>{std::move(about), std::forward<Body>(body)};
}

}  // namespace detail

/// One item in, one item out: `body(In)` or `body(In, context&)` returns the item that goes on. Never drops an item.
template <class Body>
[[nodiscard]] auto transform(transform_options options, Body&& body) {
  return detail::make_middle<detail::mapped>(std::move(options), "transform", std::forward<Body>(body));
}

/// Lets those items pass for which `predicate(const In&)` is true.
template <class Predicate>
[[nodiscard]] auto filter(transform_options options, Predicate&& predicate) {
  return detail::make_middle<detail::filtered>(std::move(options), "filter", std::forward<Predicate>(predicate));
}

/// `body(In)` returns a `std::optional`: what goes on, or nothing.
template <class Body>
[[nodiscard]] auto filter_map(transform_options options, Body&& body) {
  return detail::make_middle<detail::filter_mapped>(std::move(options), "filter_map", std::forward<Body>(body));
}

/// `body(In)` returns a range; its elements go on one by one, as there is room. The elements of a container are moved
/// out of it, those of a view are copied.
template <class Body>
[[nodiscard]] auto flat_map(transform_options options, Body&& body) {
  return detail::make_middle<detail::flat_mapped>(std::move(options), "flat_map", std::forward<Body>(body));
}

}  // namespace penstock
