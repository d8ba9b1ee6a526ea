// A bounded window that brings results back into the order in which their items were taken.
//
// Items are claimed in runs with consecutive numbers. A finished run waits in the window until all earlier runs have
// left; a run whose items were all skipped still finishes (empty), so that it leaves no hole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace penstock {

template <class Run>
class reorder {
 public:
  /// At most `window` ≥ 1 items are between claim and leaving.
  explicit reorder(std::size_t window) : slots_(window) {}

  /// How many items may be claimed now.
  [[nodiscard]] std::size_t free() const noexcept { return slots_.size() - static_cast<std::size_t>(claimed_ - left_); }

  /// Claims `count` ≤ `free()` items and returns the number of the first.
  std::uint64_t claim(std::size_t count) noexcept {
    const auto first = claimed_;
    claimed_ += count;
    return first;
  }

  /// The run that began at `first` with `count` items has finished.
  void finish(std::uint64_t first, std::size_t count, Run run) {
    slots_[index(first)].emplace(finished{count, std::move(run)});
  }

  /// The next run in order, or null while it has not finished.
  [[nodiscard]] Run* front() noexcept {
    auto& slot = slots_[index(left_)];
    return slot ? &slot->run : nullptr;
  }

  /// The front run has left; its storage is handed back for reuse.
  Run pop_front() noexcept {
    auto& slot = slots_[index(left_)];
    Run run = std::move(slot->run);
    left_ += slot->count;
    slot.reset();
    return run;
  }

  /// True when nothing is between claim and leaving.
  [[nodiscard]] bool empty() const noexcept { return claimed_ == left_; }

 private:
  struct finished {
    std::size_t count;
    Run run;
  };

  std::size_t index(std::uint64_t number) const noexcept { return static_cast<std::size_t>(number % slots_.size()); }

  std::vector<std::optional<finished>> slots_;
  std::uint64_t claimed_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace penstock
