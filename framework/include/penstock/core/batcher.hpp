// When a batch is complete: by count, or because its first item has waited long enough.
#pragma once

#include <cstddef>

#include <penstock/base/clock.hpp>

namespace penstock {

class batcher {
 public:
  /// `count` ≥ 1 items make a batch; a smaller one leaves `within` after its first item. `duration::max()`: never
  /// early.
  constexpr batcher(std::size_t count, duration within) noexcept : count_(count), within_(within) {}

  /// One more item has come at `now`. True: the batch is complete, call `taken` when it left.
  constexpr bool add(time_point now) noexcept {
    if (held_++ == 0) due_ = within_ == duration::max() ? never : after(now, within_);
    return held_ >= count_;
  }

  /// True when a partial batch has waited long enough.
  [[nodiscard]] constexpr bool expired(time_point now) const noexcept { return held_ > 0 && now >= due_; }

  /// When a partial batch must leave; `never` if there is none or it may wait for ever.
  [[nodiscard]] constexpr time_point due() const noexcept { return held_ > 0 ? due_ : never; }

  [[nodiscard]] constexpr std::size_t held() const noexcept { return held_; }

  constexpr void taken() noexcept { held_ = 0; }

 private:
  std::size_t count_;
  duration within_;
  std::size_t held_ = 0;
  time_point due_ = never;
};

}  // namespace penstock
