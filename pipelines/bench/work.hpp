// Work that a body pretends to do.
#pragma once

#include <cstdint>

#include <penstock/base/clock.hpp>

namespace bench {

/// Computes for about `d` on a core that has nothing else to do: a loop whose speed was measured beforehand, so that a
/// body that loses its core for a while has not worked meanwhile. Copies are cheap.
class effort {
 public:
  /// The first one that is not zero takes some milliseconds, in which the speed of this machine is measured.
  explicit effort(penstock::duration d);

  void spend() const noexcept {
    if (rounds_ > 0) spin(rounds_);
  }

 private:
  static std::uint64_t spin(std::uint64_t rounds) noexcept;
  static double measured_speed();

  std::uint64_t rounds_ = 0;
};

}  // namespace bench
