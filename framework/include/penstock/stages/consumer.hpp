// Where items go to.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/body/body.hpp>
#include <penstock/flow/operations.hpp>
#include <penstock/stages/detail/describe_body.hpp>
#include <penstock/stages/detail/plain_maker.hpp>
#include <penstock/stages/options.hpp>

namespace penstock {

struct consumer_options {
  std::string name;                         ///< required; unique in its pipeline
  std::size_t workers = 1;                  ///< how many bodies run at once, at most
  std::size_t capacity = default_capacity;  ///< of the edge before the stage, in items
  place on = place::cpu;                    ///< `blocking` for a body that waits for files or a database
  error_policy on_error = fail_fast;
};

namespace detail {

inline stage_description describe(consumer_options o) {
  stage_description about;
  about.name = std::move(o.name);
  about.kind = "consumer";
  about.workers = o.workers;
  about.capacity = o.capacity;
  about.where = o.on;
  about.on_error = o.on_error;
  about.is_consumer = true;
  return about;
}

template <class Body>
struct sink {
  static constexpr bool is_producer = false;
  static constexpr bool is_consumer = true;

  stage_description about;
  Body body;

  template <class In>
  static constexpr bool accepts = takes_item<Body, In>();

  template <class In>
  static constexpr bool check() {
    static_assert(!is_awaitable<item_result_t<Body, In>>,
                  "penstock: this body returns an awaitable: it belongs into async_consumer");
    return !is_awaitable<item_result_t<Body, In>>;
  }

  template <class In>
  using operation = flow::consuming<Body, In>;

  template <class In, class Receipt>
  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker() && {
    auto copy = about;
    return std::make_shared<plain_maker<In, Receipt, operation<In>, Body>>(std::move(copy), std::move(body));
  }
};

}  // namespace detail

/// The end of the line: `body(In)` or `body(In, context&)`; what it returns is ignored.
template <class Body>
[[nodiscard]] auto consumer(consumer_options options, Body&& body) {
  auto about = detail::describe(std::move(options));
  detail::describe_body(about, body);
  return detail::sink<std::decay_t<Body>>{std::move(about), std::forward<Body>(body)};
}

}  // namespace penstock
