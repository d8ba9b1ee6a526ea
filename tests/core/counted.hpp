// Items that are hard to please: move-only, without default constructor and assignment, and counted, so that a test can
// say that every one made was destroyed.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace penstock::testing {

class counted {
 public:
  static constexpr int taken = -1;

  explicit counted(int v) noexcept : value(v) { ++alive; }
  counted(counted&& other) noexcept : value(std::exchange(other.value, taken)) { ++alive; }
  counted& operator=(counted&&) = delete;
  ~counted() { --alive; }

  static inline std::atomic<long> alive{0};
  int value;
};

struct alignas(128) wide {
  explicit wide(int v) noexcept : value(v) {}
  wide(wide&&) noexcept = default;
  wide& operator=(wide&&) = delete;
  [[nodiscard]] bool aligned() const noexcept { return reinterpret_cast<std::size_t>(this) % alignof(wide) == 0; }
  int value;
};

}  // namespace penstock::testing
