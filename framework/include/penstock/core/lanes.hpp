// Several first-in, first-out lists that share a fixed number of slots.
//
// One lane may take up all slots, and nothing is allocated after the constructor. An item exists exactly from a push to
// its `pop`; move-only and over-aligned is fine. Nothing here waits, locks or throws, except the constructor. Not safe
// for concurrent use: whoever owns the lanes guards them.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace penstock {

template <class T>
class lanes {
  static_assert(std::is_nothrow_move_constructible_v<T>, "an item whose move throws would be lost on its way");
  static_assert(std::is_nothrow_destructible_v<T>, "an item whose destructor throws cannot be dropped");

 public:
  /// `count` lanes, and room for `capacity` items in all. Throws `std::bad_alloc`.
  lanes(std::size_t count, std::size_t capacity)
      : lanes_(count), slots_(std::allocator<slot>{}.allocate(capacity)), capacity_(capacity) {}

  lanes(const lanes&) = delete;
  lanes& operator=(const lanes&) = delete;

  ~lanes() {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      while (size(i) > 0) pop(i, [](T&&) noexcept {});
    }
    std::allocator<slot>{}.deallocate(slots_, capacity_);
  }

  [[nodiscard]] std::size_t count() const noexcept { return lanes_.size(); }

  /// Items in one lane.
  [[nodiscard]] std::size_t size(std::size_t lane) const noexcept { return lanes_[lane].size; }

  /// Items in all lanes.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Moves `item` behind the last one of `lane`. There must be a slot left.
  void push_back(std::size_t lane, T&& item) noexcept {
    auto& l = lanes_[lane];
    const auto at = fill(std::move(item), none);
    (l.size++ == 0 ? l.first : slots_[l.last].next) = at;
    l.last = at;
  }

  /// Moves `item` before the first one of `lane`. There must be a slot left.
  void push_front(std::size_t lane, T&& item) noexcept {
    auto& l = lanes_[lane];
    const auto at = fill(std::move(item), l.first);
    if (l.size++ == 0) l.last = at;
    l.first = at;
  }

  /// Gives the first item of `lane` to `sink(T&&)` and destroys what the sink left of it. The lane must not be empty,
  /// and the sink must not throw.
  template <class Sink>
  void pop(std::size_t lane, Sink&& sink) noexcept {
    auto& l = lanes_[lane];
    const auto at = l.first;
    auto& s = slots_[at];
    sink(std::move(*s.item()));
    l.first = s.next;
    --l.size;
    --size_;
    std::destroy_at(s.item());
    s.next = free_;
    free_ = at;
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  struct slot {
    std::size_t next;
    alignas(T) std::byte room[sizeof(T)];

    T* item() noexcept { return std::launder(reinterpret_cast<T*>(room)); }
  };
  struct list {
    std::size_t first = none;
    std::size_t last = none;
    std::size_t size = 0;
  };

  std::size_t fill(T&& item, std::size_t next) noexcept {
    // Slots that were never used are not in the list, so that a large capacity costs nothing before it is needed.
    const auto at = free_ != none ? free_ : fresh_++;
    if (at == free_) free_ = slots_[at].next;
    ::new (static_cast<void*>(slots_[at].room)) T(std::move(item));
    slots_[at].next = next;
    ++size_;
    return at;
  }

  std::vector<list> lanes_;
  slot* const slots_;
  const std::size_t capacity_;
  std::size_t size_ = 0;
  std::size_t free_ = none;  ///< the first slot that was used and is free again
  std::size_t fresh_ = 0;    ///< the first slot that was never used
};

}  // namespace penstock
