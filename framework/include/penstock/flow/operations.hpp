// What the plain stages do with one item, as small objects that the workers call.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

#include <penstock/body/body.hpp>
#include <penstock/body/wrapping.hpp>
#include <penstock/flow/held_result.hpp>

namespace penstock::flow {

/// The item as the body gets it: to keep, or only to use, where it may be needed again.
template <class Body, class In>
constexpr decltype(auto) give(In& value) noexcept {
  if constexpr (penstock::detail::keeps_item<Body>) {
    return (value);
  } else {
    return std::move(value);
  }
}

/// `transform`, `filter_map`, `flat_map`: the body's result is one item, perhaps one, or many.
template <shape Kind, class Body, class In>
class mapping {
 public:
  static constexpr shape kind = Kind;
  using result = penstock::detail::item_result_t<Body, In>;
  using policies_type = penstock::detail::policies_t<Body>;
  using item = item_of_t<Kind, result>;
  template <class Receipt>
  using held = held_result<Kind, result, Receipt>;

  explicit mapping(const Body& declared)
      : policies(declared), body_(penstock::detail::wrapping<Body>::inside(declared)) {}

  result operator()(context& c, In&& value) { return body_(c, give<Body>(value)); }
  void finish(context& c) { body_.finish(c); }

  [[no_unique_address]] policies_type policies;

 private:
  penstock::detail::item_body_t<Body, In> body_;
};

/// `filter`: the predicate looks at the item and says whether it goes on.
template <class Body, class In>
class filtering {
 public:
  static constexpr shape kind = shape::maybe;
  using result = std::optional<In>;
  using policies_type = penstock::detail::policies_t<Body>;
  using item = In;
  template <class Receipt>
  using held = held_result<shape::maybe, result, Receipt>;

  explicit filtering(const Body& declared)
      : policies(declared), body_(penstock::detail::wrapping<Body>::inside(declared)) {}

  result operator()(context& c, In&& value) {
    if (!body_(c, std::as_const(value))) return std::nullopt;
    return std::move(value);
  }
  void finish(context& c) { body_.finish(c); }

  [[no_unique_address]] policies_type policies;

 private:
  penstock::detail::item_body_t<Body, const In&> body_;
};

/// `consumer`: the end of the line.
template <class Body, class In>
class consuming {
 public:
  static constexpr shape kind = shape::none;
  using item = std::nullptr_t;  // stands for "no edge"
  using policies_type = penstock::detail::policies_t<Body>;
  template <class Receipt>
  using held = nothing_held;

  explicit consuming(const Body& declared)
      : policies(declared), body_(penstock::detail::wrapping<Body>::inside(declared)) {}

  void operator()(context& c, In&& value) { static_cast<void>(body_(c, give<Body>(value))); }
  void finish(context& c) { body_.finish(c); }

  [[no_unique_address]] policies_type policies;

 private:
  penstock::detail::item_body_t<Body, In> body_;
};

/// `producer` with a callable: each call gives the next item, or none at the end.
template <class Body>
class calling {
 public:
  using item = typename std::decay_t<penstock::detail::result_of<penstock::detail::worker_body_t<Body>>>::value_type;

  explicit calling(const Body& declared) : body_(declared) {}

  std::optional<item> operator()(context& c) { return body_(c); }
  void finish(context& c) { body_.finish(c); }

 private:
  penstock::detail::body_of_worker<Body> body_;
};

/// `producer` with a range: its elements are copied. A range that can be iterated while const is shared by all runs,
/// any other (a generator-like view) is copied for each run.
template <class Range>
class iterating {
  static constexpr bool shared = std::ranges::input_range<const Range>;
  using own = std::conditional_t<shared, const Range*, std::unique_ptr<Range>>;
  using seen = std::conditional_t<shared, const Range, Range>;

 public:
  using item = std::ranges::range_value_t<seen>;
  static_assert(std::constructible_from<item, std::ranges::range_reference_t<seen>>,
                "penstock: the elements of this range cannot be copied, and a pipeline can be run many times; give a "
                "callable that makes them");

  explicit iterating(const Range& declared) : range_(hold(declared)), next_(std::ranges::begin(*range_)) {}

  std::optional<item> operator()(context&) {
    if (next_ == std::ranges::end(*range_)) return std::nullopt;
    std::optional<item> value(std::in_place, *next_);
    ++next_;
    return value;
  }
  void finish(context&) noexcept {}

 private:
  static own hold(const Range& declared) {
    if constexpr (shared) {
      return std::addressof(declared);
    } else {
      return std::make_unique<Range>(declared);
    }
  }

  own range_;
  std::ranges::iterator_t<seen> next_;
};

}  // namespace penstock::flow
