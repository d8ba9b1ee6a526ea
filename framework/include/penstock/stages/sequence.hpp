// Stages whose number is known only when the program runs.
#pragma once

#include <concepts>
#include <utility>
#include <vector>

namespace penstock {

namespace detail {

template <class Stage>
struct stage_sequence {
  static constexpr bool is_producer = false;
  static constexpr bool is_consumer = false;

  std::vector<Stage> stages;

  template <class In>
  static constexpr bool accepts = Stage::template accepts<In>;

  template <class In>
  static constexpr bool check() {
    if constexpr (!Stage::template check<In>()) return false;
    static_assert(
        std::same_as<typename Stage::template output<In>, In>,
        "penstock: the stages of a sequence come one after the other, so each must emit the type that it takes");
    return std::same_as<typename Stage::template output<In>, In>;
  }

  template <class In>
  using output = In;
};

template <class Stage>
inline constexpr bool is_sequence = false;
template <class Stage>
inline constexpr bool is_sequence<stage_sequence<Stage>> = true;

}  // namespace detail

/// The stages of `stages`, one after the other, as a part of a pipeline's list. They are of one type and emit what they
/// take; an empty sequence is allowed and does nothing.
template <class Stage>
  requires(!Stage::is_producer && !Stage::is_consumer)
[[nodiscard]] detail::stage_sequence<Stage> sequence(std::vector<Stage> stages) {
  return {std::move(stages)};
}

}  // namespace penstock
