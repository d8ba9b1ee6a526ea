// What a worker holds when a body has returned and the edge has no room yet: one body's result, with its receipt.
#pragma once

#include <cstdint>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

#include <penstock/flow/cell.hpp>

namespace penstock::flow {

/// What a body's result means for the next edge.
enum class shape : std::uint8_t {
  none,   ///< nothing: a consumer
  one,    ///< one item
  maybe,  ///< one item or none: an optional
  many,   ///< the items of a range
};

/// The item type that a result of type `R` gives to the next edge.
template <shape S, class R>
struct item_of {
  using type = R;
};
template <class R>
struct item_of<shape::maybe, R> {
  using type = typename R::value_type;
};
template <class R>
struct item_of<shape::many, R> {
  using type = std::ranges::range_value_t<R>;
};
template <shape S, class R>
using item_of_t = typename item_of<S, R>::type;

template <shape S, class R, class Receipt>
class held_result {
 public:
  using item = item_of_t<S, R>;
  using out_cell = cell<item, Receipt>;

  held_result() = default;
  held_result(held_result&&) noexcept = default;
  /// Needs no assignment of the item, which may have none.
  held_result& operator=(held_result&& other) noexcept {
    if (this == &other) return *this;
    cell_.reset();
    if (other.cell_) cell_.emplace(std::move(*other.cell_));
    return *this;
  }

  [[nodiscard]] bool empty() const noexcept { return !cell_; }

  void hold(R&& result, Receipt&& owed) {
    if constexpr (S == shape::one) {
      put(std::move(result), std::move(owed));
    } else {
      if (result) put(*std::move(result), std::move(owed));
    }
  }

  /// The same for a result that has been made into an item.
  void hold_item(out_cell&& made) noexcept { cell_.emplace(std::move(made)); }

  /// Writes the next item, which there is, to where there is room, and counts it.
  template <class Writer>
  void put_one(Writer& w, std::uint64_t& emitted) noexcept {
    ::new (w.blank()) out_cell(std::move(*cell_));
    w.publish();
    ++emitted;
    cell_.reset();
  }

  void drop() noexcept { cell_.reset(); }

 private:
  void put(item&& value, Receipt&& owed) {
    if constexpr (std::is_same_v<Receipt, receipt>) {
      cell_.emplace(out_cell{std::move(value), std::move(owed)});
    } else {
      cell_.emplace(std::move(value));
    }
  }

  std::optional<out_cell> cell_;
};

template <class R, class Receipt>
class held_result<shape::many, R, Receipt> {
 public:
  using item = std::ranges::range_value_t<R>;
  using out_cell = cell<item, Receipt>;

  [[nodiscard]] bool empty() const noexcept { return !next_; }

  /// An exception of the range comes out, and then nothing is held.
  void hold(R&& result, Receipt&& owed) {
    owed_ = std::move(owed);
    try {
      range_.emplace(std::move(result));
      // Iterators are taken after the range has come to rest: moving a range may invalidate them.
      next_.emplace(std::ranges::begin(*range_));
      if (*next_ == std::ranges::end(*range_)) drop();
    } catch (...) {
      drop();
      throw;
    }
  }

  /// Writes the next item, which there is, to where there is room, and counts it. An exception of the range's iterator
  /// comes out, also after the item was counted, and then nothing is held any more.
  template <class Writer>
  void put_one(Writer& w, std::uint64_t& emitted) {
    try {
      make_cell<item>(w.blank(), [this]() -> item { return take(); }, owed_.split());
      w.publish();
      ++emitted;
      if (++*next_ == std::ranges::end(*range_)) drop();
    } catch (...) {
      drop();
      throw;
    }
  }

  void drop() noexcept {
    next_.reset();
    range_.reset();
    owed_ = Receipt{};
  }

 private:
  item take() {
    if constexpr (std::ranges::view<R>) {
      return **next_;  // a view may look at somebody else's elements
    } else {
      return std::ranges::iter_move(*next_);
    }
  }

  std::optional<R> range_;
  std::optional<std::ranges::iterator_t<R>> next_;
  [[no_unique_address]] Receipt owed_;
};

/// A consumer holds nothing.
struct nothing_held {
  [[nodiscard]] static constexpr bool empty() noexcept { return true; }
  static constexpr void drop() noexcept {}
};

}  // namespace penstock::flow
