// Back into the order of numbers that the items carry.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/core/sequencer.hpp>
#include <penstock/flow/resequence_stage.hpp>
#include <penstock/stages/detail/plain_maker.hpp>
#include <penstock/stages/options.hpp>

namespace penstock {

struct resequence_options {
  std::string name;                         ///< required; unique in its pipeline
  std::size_t window = 1000;                ///< items that wait for their turn, at most. More rides out items that come
                                            ///< later, fewer holds less and knows sooner that a number is missing
  std::uint64_t first = 0;                  ///< the number of the first item to leave
  gap on_gap = gap::fail;                   ///< when a number is missing
  std::size_t capacity = default_capacity;  ///< of the edge before the stage, in items
  error_policy on_error = fail_fast;        ///< for an item whose number has passed, is there twice or cannot be told
};

namespace detail {

template <class In, class Receipt, class NumberOf>
class resequence_maker final : public flow::stage_maker {
 public:
  resequence_maker(resequence_options options, NumberOf number_of)
      : options_(std::move(options)), number_of_(std::move(number_of)) {}

  [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t capacity) const override {
    return std::make_unique<flow::edge<flow::cell<In, Receipt>>>(capacity);
  }

  void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
    using worker = flow::resequence_stage<In, Receipt, NumberOf>;
    add_worker<worker>(stage, around.cpu(), around.services(), stage.state, number_of_, options_.window, options_.first,
                       options_.on_gap);
  }

 private:
  resequence_options options_;
  NumberOf number_of_;
};

template <class NumberOf>
struct resequencing {
  static constexpr bool is_producer = false;
  static constexpr bool is_consumer = false;

  stage_description about;
  resequence_options options;
  NumberOf number_of;

  template <class In>
  static constexpr bool accepts = true;

  template <class In>
  static constexpr bool numbers() {
    if constexpr (std::is_invocable_v<const NumberOf&, const In&>) {
      using number = std::remove_cvref_t<std::invoke_result_t<const NumberOf&, const In&>>;
      return std::integral<number> && !std::same_as<number, bool> && sizeof(number) <= sizeof(std::uint64_t);
    } else {
      return false;
    }
  }

  template <class In>
  static constexpr bool check() {
    static_assert(numbers<In>(),
                  "penstock: the number_of of a resequence must be callable, as a const object, with a const item of "
                  "what the stage before it emits, and return an integer");
    return numbers<In>();
  }

  template <class In>
  using output = In;

  template <class In, class Receipt>
  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker() && {
    return std::make_shared<resequence_maker<In, Receipt, NumberOf>>(std::move(options), std::move(number_of));
  }
};

}  // namespace detail

/// Items come in any order and leave in the order of their numbers: `first`, `first + 1`, and so on. Those that come
/// early wait, at most `window` of them; so an item may be overtaken by that many. Note that behind several workers
/// which do not keep order, there is no limit to how many overtake one that takes long; `order::kept` has none of this.
///
/// `number_of(const In&)` returns an integer; a pointer to a member will do. It should be cheap and say the same every
/// time: it may be called more than once for an item. An item for which it throws or is negative has failed, and so has
/// one whose number has passed or is held already.
///
/// A number is missing when it would be its turn and no more items fit into the window, or the input has ended, also
/// after a stop. Then the run fails, or the stage goes on with the smallest number there is, as `on_gap` says. What was
/// passed over is no item and is counted nowhere.
template <class NumberOf>
[[nodiscard]] auto resequence(resequence_options options, NumberOf&& number_of) {
  stage_description about;
  about.name = options.name;
  about.kind = "resequence";
  about.capacity = options.capacity;
  about.on_error = options.on_error;
  about.resequences = options.window;
  return detail::resequencing<std::decay_t<NumberOf>>{std::move(about), std::move(options),
                                                      std::forward<NumberOf>(number_of)};
}

}  // namespace penstock
