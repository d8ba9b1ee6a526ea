#include "work.hpp"

#include <algorithm>
#include <chrono>

namespace bench {

effort::effort(penstock::duration d) {
  if (d <= penstock::duration::zero()) return;
  static const double rounds_per_ns = measured_speed();
  rounds_ = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(d.count()) * rounds_per_ns));
}

// Each round needs the result of the one before, so neither the compiler nor the processor can do two at once.
std::uint64_t effort::spin(std::uint64_t rounds) noexcept {
  std::uint64_t x = rounds | 1;
  for (; rounds > 0; --rounds) {
    x ^= x >> 29;
    asm volatile("" : "+r"(x));
  }
  return x;
}

// The fastest of several, for the others were disturbed.
double effort::measured_speed() {
  constexpr std::uint64_t rounds = 200'000;
  double best = 0;
  for (int i = 0; i < 20; ++i) {
    const auto began = std::chrono::steady_clock::now();
    spin(rounds);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
    best = std::max(best, static_cast<double>(rounds) / std::max(1.0, took.count()));
  }
  return best;
}

}  // namespace bench
