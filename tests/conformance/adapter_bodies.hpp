// How a line of the adapter is drawn: source -> stages -> sink. A line is a value; each word adds a stage and returns
// the longer line, and `each` or `into` closes it into something that a machine runs.
#pragma once

#include <boost/asio.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
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

/// How often a body is called again with an item for which it has thrown, and how long before the first time; each
/// further pause is twice as long.
struct again {
  unsigned times = 1;
  std::chrono::nanoseconds pause = std::chrono::milliseconds(1);

  [[nodiscard]] penstock::retry_options given() const {
    return {.times = times, .backoff = pause, .jitter = penstock::jitter::none};
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

/// Such a function without its type: a stage is compiled for what goes in and out, so once for all the functions of a
/// suite.
template <class Out, class In>
class body {
 public:
  template <class F>
    requires(!std::same_as<F, body>)
  explicit body(F f)
      : call_([f = std::make_shared<const F>(std::move(f))](In item, penstock::context& c) -> Out {
          return static_cast<Out>(call_body(*f, std::forward<In>(item), c));
        }) {}

  Out operator()(In item, penstock::context& c) const { return call_(std::forward<In>(item), c); }

 private:
  std::function<Out(In, penstock::context&)> call_;
};
template <class In, class F>
body<body_result<F, In>, In> body_of(F f) {
  return body<body_result<F, In>, In>(std::move(f));
}

template <class Bodies, class T, class... Stages>
class line {
 public:
  explicit line(std::tuple<Stages...> stages) : stages_(std::move(stages)) {}

  /// One item in, one item out.
  template <class F>
  [[nodiscard]] auto map(F f, policy how = {}) && {
    return add<body_result<F, T>>(Bodies::template map<T>(name(), how, body_of<T>(std::move(f))));
  }
  /// The same, where an item may be tried several times. The body gets an lvalue.
  template <class F>
  [[nodiscard]] auto map(F f, again tries, policy how = {}) && {
    return add<body_result<F, T&>>(Bodies::template map_again<T>(name(), how, tries, body_of<T&>(std::move(f))));
  }
  /// The same, where an item that fails in the end goes into `letters`, with its error.
  template <class Queue, class F>
  [[nodiscard]] auto map_or_bury(Queue& letters, F f, again tries = {0}, policy how = {}) && {
    return add<body_result<F, T&>>(
        Bodies::template map_or_bury<T>(name(), how, letters.native(), tries, body_of<T&>(std::move(f))));
  }
  /// The same, by workers that divide the items by `key`: those of one key are in order.
  template <class Key, class F>
  [[nodiscard]] auto map_by(Key key, F f, policy how = {}) && {
    return add<body_result<F, T>>(penstock::keyed_transform(how.given<penstock::keyed_options>(name()), std::move(key),
                                                            body_of<T>(std::move(f))));
  }
  template <class F>
  [[nodiscard]] auto filter(F f, policy how = {}) && {
    return add<T>(penstock::filter(how.given<penstock::transform_options>(name()), body_of<const T&>(std::move(f))));
  }
  /// `f` gives an optional.
  template <class F>
  [[nodiscard]] auto pick(F f, policy how = {}) && {
    using next = typename body_result<F, T>::value_type;
    return add<next>(penstock::filter_map(how.given<penstock::transform_options>(name()), body_of<T>(std::move(f))));
  }
  /// `f` gives a range.
  template <class F>
  [[nodiscard]] auto expand(F f, policy how = {}) && {
    using next = std::ranges::range_value_t<body_result<F, T>>;
    return add<next>(penstock::flat_map(how.given<penstock::transform_options>(name()), body_of<T>(std::move(f))));
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

  /// Items leave in the order of their numbers, 0, 1, 2, …; `window` of them may wait for one that is late.
  template <class Number>
  [[nodiscard]] auto in_order_of(Number number, std::size_t window, bool skip_gaps = false) && {
    return add<T>(penstock::resequence(
        {.name = name(), .window = window, .on_gap = skip_gaps ? penstock::gap::skip_over : penstock::gap::fail},
        std::move(number)));
  }
  /// Bounds the weight of what waits before the next word's stage, `map` with that function.
  template <class Weigh, class F>
  [[nodiscard]] auto map_weighed(Weigh weigh, std::uint64_t most, F f, policy how = {}) && {
    return add<body_result<F, T>>(penstock::weighed({.most = most}, std::move(weigh),
                                                    Bodies::template map<T>(name(), how, body_of<T>(std::move(f)))));
  }
  /// Each item goes through both, by a copy; what they make comes together in no order.
  template <class F, class G>
  [[nodiscard]] auto both(F f, G g, policy how = {}) && {
    return add<body_result<F, T>>(
        penstock::tee({.name = name()}, part("a", how, std::move(f)), part("b", how, std::move(g))));
  }
  /// Each item goes through the first or the second, as `which` says.
  template <class Which, class F, class G>
  [[nodiscard]] auto either(Which which, F f, G g, policy how = {}) && {
    return add<body_result<F, T>>(penstock::route({.name = name()}, std::move(which), part("a", how, std::move(f)),
                                                  part("b", how, std::move(g))));
  }

  /// The sink is a function of an item.
  template <class F>
  [[nodiscard]] penstock::pipeline each(F f, policy how = {}) && {
    return close(Bodies::template each<T>(name(), how, body<void, T>(std::move(f))));
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

  /// A branch with one stage.
  template <class F>
  static auto part(const char* which, policy how, F f) {
    return penstock::branch(Bodies::template map<T>(name() + which, how, body_of<T>(std::move(f))));
  }
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

  template <class T, class F>
  static auto by_reference(F f) {
    return [f = std::move(f)](T& item, penstock::context& c) { return call_body(f, item, c); };
  }

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
  static auto map_again(std::string name, const policy& how, again tries, F f) {
    return penstock::transform(how.given<penstock::transform_options>(std::move(name)),
                               penstock::retry(tries.given(), by_reference<T>(std::move(f))));
  }
  template <class T, class Letters, class F>
  static auto map_or_bury(std::string name, const policy& how, Letters& letters, again tries, F f) {
    return penstock::transform(
        how.given<penstock::transform_options>(std::move(name)),
        penstock::dead_letter(letters, penstock::retry(tries.given(), by_reference<T>(std::move(f)))));
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

  template <class T, class F>
  static auto by_reference(F f) {
    return [f = std::move(f)](T& item, penstock::context& c) -> boost::asio::awaitable<body_result<F, T&>> {
      co_return call_body(f, item, c);
    };
  }

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
  static auto map_again(std::string name, const policy& how, again tries, F f) {
    return penstock::async_transform(how.given<penstock::async_transform_options>(std::move(name)),
                                     penstock::retry(tries.given(), by_reference<T>(std::move(f))));
  }
  template <class T, class Letters, class F>
  static auto map_or_bury(std::string name, const policy& how, Letters& letters, again tries, F f) {
    return penstock::async_transform(
        how.given<penstock::async_transform_options>(std::move(name)),
        penstock::dead_letter(letters, penstock::retry(tries.given(), by_reference<T>(std::move(f)))));
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
