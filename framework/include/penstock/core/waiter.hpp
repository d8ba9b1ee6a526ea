// Who waits at a queue, and in which line. Intrusive: the waiter brings its own links, so waiting allocates nothing.
//
// A waiter is in a line, or in one list of those whose wait was just decided, or in neither. Whoever takes it out of
// its line decides its outcome, once; that is the commit point. Nothing here waits, locks or throws.
#pragma once

#include <cstddef>
#include <utility>

namespace penstock {

class waiter_line;
class decided_waiters;

/// The links, and the one thing a decided waiter must be able to hear.
class queue_waiter {
 public:
  queue_waiter() = default;
  queue_waiter(const queue_waiter&) = delete;
  queue_waiter& operator=(const queue_waiter&) = delete;

  /// The wait is over and its result is in place. Called once for every wait that somebody else decided, without any
  /// lock held; the waiter may destroy itself in it, and must not run the code of whoever waited.
  virtual void complete() noexcept = 0;

  /// Still waiting? Guarded like the line it is in.
  [[nodiscard]] bool in_line() const noexcept { return line_ != nullptr; }

 protected:
  ~queue_waiter() = default;

 private:
  friend class waiter_line;
  friend class decided_waiters;
  queue_waiter* next_ = nullptr;
  queue_waiter* previous_ = nullptr;
  waiter_line* line_ = nullptr;
};

/// Those whose wait was decided, first to be told first. Owned by the call that decided; emptied by `complete_all` once
/// the lock is released.
class decided_waiters {
 public:
  decided_waiters() = default;
  decided_waiters(decided_waiters&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)), last_(std::exchange(other.last_, nullptr)) {}
  decided_waiters& operator=(decided_waiters&& other) noexcept {
    first_ = std::exchange(other.first_, nullptr);
    last_ = std::exchange(other.last_, nullptr);
    return *this;
  }

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

  void push_back(queue_waiter& waiter) noexcept {
    waiter.next_ = nullptr;
    (last_ ? last_->next_ : first_) = &waiter;
    last_ = &waiter;
  }

  /// Null when there is none left.
  queue_waiter* pop_front() noexcept {
    queue_waiter* const waiter = first_;
    if (!waiter) return nullptr;
    // Read the link first: once told, a waiter may be gone.
    first_ = waiter->next_;
    if (!first_) last_ = nullptr;
    return waiter;
  }

  void complete_all() noexcept {
    while (queue_waiter* const waiter = pop_front()) waiter->complete();
  }

 private:
  queue_waiter* first_ = nullptr;
  queue_waiter* last_ = nullptr;
};

/// First in, first out; anyone may leave from the middle.
class waiter_line {
 public:
  waiter_line() = default;
  waiter_line(const waiter_line&) = delete;
  waiter_line& operator=(const waiter_line&) = delete;

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] queue_waiter* front() const noexcept { return first_; }

  void push_back(queue_waiter& waiter) noexcept {
    waiter.next_ = nullptr;
    waiter.previous_ = last_;
    waiter.line_ = this;
    (last_ ? last_->next_ : first_) = &waiter;
    last_ = &waiter;
    ++size_;
  }

  /// The waiter must be in this line.
  void remove(queue_waiter& waiter) noexcept {
    (waiter.previous_ ? waiter.previous_->next_ : first_) = waiter.next_;
    (waiter.next_ ? waiter.next_->previous_ : last_) = waiter.previous_;
    waiter.line_ = nullptr;
    --size_;
  }

 private:
  queue_waiter* first_ = nullptr;
  queue_waiter* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace penstock
