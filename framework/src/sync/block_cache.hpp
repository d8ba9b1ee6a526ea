// Memory of waits that have ended, for the next ones on the same thread: a wait is made and ends for each item of a
// queue that is full or empty, and Asio's own cache has two places, which its handlers need too.
//
// One per thread. A block may be taken on one thread and given on another. Blocks are for one size or another, rounded
// up; those beyond `most` go back to the heap, as do all when the thread ends.
#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace penstock::detail {

class block_cache {
 public:
  block_cache() = default;
  block_cache(const block_cache&) = delete;
  block_cache& operator=(const block_cache&) = delete;
  ~block_cache() {
    while (count_ > 0) ::operator delete(kept_[--count_].memory);
  }

  /// At least `size` bytes, aligned for every fundamental type. Throws `std::bad_alloc`.
  [[nodiscard]] void* take(std::size_t size) {
    const auto rounded = round_up(size);
    for (auto i = count_; i-- > 0;) {
      if (kept_[i].size != rounded) continue;
      void* const memory = kept_[i].memory;
      kept_[i] = kept_[--count_];
      return memory;
    }
    return ::operator new(rounded);
  }

  /// What `take(size)` gave, on any thread.
  void give(void* memory, std::size_t size) noexcept {
    if (count_ < most) {
      kept_[count_++] = {memory, round_up(size)};
    } else {
      ::operator delete(memory);
    }
  }

 private:
  struct block {
    void* memory = nullptr;
    std::size_t size = 0;
  };

  static constexpr std::size_t most = 16;
  static constexpr std::size_t round_up(std::size_t size) noexcept { return (size + 63) / 64 * 64; }

  std::array<block, most> kept_{};
  std::size_t count_ = 0;
};

}  // namespace penstock::detail
