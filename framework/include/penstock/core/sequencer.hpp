// Items with numbers, that come in any order and leave in the order of their numbers: a bounded window of those that
// came early.
//
// The window is counted in items, not in numbers, so numbers may be far apart. Nothing here waits or throws but for
// memory; storage is kept for reuse, so that once the window has been full nothing is allocated any more. Not safe for
// concurrent use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace penstock {

/// What is done about a number that is missing when the window is full, or at the end of the input.
enum class gap : std::uint8_t {
  fail,       ///< the run fails, and its error says which number is missing
  skip_over,  ///< goes on with the smallest number there is; should a missing one come after all, that item has failed
};

/// What an arriving number means.
enum class arrival : std::uint8_t {
  next,   ///< it is its turn: let it pass, and call `passed`
  early,  ///< one before it is missing: `hold` it, if the window is not full
  late,   ///< its number has passed, or was passed over: it cannot leave in order any more
  twice,  ///< an item with this number is held already
};

template <class T>
class sequencer {
  static_assert(std::is_nothrow_move_constructible_v<T>, "an item whose move throws would be lost on its way");

 public:
  /// Holds at most `window` items; the number `first` is the first to leave.
  sequencer(std::size_t window, std::uint64_t first) noexcept : window_(window), next_(first) {}

  [[nodiscard]] arrival look(std::uint64_t number) const noexcept {
    if (number < next_ || all_passed_) return arrival::late;
    if (number == next_) return front_is_next() ? arrival::twice : arrival::next;
    return held_.contains(number) ? arrival::twice : arrival::early;
  }

  /// The item whose turn it was has left.
  void passed() noexcept { step_over(next_); }

  /// Keeps an early item; the window must not be full.
  void hold(std::uint64_t number, T&& item) {
    if (spares_.empty()) {
      held_[number].emplace(std::move(item));
      return;
    }
    auto node = std::move(spares_.back());
    spares_.pop_back();
    node.key() = number;
    node.mapped().emplace(std::move(item));
    held_.insert(std::move(node));
  }

  /// True: the turn is that of an item held; let it leave by `pop`.
  [[nodiscard]] bool front_is_next() const noexcept { return !held_.empty() && held_.begin()->first == next_; }

  /// Gives the first item held, whose turn it is, to `sink(T&&)`, which must not throw.
  template <class Sink>
  void pop(Sink&& sink) {
    auto node = held_.extract(held_.begin());
    sink(std::move(*node.mapped()));
    step_over(node.key());
    keep(std::move(node));
  }

  /// The number whose turn it is.
  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }

  /// Goes on with the smallest number held, which there is, or with `other` if that is smaller. What is between is late
  /// from now on.
  void skip_gap(std::uint64_t other = std::numeric_limits<std::uint64_t>::max()) noexcept {
    const auto smallest = held_.begin()->first;
    next_ = smallest < other ? smallest : other;
  }

  [[nodiscard]] std::size_t held() const noexcept { return held_.size(); }
  [[nodiscard]] bool full() const noexcept { return held_.size() >= window_; }

  /// Destroys what is held.
  void clear() noexcept { held_.clear(); }

 private:
  using items = std::map<std::uint64_t, std::optional<T>>;
  using spare = typename items::node_type;

  void step_over(std::uint64_t number) noexcept {
    // After the largest of all numbers comes none.
    all_passed_ = number == std::numeric_limits<std::uint64_t>::max();
    next_ = number + 1;
  }

  void keep(spare used) {
    used.mapped().reset();
    spares_.push_back(std::move(used));
  }

  const std::size_t window_;
  std::uint64_t next_;
  bool all_passed_ = false;
  items held_;
  std::vector<spare> spares_;
};

}  // namespace penstock
