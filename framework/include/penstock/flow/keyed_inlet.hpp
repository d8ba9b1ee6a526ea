// The consuming side of an edge for several workers, each of which gets the items of its own keys, in order.
//
// A worker that comes for items first distributes what is on the edge: each item goes into the lane of the worker that
// its key belongs to. An item in a lane still occupies its place on the edge, so the lanes need no bound of their own.
//
// One worker distributes at a time, and calls `key_of` without the lock. Whoever comes meanwhile looks at its own lane
// only and may go idle: the one who distributes looks at the edge once more before it stops, and while anything is left
// there, either goes on or wakes another.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <penstock/core/lanes.hpp>
#include <penstock/core/partition.hpp>
#include <penstock/flow/cell.hpp>
#include <penstock/flow/claim.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/sync/detail/small_lock.hpp>

namespace penstock::flow {

/// A worker's share of its lane: the numbers of the items are not consecutive.
template <class Cell>
class keyed_claim : public claim<Cell> {
 public:
  keyed_claim() { numbers.reserve(claim<Cell>::most); }

  [[nodiscard]] std::uint64_t number(std::size_t index) const noexcept { return numbers[index]; }

  std::vector<std::uint64_t> numbers;
  std::size_t lane = 0;
};

template <class Cell, class KeyOf>
class keyed_inlet {
 public:
  using claim_type = keyed_claim<Cell>;
  static constexpr bool by_key = true;

  /// `key_of` outlives this. At most `at_once` items are distributed before the worker sees to its own again.
  keyed_inlet(edge<Cell>& e, std::size_t workers, const KeyOf& key_of, std::size_t at_once)
      : edge_(e),
        key_of_(key_of),
        at_once_(std::clamp<std::size_t>(at_once, 1, most_at_once)),
        lanes_(workers, e.capacity()) {
    to_wake_.reserve(workers);
  }

  /// Fills `c` with at most `want` items of worker `number`. `keyless(n)` is called, inside a catch, for every item `n`
  /// whose key could not be told; it is gone then. `c.more`: something is left on the edge, for whomever.
  template <class Keyless>
  void take(keyed_claim<Cell>& c, std::size_t number, std::size_t want, const party& workers,
            Keyless&& keyless) noexcept {
    c.lane = number;
    c.more = c.closed = false;
    bool end = false;
    {
      const std::lock_guard lock(lock_);
      if (!distributing_ && edge_.ready() > 0) distributing_ = c.more = true;
    }
    if (c.more) distribute(number, workers, keyless);
    {
      const std::lock_guard lock(lock_);
      if (c.more) distributing_ = false;
      if (distributing_) {
        somebody_lingers_ = true;
      } else {
        const bool closed = edge_.closed();
        c.more = edge_.ready() > 0;
        c.closed = closed && !c.more;
        end = c.closed && std::exchange(somebody_lingers_, false);
      }
      take_own(c, want);
    }
    if (end) workers.wake_all(nullptr);
    // A lane of somebody who is slow must not keep the producers waiting for half a ring.
    if (c.cells.empty() && !c.more) edge_.nudge_producers();
  }

  /// Nobody waits for a claim to end: what comes back from it comes back to its own worker.
  [[nodiscard]] static constexpr bool end_claim() noexcept { return false; }

  /// Cuts `c`, whose owner cannot end it meanwhile; what it had not begun is the first in its lane again. Others have
  /// nothing of it, so the answer is no.
  bool take_back(keyed_claim<Cell>& c) noexcept {
    const std::lock_guard lock(lock_);
    const auto rest = c.cut();
    for (auto i = rest.to; i > rest.from; --i) {
      lanes_.push_front(c.lane, item(std::move(c.cells[i - 1]), c.numbers[i - 1]));
    }
    return false;
  }

  /// Destroys and counts what is in the lanes, all of them: of several workers that give up, the last to have
  /// distributed leaves nothing behind.
  template <class Each>
  void drop_returned(Each&&) noexcept {
    for (std::size_t lane = 0; lane < lanes_.count(); ++lane) {
      while (drop_one(lane)) edge_.count_dropped(1);
    }
  }

  [[nodiscard]] edge<Cell>& operator*() const noexcept { return edge_; }

 private:
  static constexpr std::size_t most_at_once = 256;
  static constexpr std::size_t nobody = static_cast<std::size_t>(-1);

  struct item {
    item(Cell&& c, std::uint64_t n) noexcept : cell(std::move(c)), number(n) {}
    Cell cell;
    std::uint64_t number;
  };

  /// By the one who has set `distributing_`, which makes the consuming side of the edge its own.
  template <class Keyless>
  void distribute(std::size_t number, const party& workers, Keyless& keyless) noexcept {
    typename edge<Cell>::reader r(edge_);
    const auto count = std::min(edge_.ready(), at_once_);
    std::size_t lost = 0;
    for (std::size_t i = 0; i < count; ++i) {
      try {
        lane_of_[i] = lane_of(std::as_const(value_of(r.item(i))));
      } catch (...) {
        lane_of_[i] = nobody;
        ++lost;
        keyless(r.position() + i);
        [[maybe_unused]] const Cell gone(std::move(r.item(i)));  // destroyed here, not under the lock
      }
    }
    {
      const std::lock_guard lock(lock_);
      for (std::size_t i = 0; i < count; ++i) {
        if (const auto lane = lane_of_[i]; lane != nobody) {
          // Who has something in its lane looks there again before it goes idle.
          if (lanes_.size(lane) == 0 && lane != number) to_wake_.push_back(lane);
          lanes_.push_back(lane, item(std::move(r.item()), r.position()));
        }
        r.drop();
      }
    }
    for (const auto lane : to_wake_) workers.wake_number(lane);
    to_wake_.clear();
    if (lost > 0) edge_.release(lost, nullptr);
  }

  template <class In>
  [[nodiscard]] std::size_t lane_of(const In& value) const {
    decltype(auto) key = std::invoke(key_of_, value);
    return partition_of(std::hash<std::remove_cvref_t<decltype(key)>>{}(key), lanes_.count());
  }

  void take_own(keyed_claim<Cell>& c, std::size_t want) noexcept {
    c.numbers.clear();
    for (auto left = std::min({want, lanes_.size(c.lane), c.most}); left > 0; --left) {
      lanes_.pop(c.lane, [&c](item&& i) noexcept {
        c.numbers.push_back(i.number);
        c.cells.push_back(std::move(i.cell));
      });
    }
  }

  bool drop_one(std::size_t lane) noexcept {
    std::optional<item> gone;  // destroyed outside of the lock
    const std::lock_guard lock(lock_);
    if (lanes_.size(lane) == 0) return false;
    lanes_.pop(lane, [&gone](item&& i) noexcept { gone.emplace(std::move(i)); });
    return true;
  }

  edge<Cell>& edge_;
  const KeyOf& key_of_;
  const std::size_t at_once_;

  penstock::detail::small_lock lock_;
  // Guarded by lock_.
  lanes<item> lanes_;
  bool distributing_ = false;  ///< somebody does, and the consuming side of the edge is theirs; else it is guarded, too
  bool somebody_lingers_ = false;  ///< and looked while somebody distributed: perhaps for the end of the input

  // For the one who distributes.
  std::array<std::size_t, most_at_once> lane_of_{};
  std::vector<std::size_t> to_wake_;
};

}  // namespace penstock::flow
