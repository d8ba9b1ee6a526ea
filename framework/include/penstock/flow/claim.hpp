// A worker's share of the input: items taken from the edge, begun one after the other by their owner, without a lock.
//
// Until its body begins an item is nobody's in particular: whoever finds the owner in a body that takes long may cut
// the claim and give the rest to other workers. One word decides between the two.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace penstock::flow {

template <class Cell>
class claim {
 public:
  /// No share is larger, so that filling one never allocates.
  static constexpr std::size_t most = 256;
  /// No item is left to begin.
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  claim() { cells.reserve(most); }

  /// `cells` is filled, with one at least, and the first is begun with this call. By the owner.
  void open() noexcept { span_.store(one_begun | cells.size(), std::memory_order_release); }

  /// The index of the next item, which is begun with this call, or `none`. By the owner.
  [[nodiscard]] std::size_t begin_next() noexcept {
    // Relaxed: the owner looks at its own cells; who cuts the claim synchronizes with `open`.
    const auto span = span_.fetch_add(one_begun, std::memory_order_relaxed);
    const auto next = static_cast<std::size_t>(span >> 32U);
    return next < (span & end_mask) ? next : none;
  }

  /// Items begun so far.
  [[nodiscard]] std::size_t begun() const noexcept {
    const auto span = span_.load(std::memory_order_relaxed);
    const auto next = span >> 32U;
    const auto end = span & end_mask;
    return static_cast<std::size_t>(next < end ? next : end);
  }

  /// Where the claim ends: the items, or those that were left when it was cut.
  [[nodiscard]] std::size_t end() const noexcept {
    return static_cast<std::size_t>(span_.load(std::memory_order_relaxed) & end_mask);
  }

  /// The number of an item in its stage.
  [[nodiscard]] std::uint64_t number(std::size_t index) const noexcept { return first + index; }

  struct range {
    std::size_t from, to;  ///< indices; empty if equal
  };

  /// Ends the claim behind the item begun last. What is behind it is the caller's: moved from or destroyed before the
  /// owner clears the cells. Any thread, with the owner kept from ending the claim.
  [[nodiscard]] range cut() noexcept {
    auto span = span_.load(std::memory_order_acquire);
    for (;;) {
      const auto next = span >> 32U;
      const auto end = span & end_mask;
      if (next >= end) return {static_cast<std::size_t>(end), static_cast<std::size_t>(end)};
      if (span_.compare_exchange_weak(span, (next << 32U) | next, std::memory_order_acquire)) {
        return {static_cast<std::size_t>(next), static_cast<std::size_t>(end)};
      }
    }
  }

  std::vector<Cell> cells;
  std::uint64_t first = 0;  ///< the number of the first item
  bool closed = false;      ///< read before the edge was found empty: nothing will come
  bool more = false;        ///< there is work for another worker

 private:
  static constexpr std::uint64_t one_begun = std::uint64_t{1} << 32U;
  static constexpr std::uint64_t end_mask = one_begun - 1;

  /// Begun in the upper half, the end in the lower. The owner asks once more than there are items.
  std::atomic<std::uint64_t> span_{0};
};

}  // namespace penstock::flow
