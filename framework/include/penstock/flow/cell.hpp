// What lies on an edge: the item, and in a pipeline whose source wants to know, the item's receipt.
//
// A receipt settles with its source when the item it belongs to is gone, by any outcome. It only moves along with its
// item; a pipeline whose source does not ask for receipts carries plain items.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace penstock::flow {

/// Who is told when items are gone.
class receipt_sink {
 public:
  virtual void settle(std::size_t count) noexcept = 0;

 protected:
  virtual ~receipt_sink() = default;
};

/// Stands for `count` items of a source. Move-only; settles once, when it is destroyed.
class receipt {
 public:
  receipt() = default;
  receipt(receipt_sink& sink, std::size_t count) noexcept : sink_(&sink), count_(count) {}
  receipt(receipt&& other) noexcept : sink_(other.sink_), count_(std::exchange(other.count_, 0)) {}
  receipt& operator=(receipt&& other) noexcept {
    if (this != &other) {
      settle();
      sink_ = other.sink_;
      count_ = std::exchange(other.count_, 0);
    }
    return *this;
  }
  ~receipt() { settle(); }

  /// This receipt stands for the items of `other` too: several items became one.
  void join(receipt other);

  /// A further receipt for the same items: one item became several. The items are settled when all of them are gone.
  [[nodiscard]] receipt split();

 private:
  struct joined;
  struct forked;

  void settle() noexcept {
    if (count_ > 0) sink_->settle(std::exchange(count_, 0));
  }

  receipt_sink* sink_ = nullptr;
  std::size_t count_ = 0;
};

/// A flat list, of which one receipt is the owner: a chain as long as a large batch could not be destroyed by
/// recursion.
struct receipt::joined final : receipt_sink {
  void settle(std::size_t) noexcept override { delete this; }
  std::vector<receipt> all;
};

struct receipt::forked final : receipt_sink {
  explicit forked(receipt whole) noexcept : parent(std::move(whole)) {}
  void settle(std::size_t count) noexcept override {
    if (parts.fetch_sub(count, std::memory_order_acq_rel) == count) delete this;
  }
  std::atomic<std::size_t> parts{1};
  receipt parent;
};

inline void receipt::join(receipt other) {
  if (other.count_ == 0) return;
  if (count_ == 0) {
    *this = std::move(other);
  } else if (sink_ == other.sink_) {
    count_ += std::exchange(other.count_, 0);
  } else {
    auto* list = dynamic_cast<joined*>(sink_);
    if (list == nullptr) {
      list = new joined;
      list->all.push_back(std::move(*this));
      *this = receipt(*list, 1);
    }
    // The items of one range come one after the other, and stand for the same.
    if (auto& last = list->all.back(); last.sink_ == other.sink_) {
      last.count_ += std::exchange(other.count_, 0);
    } else {
      list->all.push_back(std::move(other));
    }
  }
}

inline receipt receipt::split() {
  if (count_ == 0) return {};
  auto* fork = dynamic_cast<forked*>(sink_);
  if (fork == nullptr || count_ != 1) {
    fork = new forked(std::move(*this));
    *this = receipt(*fork, 1);
  }
  fork->parts.fetch_add(1, std::memory_order_relaxed);
  return receipt(*fork, 1);
}

/// The receipt of a pipeline whose source does not want one.
struct no_receipt {
  void join(no_receipt) noexcept {}
  [[nodiscard]] no_receipt split() noexcept { return {}; }
};

/// An item with its receipt.
template <class T>
struct tracked {
  T value;
  receipt owed;
};

/// The cell for items of type `T` in a pipeline that carries receipts, or does not.
template <class T, class Receipt>
using cell = std::conditional_t<std::is_same_v<Receipt, receipt>, tracked<T>, T>;

template <class T>
T& value_of(T& item) noexcept {
  return item;
}
template <class T>
T& value_of(tracked<T>& item) noexcept {
  return item.value;
}
template <class T>
no_receipt receipt_of(T&) noexcept {
  return {};
}
template <class T>
receipt receipt_of(tracked<T>& item) noexcept {
  return std::move(item.owed);
}

/// A further receipt for a copy of the item.
template <class T>
no_receipt split_receipt_of(T&) noexcept {
  return {};
}
template <class T>
receipt split_receipt_of(tracked<T>& item) {
  return item.owed.split();
}

/// Constructs a cell in raw storage from what `make` returns; without receipts the item is made in place.
template <class T, class Receipt, class Make>
void make_cell(void* where, Make&& make, Receipt owed) {
  if constexpr (std::is_same_v<Receipt, receipt>) {
    ::new (where) tracked<T>{std::forward<Make>(make)(), std::move(owed)};
  } else {
    ::new (where) T(std::forward<Make>(make)());
  }
}

}  // namespace penstock::flow
