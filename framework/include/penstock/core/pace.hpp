// How many items one activation should take.
//
// Many, so that what an activation costs is shared by many items; few, so that a slow body does not sit on items that
// another worker could run, and so that results go on at once. The rule aims at a time per activation.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <penstock/base/clock.hpp>

namespace penstock {

class pace {
 public:
  /// One item first: nothing is known of the body yet.
  explicit constexpr pace(std::size_t most) noexcept : most_(most) {}

  [[nodiscard]] constexpr std::size_t items() const noexcept { return items_; }

  /// Nanoseconds per item as last seen; 0 before the first observation.
  [[nodiscard]] constexpr std::uint64_t cost() const noexcept { return cost_; }

  /// `count` items took `elapsed`. Grows at most fourfold at a time, because a few items are a poor sample; shrinks at
  /// once, because a slow body hurts at once.
  constexpr void observe(std::size_t count, duration elapsed) noexcept {
    if (count == 0) return;
    const auto spent = static_cast<std::uint64_t>(std::max<duration::rep>(elapsed.count(), 1));
    cost_ = std::max<std::uint64_t>(spent / count, 1);
    const auto fitting = static_cast<std::size_t>(target / cost_);
    items_ = std::clamp<std::size_t>(fitting, 1, std::min(items_ * 4, most_));
  }

  /// Nanoseconds that an activation should take.
  static constexpr std::uint64_t target = 10'000;

 private:
  std::size_t most_;
  std::size_t items_ = 1;
  std::uint64_t cost_ = 0;
};

}  // namespace penstock
