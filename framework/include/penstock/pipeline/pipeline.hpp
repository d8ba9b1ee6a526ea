// A pipeline is a value: a name and a list of stages. Nothing runs yet; it can be run many times, also at once.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <penstock/pipeline/plan.hpp>
#include <penstock/stages/async.hpp>
#include <penstock/stages/batch.hpp>
#include <penstock/stages/consumer.hpp>
#include <penstock/stages/producer.hpp>
#include <penstock/stages/queue_ends.hpp>
#include <penstock/stages/sequence.hpp>
#include <penstock/stages/take.hpp>
#include <penstock/stages/throttle.hpp>
#include <penstock/stages/transform.hpp>

namespace penstock {

namespace detail {

template <class T>
concept stage = requires {
  { T::is_producer } -> std::convertible_to<bool>;
  { T::is_consumer } -> std::convertible_to<bool>;
};

[[nodiscard]] std::string readable_name(const std::type_info& type);

/// Looked at in a compiler's message, its arguments tell which stage is meant (counted from 0), and what it is given.
template <std::size_t Position, class Stage, class Given>
struct stage_takes_its_input {
  static_assert(
      Stage::template accepts<Given>,
      "penstock: the body of the stage at this position cannot be called with what the stage before it emits; "
      "see Position, Stage and Given of stage_takes_its_input");
  static constexpr bool value = Stage::template accepts<Given>;
};

/// The same for what may lie on an edge.
template <std::size_t Position, class Item>
struct stage_emits_an_item {
  static_assert(
      std::is_nothrow_move_constructible_v<Item> && std::is_nothrow_destructible_v<Item>,
      "penstock: an item of a pipeline must be nothrow move constructible and nothrow destructible, or it could "
      "be lost on its way; see Position and Item of stage_emits_an_item");
  static constexpr bool value = std::is_nothrow_move_constructible_v<Item> && std::is_nothrow_destructible_v<Item>;
};

/// One stage of the list: its description and its maker. `Next` is what it emits.
template <class Given, class Receipt, class Next, class Stage>
void add_stage(plan& p, Stage stage) {
  auto about = stage.about;
  if constexpr (!Stage::is_consumer) about.item_type = readable_name(typeid(Next));
  p.stages.push_back({std::move(about), std::move(stage).template maker<Given, Receipt>(), {{p.stages.size() - 1}}});
}

template <std::size_t Position, class Receipt, class Given, class Stage, class... Rest>
void add_stages(plan& p, Stage stage, Rest... rest) {
  static_assert(!Stage::is_producer, "penstock: only the first stage of a pipeline is a producer");
  constexpr bool last = sizeof...(Rest) == 0;
  static_assert(!last || Stage::is_consumer, "penstock: the last stage of a pipeline is a consumer");
  static_assert(last || !Stage::is_consumer, "penstock: nothing comes after a consumer");
  if constexpr (!stage_takes_its_input<Position, Stage, Given>::value) {
    return;
  } else if constexpr (Stage::template check<Given>()) {  // evaluated here, so that our sentence comes first
    if constexpr (Stage::is_consumer) {
      add_stage<Given, Receipt, void>(p, std::move(stage));
    } else {
      using next = typename Stage::template output<Given>;
      static_assert(stage_emits_an_item<Position, next>::value);
      if constexpr (is_sequence<Stage>) {
        for (auto& one : stage.stages) add_stage<Given, Receipt, next>(p, std::move(one));
      } else {
        add_stage<Given, Receipt, next>(p, std::move(stage));
      }
      if constexpr (!last) add_stages<Position + 1, Receipt, next>(p, std::move(rest)...);
    }
  }
}

template <class Source, class... Rest>
plan make_plan(std::string name, Source source, Rest... rest) {
  static_assert((stage<Source> && ... && stage<Rest>),
                "penstock: something in this list is no stage: stages are made by producer, transform, filter, batch, "
                "consumer and their like");
  static_assert(Source::is_producer, "penstock: the first stage of a pipeline is a producer");
  static_assert(sizeof...(Rest) > 0, "penstock: a pipeline has a producer and a consumer, at least");
  plan p;
  p.name = std::move(name);
  if constexpr (Source::is_producer) {
    using item = typename Source::item;
    static_assert(stage_emits_an_item<0, item>::value);
    auto about = source.about;
    about.item_type = readable_name(typeid(item));
    p.stages.push_back({std::move(about), std::move(source).maker(), {}});
    if constexpr (sizeof...(Rest) > 0) {
      add_stages<1, typename Source::receipt_type, item>(p, std::move(rest)...);
    }
  }
  return p;
}

}  // namespace detail

class pipeline {
 public:
  /// The list is the drawing: a producer, any number of stages, a consumer. Types are checked when this is compiled;
  /// everything else by `check`, and before a run starts.
  template <class... Stages>
    requires(sizeof...(Stages) > 0)
  pipeline(std::string name, Stages... stages)
      : plan_(std::make_shared<const plan>(detail::make_plan(std::move(name), std::move(stages)...))) {}

  [[nodiscard]] const std::string& name() const noexcept { return plan_->name; }

  /// Throws `declaration_error` if this cannot run (zero workers, zero capacity, a stage without a name or named
  /// twice).
  void check() const { plan_->check(); }

  /// The most items that are in a run of it at any moment.
  [[nodiscard]] std::size_t bound() const noexcept { return plan_->bound(); }

  [[nodiscard]] std::string mermaid() const { return plan_->mermaid(); }
  [[nodiscard]] std::string dot() const { return plan_->dot(); }

  /// For runtimes: the plan, alive as long as a run needs it.
  [[nodiscard]] const std::shared_ptr<const plan>& shared_plan() const noexcept { return plan_; }

 private:
  std::shared_ptr<const plan> plan_;
};

}  // namespace penstock
