// How many items may go at a time: a rate, and the bucket of tokens that keeps to it.
//
// The bucket is kept as one instant, that of the full bucket, in whole nanoseconds and parts of one: a token comes
// every `per / count`, which is seldom a whole number, and a rounding would add up.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include <penstock/base/clock.hpp>

namespace penstock {

/// `count` items in every `per`.
struct rate {
  std::int64_t count = 0;
  duration per = std::chrono::seconds(1);

  friend constexpr bool operator==(const rate&, const rate&) = default;
};

[[nodiscard]] constexpr rate per_second(std::integral auto count) noexcept {
  return {static_cast<std::int64_t>(count), std::chrono::seconds(1)};
}
[[nodiscard]] constexpr rate per_minute(std::integral auto count) noexcept {
  return {static_cast<std::int64_t>(count), std::chrono::minutes(1)};
}

/// In any window `[t, t + per)` it gives at most `count + burst - 1` tokens, so with a burst of 1 at most `count`; to
/// who asks as soon as `due` it gives exactly `count` in every one, for ever. Instants are those passed in.
class token_bucket {
 public:
  /// The most that the arithmetic is exact for, of `rate::count` and of the burst.
  static constexpr std::uint64_t most = std::uint64_t{1} << 32;

  /// Full. 1 ≤ r.count ≤ most, r.per > 0, 1 ≤ burst ≤ most; `burst * r.per / r.count` is 36 years
  /// at most.
  constexpr token_bucket(rate r, std::size_t burst) noexcept
      : parts_(static_cast<std::uint64_t>(r.count)), each_(of(r.per, 1)), ahead_(of(r.per, burst - 1)) {}

  /// When there is a token; in the past if it has been there for some time.
  [[nodiscard]] constexpr time_point due() const noexcept {
    // Rounded up: a token that comes within a nanosecond is there at its end.
    return after(after(full_, -ahead_.whole), duration(full_part_ > ahead_.part ? 1 : 0));
  }

  /// Takes a token, if there is one at `now`. False: ask again when `due`.
  constexpr bool take(time_point now) noexcept {
    if (now < due()) return false;
    // Full within the nanosecond that ends now is full when it said, not when it was looked at: no drift.
    if (now > after(full_, duration(full_part_ > 0 ? 1 : 0))) {
      full_ = now;
      full_part_ = 0;
    }
    full_ = after(full_, each_.whole);
    full_part_ += each_.part;
    if (full_part_ >= parts_) {
      full_part_ -= parts_;
      full_ = after(full_, duration(1));
    }
    return true;
  }

 private:
  /// Nanoseconds, and `parts_`-ths of one.
  struct span {
    duration whole{};
    std::uint64_t part = 0;
  };

  /// What `tokens` take to come: `tokens * per / count`, without the overflow on the way.
  [[nodiscard]] constexpr span of(duration per, std::uint64_t tokens) const noexcept {
    const auto ns = static_cast<std::uint64_t>(per.count());
    const auto rest = tokens * (ns % parts_);  // both below 2^32
    constexpr auto longest = static_cast<std::uint64_t>(duration::max().count());
    if (tokens > 0 && ns / parts_ > (longest - rest / parts_) / tokens) return {duration::max(), 0};
    return {duration(static_cast<duration::rep>(tokens * (ns / parts_) + rest / parts_)), rest % parts_};
  }

  // Constant.
  std::uint64_t parts_;  ///< of a nanosecond: `rate::count`, so that a token comes after a whole number of them
  span each_;            ///< between two tokens
  span ahead_;           ///< from one token to a full bucket

  time_point full_ = time_point::min();  ///< when the bucket is full if nobody takes
  std::uint64_t full_part_ = 0;
};

}  // namespace penstock
