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
    not_full_.wait(hold, [&] { return items_.size() < capacity_; });
    items_.push_back(std::move(item));
    const bool was_empty = items_.size() == 1;
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
  /// queue is used through this or through take_all, not both.
  bool take(T& into) {
    std::unique_lock hold(lock_);
    not_empty_.wait(hold, [&] { return next_ < items_.size() || closed_; });
    if (next_ == items_.size()) return false;
    into = std::move(items_[next_++]);
    const bool emptied = next_ == items_.size();
    if (emptied) {
      items_.clear();
      next_ = 0;
    }
    hold.unlock();
    if (emptied) {
      not_full_.notify_all();
    } else {
      not_empty_.notify_one();
    }
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
  const std::size_t capacity_;
  std::mutex lock_;
  std::condition_variable not_empty_, not_full_;
  std::vector<T> items_;
  std::size_t next_ = 0;
  bool closed_ = false;
};

}  // namespace bench
