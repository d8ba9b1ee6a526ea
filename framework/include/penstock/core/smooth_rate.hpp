// Permits at a rate for those who stand in line and are woken late.
//
// `token_bucket` loses the time by which whoever takes a token comes late, and at 1,000 a second on timers that ring
// 0.1 ms late that is a tenth of the rate. Here permits have nominal instants, one `each` after the other, and who was
// made to wait may take his up to `slack` after its instant without moving the next one. To leave room for that, `each`
// is longer than `per / count` by a fiftieth, and `slack` is a fiftieth of `per`.
//
// Why no window exceeds the rate: permit k goes between `ahead` before its instant and `slack` after it. So those of a
// window as long as `per` have instants within `per + slack + ahead`, and instants are at least `each` apart:
// (per + slack) / each <= count, and ahead / each = burst - 1.
//
// As fast as 49 of 50 of the rate, whatever comes late by less than `slack`.
#pragma once

#include <algorithm>
#include <cstddef>

#include <penstock/base/clock.hpp>
#include <penstock/core/token_bucket.hpp>

namespace penstock {

/// In any window `[t, t + per)` it gives at most `count + burst - 1` permits. Instants are those passed in. Exact to
/// three nanoseconds a permit, so for rates below some millions a second.
class smooth_rate {
 public:
  /// Full. 1 <= r.count <= token_bucket::most, r.per > 0, burst >= 1.
  constexpr smooth_rate(rate r, std::size_t burst) noexcept
      : each_(r.per / r.count + r.per / r.count / 50 + duration(3)), slack_(r.per / 50), ahead_(times(burst - 1)) {}

  /// When there is a permit; in the past if it has been there for some time.
  [[nodiscard]] constexpr time_point due() const noexcept { return after(next_, -ahead_); }

  /// At `now`, nothing is left of what was given before.
  [[nodiscard]] constexpr bool full(time_point now) const noexcept { return next_ <= now; }

  /// Takes a permit, if there is one at `now`. `waited`: the caller asked before, was told to wait until `due`, and
  /// nobody was let in without waiting since; then he may make up for what his alarm was late.
  constexpr bool take(time_point now, bool waited) noexcept {
    if (now < due()) return false;
    next_ = after(std::max(next_, waited ? after(now, -slack_) : now), each_);
    return true;
  }

  /// The permit taken last counts from `now` on, however long ago that was.
  constexpr void renew(time_point now) noexcept { next_ = std::max(next_, after(now, each_)); }

 private:
  [[nodiscard]] constexpr duration times(std::size_t n) const noexcept {
    const auto most = static_cast<std::size_t>(duration::max() / each_);
    return n < most ? each_ * static_cast<duration::rep>(n) : duration::max();
  }

  // Constant.
  duration each_;   ///< between the instants of two permits
  duration slack_;  ///< by which a permit may be taken late without moving the next
  duration ahead_;  ///< by which it may be taken early: the burst

  time_point next_ = time_point::min();  ///< the instant of the next permit
};

}  // namespace penstock
