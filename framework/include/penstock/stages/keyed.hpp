// Stages whose workers divide the items among themselves by a key: the items of one key always go to the same worker,
// one after the other.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/flow/keyed_inlet.hpp>
#include <penstock/stages/consumer.hpp>
#include <penstock/stages/detail/plain_maker.hpp>
#include <penstock/stages/options.hpp>
#include <penstock/stages/transform.hpp>

namespace penstock {

struct keyed_options {
  std::string name;                         ///< required; unique in its pipeline
  std::size_t workers = 1;                  ///< among whom the keys are divided. More use more cores, as long as there
                                            ///< are more keys in play
  std::size_t capacity = default_capacity;  ///< of the edge before the stage, in items, those that wait for their own
                                            ///< worker included. More lets others go on longer beside a busy key
  place on = place::cpu;                    ///< `blocking` for a body that waits for files or a database
  error_policy on_error = fail_fast;        ///< also for a `key_of` that throws
};

namespace detail {

template <class Key>
concept hashable = requires(const Key& key) {
  { std::hash<Key>{}(key) } -> std::convertible_to<std::size_t>;
};

template <class KeyOf, class In>
constexpr bool check_key() {
  constexpr bool callable = std::is_invocable_v<const KeyOf&, const In&>;
  static_assert(callable,
                "penstock: the key_of of a keyed stage must be callable, as a const object, with a const item of what "
                "the stage before it emits");
  if constexpr (callable) {
    constexpr bool hashed = hashable<std::remove_cvref_t<std::invoke_result_t<const KeyOf&, const In&>>>;
    static_assert(hashed,
                  "penstock: the key of a keyed stage must be something that std::hash takes (a number, an enum, a "
                  "string); for anything else return its hash");
    return hashed;
  } else {
    return false;
  }
}

template <class In, class Receipt, class Op, class KeyOf, class Body>
class keyed_maker final : public flow::stage_maker {
 public:
  keyed_maker(stage_description about, KeyOf key_of, Body body)
      : about_(std::move(about)), key_of_(std::move(key_of)), body_(std::move(body)) {}

  [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t capacity) const override {
    return std::make_unique<flow::edge<flow::cell<In, Receipt>>>(capacity);
  }

  void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
    using inlet = flow::keyed_inlet<flow::cell<In, Receipt>, KeyOf>;
    using worker = flow::parallel_stage<In, Receipt, Op, inlet>;
    using sides = flow::parallel_sides<In, Receipt, Op, inlet>;
    const auto at_once = stage.state.most_at_once;
    add_several<worker, Op>(stage, around, about_, std::make_shared<sides>(stage.state, key_of_, at_once), body_);
  }

 private:
  stage_description about_;
  KeyOf key_of_;
  Body body_;
};

/// `Stage` is the same stage without keys.
template <class Stage, class KeyOf>
struct keyed : Stage {
  static constexpr bool divides_its_input = true;

  KeyOf key_of;

  template <class In>
  static constexpr bool check() {
    if constexpr (check_key<KeyOf, In>()) {
      return Stage::template check<In>();
    } else {
      return false;
    }
  }

  template <class In, class Receipt>
  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker() && {
    using op = typename Stage::template operation<In>;
    using body_type = decltype(Stage::body);
    auto copy = this->about;
    return std::make_shared<keyed_maker<In, Receipt, op, KeyOf, body_type>>(std::move(copy), std::move(key_of),
                                                                            std::move(this->body));
  }
};

template <class Stage, class KeyOf>
auto make_keyed(Stage plain, const char* kind, KeyOf&& key_of) {
  plain.about.kind = kind;
  return keyed<Stage, std::decay_t<KeyOf>>{{std::move(plain)}, std::forward<KeyOf>(key_of)};
}

}  // namespace detail

/// A `transform` whose workers divide the items by key: items with equal keys go to the same worker of a run, in order,
/// and their results leave in that order. Between keys there is no order.
///
/// `key_of(const In&)` returns a number, an enum, a string, or whatever `std::hash` takes; a pointer to a member will
/// do. It decides by its hash, so it should be cheap and say the same every time. It is called once per item, by
/// whichever worker finds the item, never by two at a time in a run, but by several runs at once. If it throws, the
/// item has failed.
///
/// `body(In)` or `body(In, context&)` returns the item that goes on. One made by `per_worker` sees all items of its
/// keys and no other worker does, so what it keeps per key needs no lock.
template <class KeyOf, class Body>
[[nodiscard]] auto keyed_transform(keyed_options options, KeyOf&& key_of, Body&& body) {
  transform_options plain;
  plain.name = std::move(options.name);
  plain.workers = options.workers;
  plain.capacity = options.capacity;
  plain.on = options.on;
  plain.on_error = options.on_error;
  return detail::make_keyed(transform(std::move(plain), std::forward<Body>(body)), "keyed_transform",
                            std::forward<KeyOf>(key_of));
}

/// A `consumer` whose workers divide the items by key, as those of a `keyed_transform` do.
template <class KeyOf, class Body>
[[nodiscard]] auto keyed_consumer(keyed_options options, KeyOf&& key_of, Body&& body) {
  consumer_options plain;
  plain.name = std::move(options.name);
  plain.workers = options.workers;
  plain.capacity = options.capacity;
  plain.on = options.on;
  plain.on_error = options.on_error;
  return detail::make_keyed(consumer(std::move(plain), std::forward<Body>(body)), "keyed_consumer",
                            std::forward<KeyOf>(key_of));
}

}  // namespace penstock
