// What the consumers found, beside what the report says. Made before a run, it outlives it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "histogram.hpp"

namespace bench {

/// Of one consumer. Only its worker writes, and nobody else reads before the run has ended. On a cache line of its own.
struct alignas(64) consumed {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;    ///< of the items' numbers
  std::uint64_t wrong = 0;  ///< items that do not hold what was written into them
  histogram latency;        ///< in nanoseconds, from when the item had been made to when a consumer had it
};

class tallies {
 public:
  /// Another consumer. On the thread that starts the run; stays where it is.
  consumed& add() { return *all_.emplace_back(std::make_unique<consumed>()); }

  /// All together. After the run.
  [[nodiscard]] consumed total() const {
    consumed sum;
    for (const auto& one : all_) {
      sum.count += one->count;
      sum.sum += one->sum;
      sum.wrong += one->wrong;
      sum.latency.add(one->latency);
    }
    return sum;
  }

 private:
  std::vector<std::unique_ptr<consumed>> all_;
};

}  // namespace bench
