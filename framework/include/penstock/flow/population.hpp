// How many items are in a run, for runs that bound it: sources ask before they take an item, and are woken when enough
// has left.
//
// The number is never too small where no stage makes several items of one. A source counts its item before it takes it;
// a worker counts what became of its items when an activation is over and they are gone, and one that passes an item
// on has nothing to count. Where items are multiplied, the new ones are counted with the activation that made them,
// and hold back sources all the same.
//
// No wake-up is lost. A source that may not take an item raises the flag and then looks at the number once more; who
// lowers the number does so first and then looks at the flag. All four are sequentially consistent, so at least one of
// the two sees the other.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <penstock/flow/actor.hpp>

namespace penstock::flow {

class population {
 public:
  /// Before the run starts; `most` ≥ 1.
  void limit(std::size_t most) noexcept {
    constexpr auto highest = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
    most_ = static_cast<std::int64_t>(std::min(most, highest));
    limited_ = most < highest;
  }

  /// Before the run starts, where it is limited.
  void add_source(actor& source) { sources_.push_back(&source); }

  [[nodiscard]] bool limited() const noexcept { return limited_; }

  /// Items of an activation, at most. What has left counts only when the activation is over, and the body of its last
  /// item may take long: so that is only a small part of all.
  [[nodiscard]] std::size_t most_at_once() const noexcept {
    constexpr std::int64_t parts = 16;
    return static_cast<std::size_t>(std::max<std::int64_t>(1, most_ / parts));
  }

  /// For a source: how many items it may take now, at most `want`, counted with this call. 0: none, and the source will
  /// be woken when it is worth asking again. What it does not take it gives back, at once: no other source has it.
  [[nodiscard]] std::size_t admit(std::size_t want) noexcept {
    // A source may wait for an item as long as it likes. It holds a whole batch only if it keeps nobody else from them.
    if (sources_.size() > 1) want = std::min<std::size_t>(want, 1);
    if (const auto got = try_admit(want)) return got;
    sources_wait_.store(true, std::memory_order_seq_cst);
    return try_admit(want);
  }

  /// So many items more, or fewer if negative.
  void change(std::int64_t by) noexcept {
    if (by == 0) return;
    const auto now = count_.fetch_add(by, std::memory_order_seq_cst) + by;
    if (by > 0 || now >= most_ || !sources_wait_.load(std::memory_order_seq_cst)) return;
    if (!sources_wait_.exchange(false, std::memory_order_seq_cst)) return;
    for (auto* source : sources_) source->notify();
  }

  void give_back(std::size_t admitted) noexcept { change(-static_cast<std::int64_t>(admitted)); }

 private:
  [[nodiscard]] std::size_t try_admit(std::size_t want) noexcept {
    auto count = count_.load(std::memory_order_seq_cst);
    while (count < most_) {
      const auto got = std::min(static_cast<std::int64_t>(want), most_ - count);
      if (count_.compare_exchange_weak(count, count + got, std::memory_order_seq_cst)) {
        return static_cast<std::size_t>(got);
      }
    }
    return 0;
  }

  // Constant while the run runs.
  std::int64_t most_ = std::numeric_limits<std::int64_t>::max();
  bool limited_ = false;
  std::vector<actor*> sources_;

  alignas(64) std::atomic<std::int64_t> count_{0};
  std::atomic<bool> sources_wait_{false};
};

}  // namespace penstock::flow
