// How many more may pass: so many in all, and then nothing any more.
#pragma once

#include <algorithm>
#include <cstddef>

namespace penstock {

class quota {
 public:
  /// `count` ≥ 1 may pass in all.
  explicit constexpr quota(std::size_t count) noexcept : left_(count) {}

  /// How many of `ready` may pass now.
  [[nodiscard]] constexpr std::size_t of(std::size_t ready) const noexcept { return std::min(ready, left_); }

  /// `count` ≤ `of(…)` have passed. True: they were the last, leave.
  constexpr bool passed(std::size_t count) noexcept {
    left_ -= count;
    return left_ == 0;
  }

 private:
  std::size_t left_;
};

}  // namespace penstock
