// A ring of items on raw storage: first in, first out, a fixed number of slots.
//
// Nothing here waits, locks or throws, except the two calls that allocate (the constructor and `grow`). An item exists
// exactly from `push` to `consume`, so T needs no default constructor, may be move-only and may be over-aligned. Not
// safe for concurrent use: whoever owns the ring guards it.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace penstock {

template <class T>
class ring {
  static_assert(std::is_object_v<T> && !std::is_const_v<T>, "a ring holds plain movable objects");
  static_assert(std::is_nothrow_move_constructible_v<T>, "an item whose move throws would be lost on its way");
  static_assert(std::is_nothrow_destructible_v<T>, "an item whose destructor throws cannot be dropped");

 public:
  /// Room for `capacity` items; 0 is allowed and is a ring that is empty and full. Throws `std::bad_alloc`.
  explicit ring(std::size_t capacity = 0)
      : slots_(capacity ? std::allocator<T>{}.allocate(capacity) : nullptr), capacity_(capacity) {}

  ring(ring&& other) noexcept { swap(other); }
  ring& operator=(ring&& other) noexcept {
    ring(std::move(other)).swap(*this);
    return *this;
  }
  ~ring() {
    while (!empty()) consume([](T&&) noexcept {});
    if (slots_) std::allocator<T>{}.deallocate(slots_, capacity_);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] bool full() const noexcept { return size_ == capacity_; }

  /// Moves `item` behind the last one. The ring must not be full.
  void push(T&& item) noexcept {
    std::construct_at(slots_ + tail_, std::move(item));
    if (++tail_ == capacity_) tail_ = 0;
    ++size_;
  }

  /// Gives the first item to `sink(T&&)` and destroys what the sink left of it. The ring must not be empty, and the
  /// sink must not throw.
  template <class Sink>
  void consume(Sink&& sink) noexcept {
    T* const first = slots_ + head_;
    sink(std::move(*first));
    std::destroy_at(first);
    if (++head_ == capacity_) head_ = 0;
    --size_;
  }

  /// More slots, same items, same order. Throws `std::bad_alloc` with the ring unchanged.
  void grow(std::size_t capacity) {
    ring larger(capacity);
    while (!empty()) consume([&larger](T&& item) noexcept { larger.push(std::move(item)); });
    swap(larger);
  }

  void swap(ring& other) noexcept {
    std::swap(slots_, other.slots_);
    std::swap(capacity_, other.capacity_);
    std::swap(head_, other.head_);
    std::swap(tail_, other.tail_);
    std::swap(size_, other.size_);
  }

 private:
  T* slots_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::size_t size_ = 0;
};

}  // namespace penstock
