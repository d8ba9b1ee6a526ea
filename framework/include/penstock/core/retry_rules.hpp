// How often an item is tried again, and how long it waits before.
//
// Exponential back-off with full jitter, as in Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog,
// 2015: before the k-th further attempt a random time between 0 and min(most, backoff * 2^(k-1)). Without jitter, those
// who failed together come back together.
#pragma once

#include <cstdint>

#include <penstock/base/clock.hpp>

namespace penstock {

/// How much chance there is in a back-off.
enum class jitter : std::uint8_t {
  full,  ///< any time from none to the whole: spreads those who failed at the same moment
  none,  ///< the whole: for a resource of one's own, and for tests
};

struct retry_options {
  unsigned times = 3;                                 ///< further attempts after the first, at most
  duration backoff = std::chrono::milliseconds(100);  ///< before the second attempt, then doubled each time; zero: at
                                                      ///< once. Longer spares what failed, shorter is done sooner
  duration most = std::chrono::seconds(30);           ///< no back-off is longer
  penstock::jitter jitter = penstock::jitter::full;
};

class retry_rules {
 public:
  /// No further attempts.
  constexpr retry_rules() noexcept : options_{.times = 0} {}

  /// `backoff` and `most` are not negative.
  explicit constexpr retry_rules(retry_options options) noexcept : options_(options) {}

  /// `attempts` ≥ 1 have failed: is there another?
  [[nodiscard]] constexpr bool again(unsigned attempts) const noexcept { return attempts <= options_.times; }

  /// The longest wait after `attempts` ≥ 1 that failed.
  [[nodiscard]] constexpr duration ceiling(unsigned attempts) const noexcept {
    auto wait = options_.backoff;
    for (unsigned i = 1; i < attempts && wait < options_.most; ++i) {
      wait = wait > options_.most / 2 ? options_.most : wait * 2;
      if (wait == duration::zero()) break;
    }
    return wait < options_.most ? wait : options_.most;
  }

  /// The wait after `attempts` ≥ 1 that failed. `random` is evenly distributed; the remainder favours short waits by
  /// less than one in a billion for waits up to hours.
  [[nodiscard]] constexpr duration delay(unsigned attempts, std::uint64_t random) const noexcept {
    const auto longest = ceiling(attempts);
    if (options_.jitter == jitter::none) return longest;
    return duration(static_cast<duration::rep>(random % (static_cast<std::uint64_t>(longest.count()) + 1)));
  }

  /// Chance for `delay` from what is different for each failure. The instant differs between processes, so that they do
  /// not come back together; where time is virtual, the same run has the same chances again. The mixer is SplitMix64's
  /// (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
  [[nodiscard]] static constexpr std::uint64_t chance(time_point failed_at, std::uint64_t stage, std::uint64_t item,
                                                      unsigned attempts) noexcept {
    auto x = mix(static_cast<std::uint64_t>(failed_at.time_since_epoch().count()));
    x = mix(x ^ stage);
    x = mix(x ^ item);
    return mix(x ^ attempts);
  }

 private:
  static constexpr std::uint64_t mix(std::uint64_t x) noexcept {
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
  }

  retry_options options_;
};

}  // namespace penstock
