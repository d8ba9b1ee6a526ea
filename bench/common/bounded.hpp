// The queue that one writes oneself: a mutex, two condition variables, a vector. Rivals of several questions stand on
// it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace bench {

/// Batched where it costs nobody anything: a consumer takes all that is there at once (by swapping vectors), and only
/// the change from empty to not empty, or from full to not full, wakes anybody.
template <class T>
class bounded {
 public:
  explicit bounded(std::size_t capacity) : capacity_(capacity) { items_.reserve(capacity); }

  /// Waits while it is full.
  void put(T item) {
    std::unique_lock hold(lock_);
    not_full_.wait(hold, [&] { return size() < capacity_; });
    const bool was_empty = size() == 0;
    items_.push_back(std::move(item));
    hold.unlock();
    if (was_empty) not_empty_.notify_one();
  }

  /// Puts all of them, in pieces if need be, and leaves `all` empty.
  void put_all(std::vector<T>& all) {
    for (auto next = all.begin(); next != all.end();) {
      std::unique_lock hold(lock_);
      not_full_.wait(hold, [&] { return items_.size() < capacity_; });
      const bool was_empty = items_.empty();
      for (; next != all.end() && items_.size() < capacity_; ++next) items_.push_back(std::move(*next));
      hold.unlock();
      if (was_empty) not_empty_.notify_one();
    }
    all.clear();
  }

  /// Waits for one and takes all; false: closed, and nothing is left.
  bool take_all(std::vector<T>& into) {
    into.clear();
    std::unique_lock hold(lock_);
    not_empty_.wait(hold, [&] { return !items_.empty() || closed_; });
    if (items_.empty()) return false;
    const bool was_full = items_.size() >= capacity_;
    std::swap(items_, into);
    if (items_.capacity() < capacity_) items_.reserve(capacity_);
    hold.unlock();
    if (was_full) not_full_.notify_all();
    return true;
  }

  /// Waits for one and takes it; false: closed, and nothing is left. For several consumers of items that take long; a
  /// queue is used through this or through take_all, not both. A place is free as soon as its item was taken, but
  /// whoever waits for room sleeps until half of it is free, lest it wake for each; whoever takes an item and leaves
  /// others wakes the next one.
  bool take(T& into) {
    std::unique_lock hold(lock_);
    not_empty_.wait(hold, [&] { return size() > 0 || closed_; });
    if (size() == 0) return false;
    into = std::move(items_[next_++]);
    const bool leaves_some = size() > 0;
    const bool half_is_free = size() == capacity_ / 2;
    // What was taken is cleared away together: one move for each item, and never more than twice the capacity here.
    if (!leaves_some || next_ >= capacity_) {
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(next_));
      next_ = 0;
    }
    hold.unlock();
    if (half_is_free) not_full_.notify_all();
    if (leaves_some) not_empty_.notify_one();
    return true;
  }

  void close() {
    {
      const std::scoped_lock hold(lock_);
      closed_ = true;
    }
    not_empty_.notify_all();
  }

 private:
  /// Holding the lock.
  [[nodiscard]] std::size_t size() const noexcept { return items_.size() - next_; }

  const std::size_t capacity_;
  std::mutex lock_;
  std::condition_variable not_empty_, not_full_;
  std::vector<T> items_;
  std::size_t next_ = 0;  ///< those before it were taken one by one
  bool closed_ = false;
};

}  // namespace bench
