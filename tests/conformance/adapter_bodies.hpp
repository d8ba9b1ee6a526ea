// How a line of the adapter is drawn: source -> stages -> sink. A line is a value; each word adds a stage and returns
// the longer line, and `each` or `into` closes it into something that a machine runs.
#pragma once

#include <boost/asio.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <penstock/penstock.hpp>

namespace adapter {

/// How a stage works.
struct policy {
  std::size_t workers = 1;
  std::size_t capacity = penstock::default_capacity;  ///< items that may wait before it
  bool in_order = false;                              ///< with several workers: results leave in input order
  std::size_t window = 0;                             ///< in order: items under way, at most; 0: the library's choice
  bool skip_errors = false;                           ///< an item whose body throws is counted; else it fails the run
  bool may_block = false;                             ///< a plain body that waits for something outside

  template <class Options>
  [[nodiscard]] Options given(std::string name) const {
    Options o;
    o.name = std::move(name);
    o.workers = workers;
    o.capacity = capacity;
    o.on_error = skip_errors ? penstock::skip : penstock::fail_fast;
    if constexpr (requires { o.window; }) {
      o.order = in_order ? penstock::order::kept : penstock::order::any;
      o.window = window;
    }
    if constexpr (requires { o.on; }) o.on = may_block ? penstock::place::blocking : penstock::place::cpu;
    return o;
  }
};

/// A function of an item, with or without a trailing `penstock::context&`. Workers share it, so it must be callable
/// when const.
template <class F, class T>
decltype(auto) call_body(const F& f, T&& item, penstock::context& c) {
  if constexpr (std::invocable<const F&, T>) {
    return f(std::forward<T>(item));
  } else {
    return f(std::forward<T>(item), c);
  }
}
template <class F, class T>
using body_result =
    std::decay_t<decltype(call_body(std::declval<const F&>(), std::declval<T>(), std::declval<penstock::context&>()))>;

template <class Bodies, class T, class... Stages>
class line {
 public:
  explicit line(std::tuple<Stages...> stages) : stages_(std::move(stages)) {}

  /// One item in, one item out.
  template <class F>
  [[nodiscard]] auto map(F f, policy how = {}) && {
    return add<body_result<F, T>>(Bodies::template map<T>(name(), how, std::move(f)));
  }
  template <class F>
  [[nodiscard]] auto filter(F f, policy how = {}) && {
    return add<T>(penstock::filter(how.given<penstock::transform_options>(name()), std::move(f)));
  }
  /// `f` gives an optional.
  template <class F>
  [[nodiscard]] auto pick(F f, policy how = {}) && {
    using next = typename body_result<F, T>::value_type;
    return add<next>(penstock::filter_map(how.given<penstock::transform_options>(name()), std::move(f)));
  }
  /// `f` gives a range.
  template <class F>
  [[nodiscard]] auto expand(F f, policy how = {}) && {
    using next = std::ranges::range_value_t<body_result<F, T>>;
    return add<next>(penstock::flat_map(how.given<penstock::transform_options>(name()), std::move(f)));
  }
  [[nodiscard]] auto batch(std::size_t count, std::chrono::nanoseconds within = std::chrono::nanoseconds::max(),
                           std::size_t capacity = penstock::default_capacity) && {
    return add<std::vector<T>>(
        penstock::batch({.name = name(), .count = count, .within = within, .capacity = capacity}));
  }
  [[nodiscard]] auto throttle(penstock::rate rate, std::size_t burst = 1,
                              std::size_t capacity = penstock::default_capacity) && {
    return add<T>(penstock::throttle({.name = name(), .rate = rate, .burst = burst, .capacity = capacity}));
  }
  [[nodiscard]] auto take(std::size_t count, std::size_t capacity = penstock::default_capacity) && {
    return add<T>(penstock::take({.name = name(), .count = count, .capacity = capacity}));
  }

  /// The sink is a function of an item.
  template <class F>
  [[nodiscard]] penstock::pipeline each(F f, policy how = {}) && {
    return close(Bodies::template each<T>(name(), how, std::move(f)));
  }
  /// The sink is a vector, which must outlive the run.
  [[nodiscard]] penstock::pipeline into(std::vector<T>& to, policy how = {}) && {
    how.workers = 1;
    return std::move(*this).each([&to](T item) { to.push_back(std::move(item)); }, how);
  }
  /// The sink is a queue.
  template <class Queue>
    requires requires(Queue& q) { q.native(); }
  [[nodiscard]] penstock::pipeline into(Queue& to, policy how = {}) && {
    return close(penstock::consumer({.name = name(), .capacity = how.capacity}, penstock::into(to.native())));
  }

 private:
  [[nodiscard]] static std::string name() { return std::to_string(sizeof...(Stages)); }

  template <class Next, class Stage>
  auto add(Stage stage) {
    return line<Bodies, Next, Stages..., Stage>(
        std::tuple_cat(std::move(stages_), std::tuple<Stage>(std::move(stage))));
  }
  template <class Stage>
  penstock::pipeline close(Stage last) {
    auto make = [&](auto&... before) {
      return penstock::pipeline("conformance", std::move(before)..., std::move(last));
    };
    return std::apply(make, stages_);
  }

  std::tuple<Stages...> stages_;
};

template <class Bodies, class T, class Stage>
auto first_of_a_line(Stage stage) {
  return line<Bodies, T, Stage>(std::tuple<Stage>(std::move(stage)));
}

/// Plain functions as bodies.
struct plain_bodies {
  static constexpr bool coroutines = false;

  template <class From>
  static auto from(From source) {
    auto stage = penstock::producer({.name = "0"}, std::move(source));
    return first_of_a_line<plain_bodies, typename decltype(stage)::item>(std::move(stage));
  }
  template <class T, class F>
  static auto map(std::string name, const policy& how, F f) {
    return penstock::transform(how.given<penstock::transform_options>(std::move(name)), std::move(f));
  }
  template <class T, class F>
  static auto each(std::string name, const policy& how, F f) {
    return penstock::consumer(how.given<penstock::consumer_options>(std::move(name)), std::move(f));
  }
};

/// The elements of a range, one for each call. A copy begins again, in a range of its own.
template <class Range>
class steps {
 public:
  explicit steps(Range range) : range_(std::move(range)) {}
  steps(const steps& other) : range_(other.range_) {}
  steps(steps&& other) noexcept : range_(std::move(other.range_)) {}
  steps& operator=(const steps&) = delete;

  std::optional<std::ranges::range_value_t<Range>> operator()() {
    if (!at_) at_ = std::ranges::begin(range_);
    if (*at_ == std::ranges::end(range_)) return std::nullopt;
    return *(*at_)++;
  }

 private:
  Range range_;
  std::optional<std::ranges::iterator_t<Range>> at_;
};

/// The same functions inside coroutines, wherever a stage may have coroutines as bodies.
struct coroutine_bodies {
  static constexpr bool coroutines = true;

  template <class From>
  static auto from(From source) {
    if constexpr (std::ranges::range<From>) {
      return from(steps<From>(std::move(source)));
    } else {
      using item = typename std::invoke_result_t<From&>::value_type;
      auto stage = penstock::async_producer(
          {.name = "0"}, [source = std::move(source)]() mutable -> boost::asio::awaitable<std::optional<item>> {
            co_return source();
          });
      return first_of_a_line<coroutine_bodies, item>(std::move(stage));
    }
  }
  template <class T, class F>
  static auto map(std::string name, const policy& how, F f) {
    return penstock::async_transform(
        how.given<penstock::async_transform_options>(std::move(name)),
        [f = std::move(f)](T item, penstock::context& c) -> boost::asio::awaitable<body_result<F, T>> {
          co_return call_body(f, std::move(item), c);
        });
  }
  template <class T, class F>
  static auto each(std::string name, const policy& how, F f) {
    return penstock::async_consumer(how.given<penstock::async_consumer_options>(std::move(name)),
                                    [f = std::move(f)](T item, penstock::context& c) -> boost::asio::awaitable<void> {
                                      call_body(f, std::move(item), c);
                                      co_return;
                                    });
  }
};

}  // namespace adapter
