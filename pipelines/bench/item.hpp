// What goes through the pipeline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include <penstock/base/clock.hpp>

namespace bench {

struct bare_item {
  std::uint64_t number = 0;
  penstock::time_point made{};  ///< only where latency is asked for: a look at the clock costs more than a hand-over

  void load(std::size_t) {}
  [[nodiscard]] bool intact() const noexcept { return true; }
};

/// Carries bytes on the heap, as records and messages do.
struct loaded_item : bare_item {
  std::vector<std::uint8_t> bytes{};

  void load(std::size_t size) { bytes.assign(size, mark()); }

  /// Reads every byte.
  [[nodiscard]] bool intact() const noexcept {
    return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0}) == bytes.size() * mark();
  }

 private:
  [[nodiscard]] std::uint8_t mark() const noexcept { return static_cast<std::uint8_t>(number % 251 + 1); }
};

}  // namespace bench
