// An edge that is bounded by what its items weigh, in bytes or whatever counts, and not only by how many they are.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <penstock/flow/cell.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/flow/stage_maker.hpp>
#include <penstock/stages/options.hpp>
#include <penstock/stages/sequence.hpp>

namespace penstock {

struct weight_options {
  std::uint64_t most =
      0;  ///< required, in the unit of the weight function: what the items on the edge weigh together,
          ///< at most. More smooths unequal stages and costs memory; less makes a slow stage felt sooner
};

namespace detail {

template <class Weigh, class In>
concept weighs = std::is_nothrow_invocable_r_v<std::uint64_t, const Weigh&, const In&>;

/// The maker of the stage behind the edge, which gets its input on a scale.
template <class In, class Receipt, class Weigh>
class weighed_maker final : public flow::stage_maker, public flow::weigher<flow::cell<In, Receipt>> {
  using in_cell = flow::cell<In, Receipt>;

 public:
  weighed_maker(std::shared_ptr<const flow::stage_maker> stage, std::uint64_t most, Weigh weigh)
      : stage_(std::move(stage)), most_(most), weigh_(std::move(weigh)) {}

  [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t capacity) const override {
    auto input = stage_->make_input(capacity);
    static_cast<flow::edge<in_cell>&>(*input).put_on_scale(most_, *this);
    return input;
  }

  void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
    stage_->make_workers(stage, around);
  }

  [[nodiscard]] std::uint64_t weigh(in_cell& item) const noexcept override {
    return weigh_(std::as_const(flow::value_of(item)));
  }

 private:
  std::shared_ptr<const flow::stage_maker> stage_;
  std::uint64_t most_;
  Weigh weigh_;
};

/// The stage as it is, behind such an edge.
template <class Stage, class Weigh>
struct weighed_stage {
  static constexpr bool is_producer = false;
  static constexpr bool is_consumer = Stage::is_consumer;

  Stage stage;
  Weigh weigh;
  stage_description about = stage.about;

  template <class In>
  static constexpr bool accepts = Stage::template accepts<In>;

  template <class In>
  static constexpr bool check() {
    static_assert(std::invocable<const Weigh&, const In&>,
                  "penstock: the weight function of this stage cannot be called with the const item that the stage is "
                  "given; a function that changes its own state cannot be one");
    static_assert(!std::invocable<const Weigh&, const In&> || weighs<Weigh, In>,
                  "penstock: a weight function must be noexcept and return an unsigned 64-bit number: an item that "
                  "cannot be weighed could not be put anywhere");
    return Stage::template check<In>() && weighs<Weigh, In>;
  }

  /// A consumer has none, which shows only where it is asked for.
  template <class In, class Of = Stage>
  using output = typename Of::template output<In>;

  template <class In, class Receipt>
  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker() && {
    auto inner = std::move(stage).template maker<In, Receipt>();
    return std::make_shared<weighed_maker<In, Receipt, Weigh>>(std::move(inner), about.most_weight.value_or(0),
                                                               std::move(weigh));
  }
};

template <class Stage>
inline constexpr bool is_weighed = false;
template <class Stage, class Weigh>
inline constexpr bool is_weighed<weighed_stage<Stage, Weigh>> = true;

}  // namespace detail

/// `stage`, with the edge before it bounded by weight too: `capacity` items at most, which weigh `most` together at
/// most, by `weigh(const In&)`. An item that does not fit waits before the edge, where it is the item of the stage that
/// made it, and holds back those behind it. One that is heavier than `most` passes when the edge is empty. Like its
/// place, an item's weight is given back when its body starts.
///
/// `weigh` is called once for each item, when it is put, by one thread at a time of a run; runs share it. It must be
/// noexcept, should be quick, and may count in any unit: bytes, rows, 1.
template <class Weigh, class Stage>
  requires(!Stage::is_producer && !detail::is_sequence<Stage>)
[[nodiscard]] auto weighed(weight_options options, Weigh&& weigh, Stage stage) {
  static_assert(!detail::is_weighed<Stage>, "penstock: this stage is weighed already");
  static_assert(
      !requires { Stage::divides_its_input; },
      "penstock: a keyed stage takes items off its edge to divide them before their bodies start, so what it "
      "holds cannot be weighed there; weigh the edge of the stage before it");
  static_assert(
      !requires { stage.branches; },
      "penstock: a tee or route hands its items on in bursts and holds none; weigh the first stages of its "
      "branches, or the stage before it");
  stage.about.most_weight = options.most;
  return detail::weighed_stage<Stage, std::decay_t<Weigh>>{std::move(stage), std::forward<Weigh>(weigh)};
}

/// Anything else: only says what is wrong with it.
template <class Weigh, class Stage>
auto weighed(weight_options, Weigh&&, Stage) {
  if constexpr (requires { Stage::is_producer; }) {
    static_assert(!Stage::is_producer, "penstock: a producer has no edge before it that could be weighed");
    static_assert(
        !detail::is_sequence<Stage>,
        "penstock: weighed is for one stage; put it around the stages of a sequence, not around the sequence");
  } else {
    static_assert(
        requires { Stage::is_producer; },
        "penstock: weighed is put around a stage: weighed({…}, weight, transform(…))");
  }
}

}  // namespace penstock
