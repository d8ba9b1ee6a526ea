// Stages whose bodies are coroutines (`boost::asio::awaitable`) on the runtime's I/O context.
//
// The bodies of one stage run on one strand: never two at the same instant, so they may share state without locks,
// while up to `workers` of them wait at the same time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/body/body.hpp>
#include <penstock/flow/async_source.hpp>
#include <penstock/flow/async_stage.hpp>
#include <penstock/stages/detail/describe_body.hpp>
#include <penstock/stages/detail/plain_maker.hpp>
#include <penstock/stages/options.hpp>

namespace penstock {

struct async_producer_options {
  std::string name;  ///< required; unique in its pipeline
  error_policy on_error = fail_fast;
};

struct async_transform_options {
  std::string name;                         ///< required; unique in its pipeline
  std::size_t workers = 16;                 ///< bodies under way at once, at most; thousands are fine
  std::size_t capacity = default_capacity;  ///< of the edge before the stage, in items
  penstock::order order = order::any;       ///< whether results leave in input order
  std::size_t window = 0;                   ///< order kept: items between taken and sent on, at most; 0: as the
                                            ///< capacity, at least twice the workers
  duration limit = duration::max();         ///< how long a body may take for an item, and each attempt of `retry`: then
                                            ///< it gets a terminal cancellation, and what it throws counts as
                                            ///< `errc::timed_out`
  error_policy on_error = fail_fast;
};

struct async_consumer_options {
  std::string name;                         ///< required; unique in its pipeline
  std::size_t workers = 16;                 ///< bodies under way at once, at most; thousands are fine
  std::size_t capacity = default_capacity;  ///< of the edge before the stage, in items
  duration limit = duration::max();         ///< as in `async_transform_options`
  error_policy on_error = fail_fast;
};

namespace detail {

template <class In, class Receipt, class Body, flow::shape Kind>
class async_maker final : public flow::stage_maker {
 public:
  async_maker(stage_description about, Body body) : about_(std::move(about)), body_(std::move(body)) {}

  [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t capacity) const override {
    return std::make_unique<flow::edge<flow::cell<In, Receipt>>>(capacity);
  }

  void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
    // To the edges and the run, all slots together are one worker.
    add_worker<flow::async_stage<In, Receipt, Body, Kind>>(stage, around.strand(), around.services(), stage.state,
                                                           body_, about_.workers, about_.window_in_force(),
                                                           about_.limit);
  }

 private:
  stage_description about_;
  Body body_;
};

template <class Body>
class async_source_maker final : public flow::stage_maker {
 public:
  explicit async_source_maker(Body body) : body_(std::move(body)) {}

  [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t) const override { return nullptr; }

  void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
    add_worker<flow::async_source<Body>>(stage, around.strand(), around.services(), stage.state, body_);
  }

 private:
  Body body_;
};

template <class Body>
using awaited_from = awaited_t<std::decay_t<result_of<worker_body_t<Body>>>>;

template <class Body>
struct async_producing {
  static_assert(!is_wrapped<Body>,
                "penstock: retry, dead_letter and limited are for the body of a stage that is given items; an "
                "async_producer is not");
  static_assert(takes<worker_body_t<Body>>, "penstock: the body of an async_producer is called without an item");
  static_assert(is_awaitable<std::decay_t<result_of<worker_body_t<Body>>>> && is_optional<awaited_from<Body>>,
                "penstock: the body of an async_producer must return an awaitable of a std::optional");
  static constexpr bool is_producer = true;
  static constexpr bool is_consumer = false;
  using item = typename awaited_from<Body>::value_type;
  using receipt_type = flow::no_receipt;

  stage_description about;
  Body body;

  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker() && {
    return std::make_shared<async_source_maker<Body>>(std::move(body));
  }
};

template <class Body, flow::shape Kind>
struct async_middle {
  static constexpr bool is_producer = false;
  static constexpr bool is_consumer = Kind == flow::shape::none;

  stage_description about;
  Body body;

  template <class In>
  static constexpr bool accepts = takes_item<Body, In>();

  template <class In>
  using returns = item_result_t<Body, In>;

  template <class In>
  static constexpr bool check() {
    static_assert(
        is_awaitable<returns<In>>,
        "penstock: the body of an async_ stage must return a boost::asio::awaitable; a plain body belongs into "
        "the stage of the same name without async_");
    static_assert(is_consumer || !std::is_void_v<awaited_t<returns<In>>>,
                  "penstock: the body of an async_transform must give the item to go on; this one gives nothing");
    return is_awaitable<returns<In>> && (is_consumer || !std::is_void_v<awaited_t<returns<In>>>);
  }

  template <class In>
  using output = awaited_t<returns<In>>;

  template <class In, class Receipt>
  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker() && {
    auto copy = about;
    return std::make_shared<async_maker<In, Receipt, Body, Kind>>(std::move(copy), std::move(body));
  }
};

}  // namespace detail

/// A producer whose body is a coroutine: `body()` gives `awaitable<std::optional<T>>`. One body at a time. A stop
/// cancels the body's wait (terminal cancellation), since what it waits for would be new input.
template <class Body>
[[nodiscard]] auto async_producer(async_producer_options options, Body&& body) {
  stage_description about;
  about.name = std::move(options.name);
  about.kind = "async_producer";
  about.async = true;
  about.is_producer = true;
  about.on_error = options.on_error;
  return detail::async_producing<std::decay_t<Body>>{std::move(about), std::forward<Body>(body)};
}

/// One item in, one item out, with a body that waits: `body(In)` gives `awaitable<Out>`. When the run is cancelled the
/// bodies under way get a terminal cancellation, and what they end with is counted as dropped.
template <class Body>
[[nodiscard]] auto async_transform(async_transform_options options, Body&& body) {
  stage_description about;
  about.name = std::move(options.name);
  about.kind = "async_transform";
  about.workers = options.workers;
  about.capacity = options.capacity;
  about.ordering = options.order;
  about.window = options.window;
  about.limit = options.limit;
  about.on_error = options.on_error;
  about.async = true;
  detail::describe_body(about, body);
  return detail::async_middle<std::decay_t<Body>, flow::shape::one>{std::move(about), std::forward<Body>(body)};
}

/// The end of the line with a body that waits: `body(In)` gives `awaitable<void>`.
template <class Body>
[[nodiscard]] auto async_consumer(async_consumer_options options, Body&& body) {
  stage_description about;
  about.name = std::move(options.name);
  about.kind = "async_consumer";
  about.workers = options.workers;
  about.capacity = options.capacity;
  about.limit = options.limit;
  about.on_error = options.on_error;
  about.async = true;
  about.is_consumer = true;
  detail::describe_body(about, body);
  return detail::async_middle<std::decay_t<Body>, flow::shape::none>{std::move(about), std::forward<Body>(body)};
}

}  // namespace penstock
