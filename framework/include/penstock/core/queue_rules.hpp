// The law of the queue, without thread, lock, clock or I/O.
//
// Every call decides at once and says what to do next: `decided` are waiters whose wait it ended, to be told (by
// `complete_all`) once the caller has released the lock that guards the rules. Items to be dropped are handed out too,
// so that no destructor of the user's runs under that lock.
//
// Invariants, after every call:
//   1. a getter waits only while the queue is open and empty; a putter only while it is open and full, or the item of
//      the first of them does not fit; nobody who arrives later can overtake a waiter
//   2. 0 <= size <= capacity; what is weighed weighs the most at most, or is one item; an item is in the ring, with its
//      putter, with its getter, or dropped and counted
//   3. put = got + size + dropped; 0 <= done <= put; unfinished = put - done
//   4. a joiner waits only while unfinished > 0
//   5. open -> closed -> cancelled, never back; the first cause is kept
//
// Not safe for concurrent use. Throws only where it says so.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "penstock/base/error.hpp"
#include "penstock/core/outcome.hpp"
#include "penstock/core/ring.hpp"
#include "penstock/core/waiter.hpp"

namespace penstock {

/// What a put does when the queue is full.
enum class overflow : std::uint8_t {
  block,        ///< wait for room: nothing is lost, the producer is slowed down
  drop_oldest,  ///< drop the item that has waited longest: never waits, favours fresh items
  drop_newest,  ///< drop the item that is being put: never waits, favours old items
  fail,         ///< refuse with `full`: never waits, the item stays with the caller
};

/// Waits for one item; `result` is its answer.
template <class T>
class get_waiter : public queue_waiter {
 public:
  got<T> result;

 protected:
  ~get_waiter() = default;
};

/// Waits until all of `items` are in. They stay the caller's until taken, one by one from the front; `result.accepted`
/// counts them.
template <class T>
class put_waiter : public queue_waiter {
 public:
  std::span<T> items;
  put_result result;

 protected:
  ~put_waiter() = default;
};

/// Waits until nothing is unfinished.
class join_waiter : public queue_waiter {
 public:
  put_result result;

 protected:
  ~join_waiter() = default;
};

/// What a queue looks like at one instant. Counts of items since it was made; for metrics and tests.
struct queue_snapshot {
  std::string name;
  std::size_t capacity = 0;         ///< SIZE_MAX: unbounded
  std::size_t size = 0;             ///< items in it now
  std::size_t peak = 0;             ///< most items ever in it
  std::size_t waiting_putters = 0;  ///< in line now
  std::size_t waiting_getters = 0;
  std::size_t waiting_joiners = 0;
  std::uint64_t put = 0;      ///< accepted, ever
  std::uint64_t got = 0;      ///< handed out, ever
  std::uint64_t dropped = 0;  ///< accepted and then dropped, by the overflow policy, by `cancel`, or with their getter
  std::uint64_t unfinished = 0;
  bool closed = false;     ///< takes no more items
  bool cancelled = false;  ///< and gives none

  std::uint64_t most_weight = 0;  ///< what the items in it may weigh together; 0, like the two below: not weighed
  std::uint64_t weight = 0;       ///< what they weigh now
  std::uint64_t peak_weight = 0;  ///< the most that they weighed; beyond `most_weight` only if one item alone did

  [[nodiscard]] bool empty() const noexcept { return size == 0; }
  [[nodiscard]] bool full() const noexcept { return size == capacity; }
};

template <class T>
class queue_rules {
 public:
  static constexpr std::size_t no_bound = static_cast<std::size_t>(-1);

  /// What an item weighs, in any unit. Must not throw. Called with the lock held that guards the rules.
  using weight_function = std::function<std::uint64_t(const T&)>;

  /// Throws `declaration_error` for capacity 0 and `std::bad_alloc`; all slots are allocated here, unless unbounded.
  queue_rules(std::size_t capacity, overflow when_full)
      : items_(capacity == no_bound ? 16 : capacity), capacity_(capacity), overflow_(when_full) {
    if (capacity == 0) throw declaration_error("a queue needs a capacity of at least 1");
  }

  /// The same, bounded also by what `weigh` says of the items that are in it: `most` together, or a single one that is
  /// heavier. For a queue with a capacity; throws `declaration_error` too for a `most` of 0 and for policy
  /// `drop_oldest`.
  queue_rules(std::size_t capacity, overflow when_full, std::uint64_t most, weight_function weigh)
      : queue_rules(capacity, when_full) {
    if (most == 0) throw declaration_error("a queue whose items are weighed needs a most_weight of at least 1");
    if (when_full == overflow::drop_oldest)
      throw declaration_error("a queue whose items are weighed cannot drop the oldest: one might not be enough");
    scale_ = std::make_unique<scale>(most, std::move(weigh), capacity);
  }

  /// Puts one item, never waits. `full` means: policy `block` or `fail`, item unmoved. What the policy drops is moved
  /// into `dropped`. Throws `std::bad_alloc` where an unbounded queue cannot grow, without effect.
  put_result put(T& item, std::optional<T>& dropped, decided_waiters& decided) {
    put_result result = refusal();
    if (result.state != state::ok) return result;
    if (queue_waiter* const first = getters_.front()) {
      give(static_cast<get_waiter<T>&>(*first), std::move(item), decided);
      result.accepted = 1;
    } else if (const auto weight = weight_of(item); has_room(1) && may_join(weight)) {
      push(std::move(item), weight);
      result.accepted = 1;
    } else if (overflow_ == overflow::drop_oldest) {
      items_.consume([&dropped](T&& oldest) noexcept { dropped.emplace(std::move(oldest)); });
      drop(1);
      push(std::move(item), weight);
      result.accepted = result.dropped = 1;
    } else if (overflow_ == overflow::drop_newest) {
      dropped.emplace(std::move(item));
      ++put_, drop(1);
      result.dropped = 1;
    } else {
      result.state = state::full;
    }
    return result;
  }

  /// Puts what fits, from the front: one item to each waiting getter, then into the ring. `full` when not all fitted.
  /// For policy `block` and `fail`. Throws like `put`, without effect.
  put_result put_n(std::span<T> items, decided_waiters& decided) {
    put_result result = refusal();
    if (result.state != state::ok) return result;
    // All memory is got first, so that the batch cannot fail in its middle.
    if (capacity_ == no_bound) has_room(items.size());
    for (T& item : items) {
      if (queue_waiter* const first = getters_.front())
        give(static_cast<get_waiter<T>&>(*first), std::move(item), decided);
      else if (const auto weight = weight_of(item); !items_.full() && may_join(weight))
        push(std::move(item), weight);
      else
        break;
      ++result.accepted;
    }
    if (result.accepted < items.size()) result.state = state::full;
    return result;
  }

  /// Takes the first item, never waits.
  got<T> get(decided_waiters& decided) noexcept {
    if (items_.empty()) return ending();
    got<T> result;
    items_.consume([&result](T&& item) noexcept { result.item_.emplace(std::move(item)); });
    if (scale_) scale_->take();
    result.state_ = state::ok;
    ++got_;
    refill(decided);
    return result;
  }

  /// Takes up to `most` items that are there into `sink(T&&) noexcept`; `empty` or the ending when there are none.
  template <class Sink>
  put_result get_n(std::size_t most, Sink&& sink, decided_waiters& decided) noexcept {
    put_result result;
    if (items_.empty()) {
      got<T> end = ending();
      result.state = end.state_;
      result.cause = std::move(end.cause_);
      return result;
    }
    for (std::size_t left = std::min(most, items_.size()); left > 0; --left) {
      items_.consume(sink);
      if (scale_) scale_->take();
      ++result.accepted;
    }
    got_ += result.accepted;
    refill(decided);
    return result;
  }

  /// Each of these either ends the wait at once, with the result in the waiter (false), or puts the waiter in line
  /// (true). A waiter that is in line must stay where it is until it was decided or withdrawn.
  bool line_up(get_waiter<T>& waiter, decided_waiters& decided) noexcept {
    waiter.result = get(decided);
    if (waiter.result.state() != state::empty) return false;
    getters_.push_back(waiter);
    return true;
  }
  /// For policy `block` only: the others never wait.
  bool line_up(put_waiter<T>& waiter, decided_waiters& decided) {
    const std::size_t before = waiter.result.accepted;
    waiter.result = put_n(waiter.items, decided);
    waiter.items = waiter.items.subspan(waiter.result.accepted);
    waiter.result.accepted += before;
    if (waiter.result.state != state::full) return false;
    putters_.push_back(waiter);
    return true;
  }
  bool line_up(join_waiter& waiter) noexcept {
    waiter.result = put_result{.state = abandoned_ ? state::cancelled : state::ok};
    if (unfinished() == 0 || abandoned_) return false;
    joiners_.push_back(waiter);
    return true;
  }

  /// Ends a wait without effect: `why` is its result. False when it was decided before; then nothing changes. Where
  /// items are weighed, follow the withdrawal of a putter with `let_in`.
  bool withdraw(get_waiter<T>& waiter, state why) noexcept {
    if (!waiter.in_line()) return false;
    getters_.remove(waiter);
    waiter.result = got<T>(why);
    return true;
  }
  bool withdraw(put_waiter<T>& waiter, state why) noexcept {
    if (!waiter.in_line()) return false;
    putters_.remove(waiter);
    waiter.result.state = why;
    return true;
  }
  bool withdraw(join_waiter& waiter, state why) noexcept {
    if (!waiter.in_line()) return false;
    joiners_.remove(waiter);
    waiter.result.state = why;
    return true;
  }

  /// Those who waited behind a heavier item that is gone may fit.
  void let_in(decided_waiters& decided) noexcept {
    if (scale_) refill(decided);
  }

  /// No more puts; what is there can still be got, then getters see `closed`, or `failed` with `cause`. False when it
  /// was closed before.
  bool close(std::exception_ptr cause, decided_waiters& decided) noexcept {
    if (ending_ != ending_kind::open) return false;
    ending_ = ending_kind::closed;
    cause_ = std::move(cause);
    end_waits(decided);
    return true;
  }

  /// No more puts and no more gets. What is there is swapped into `dropped` (which must be empty) and counted as
  /// dropped and done. False when it was cancelled before.
  bool cancel(ring<T>& dropped, decided_waiters& decided) noexcept {
    if (ending_ == ending_kind::cancelled) return false;
    ending_ = ending_kind::cancelled;
    drop(items_.size());
    items_.swap(dropped);
    if (scale_) scale_->clear();
    end_waits(decided);
    release_joiners(decided);
    return true;
  }

  /// The queue itself goes away: a cancel that ends the waits of joiners too. Later `task_done` stay harmless.
  void abandon(ring<T>& dropped, decided_waiters& decided) noexcept {
    abandoned_ = true;
    while (queue_waiter* const first = joiners_.front()) {
      joiners_.remove(*first);
      static_cast<join_waiter&>(*first).result.state = state::cancelled;
      decided.push_back(*first);
    }
    cancel(dropped, decided);
  }

  /// Lowers the unfinished count by `n`. False, and nothing changed, when it is lower than that.
  bool task_done(std::uint64_t n, decided_waiters& decided) noexcept {
    if (n > unfinished()) return false;
    done_ += n;
    release_joiners(decided);
    return true;
  }

  /// An item was handed to a getter that went away before it could look: dropped and done, no longer got.
  void lose_one(decided_waiters& decided) noexcept {
    --got_;
    drop(1);
    release_joiners(decided);
  }

  [[nodiscard]] std::uint64_t unfinished() const noexcept { return put_ - done_; }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  /// Nothing at all can be put; also false where only a light item could.
  [[nodiscard]] bool full() const noexcept {
    return (items_.full() && capacity_ != no_bound) || (scale_ && scale_->weight >= scale_->most && !items_.empty());
  }
  [[nodiscard]] bool open() const noexcept { return ending_ == ending_kind::open; }
  [[nodiscard]] overflow when_full() const noexcept { return overflow_; }

  [[nodiscard]] queue_snapshot snapshot() const {
    return {.name = {},
            .capacity = capacity_,
            .size = items_.size(),
            .peak = peak_,
            .waiting_putters = putters_.size(),
            .waiting_getters = getters_.size(),
            .waiting_joiners = joiners_.size(),
            .put = put_,
            .got = got_,
            .dropped = dropped_,
            .unfinished = unfinished(),
            .closed = ending_ != ending_kind::open,
            .cancelled = ending_ == ending_kind::cancelled,
            .most_weight = scale_ ? scale_->most : 0,
            .weight = scale_ ? scale_->weight : 0,
            .peak_weight = scale_ ? scale_->peak : 0};
  }

 private:
  enum class ending_kind : std::uint8_t { open, closed, cancelled };

  /// What the items weigh. Each is weighed when it is put, and counted with that.
  struct scale {
    scale(std::uint64_t at_most, weight_function by, std::size_t capacity)
        : most(at_most), weigh(std::move(by)), line(capacity) {}

    [[nodiscard]] bool fits(std::uint64_t one) const noexcept {
      return line.empty() || (weight <= most && one <= most - weight);
    }
    void put(std::uint64_t one) noexcept {
      weight += one;
      peak = std::max(peak, weight);
      line.push(std::uint64_t{one});
    }
    void take() noexcept {
      line.consume([this](std::uint64_t&& one) noexcept { weight -= one; });
    }
    void clear() noexcept {
      while (!line.empty()) take();
    }

    const std::uint64_t most;
    const weight_function weigh;
    std::uint64_t weight = 0;
    std::uint64_t peak = 0;
    ring<std::uint64_t> line;  // beside the items
  };

  /// What a put hears before the question of room comes up.
  put_result refusal() const noexcept {
    switch (ending_) {
      case ending_kind::closed: return {.state = state::closed, .cause = cause_};
      case ending_kind::cancelled: return {.state = state::cancelled, .cause = cause_};
      case ending_kind::open: break;
    }
    return {};
  }

  /// What a get hears when nothing is there.
  got<T> ending() const noexcept {
    switch (ending_) {
      case ending_kind::closed: return got<T>(cause_ ? state::failed : state::closed, cause_);
      case ending_kind::cancelled: return got<T>(state::cancelled, cause_);
      case ending_kind::open: break;
    }
    return {};
  }

  /// For `n` more items; makes it where there is no bound.
  bool has_room(std::size_t n) {
    if (items_.capacity() - items_.size() >= n) return true;
    if (capacity_ != no_bound) return false;
    items_.grow(std::max(items_.capacity() * 2, items_.size() + n));
    return true;
  }

  /// There is a place for it. But has it the weight, and does nobody wait with a heavier one?
  bool may_join(std::uint64_t weight) const noexcept { return !scale_ || (putters_.empty() && scale_->fits(weight)); }

  std::uint64_t weight_of(const T& item) const noexcept { return scale_ ? scale_->weigh(item) : 0; }

  void push(T&& item, std::uint64_t weight) noexcept {
    if (scale_) scale_->put(weight);
    items_.push(std::move(item));
    ++put_;
    peak_ = std::max(peak_, items_.size());
  }

  void give(get_waiter<T>& waiter, T&& item, decided_waiters& decided) noexcept {
    getters_.remove(waiter);
    waiter.result.item_.emplace(std::move(item));
    waiter.result.state_ = state::ok;
    ++put_, ++got_;
    decided.push_back(waiter);
  }

  /// Room came up: the putters in line have it, before anybody else can.
  void refill(decided_waiters& decided) noexcept {
    while (!items_.full() && !putters_.empty()) {
      auto& first = static_cast<put_waiter<T>&>(*putters_.front());
      const auto weight = weight_of(first.items.front());
      if (scale_ && !scale_->fits(weight)) return;
      push(std::move(first.items.front()), weight);
      first.items = first.items.subspan(1);
      ++first.result.accepted;
      if (!first.items.empty()) continue;
      putters_.remove(first);
      first.result.state = state::ok;
      decided.push_back(first);
    }
  }

  /// By invariant 1 a getter in line means that nothing is there, so all of them see the end.
  void end_waits(decided_waiters& decided) noexcept {
    while (queue_waiter* const first = putters_.front()) {
      putters_.remove(*first);
      auto& putter = static_cast<put_waiter<T>&>(*first);
      putter.result.state = ending_ == ending_kind::closed ? state::closed : state::cancelled;
      putter.result.cause = cause_;
      decided.push_back(putter);
    }
    while (queue_waiter* const first = getters_.front()) {
      getters_.remove(*first);
      static_cast<get_waiter<T>&>(*first).result = ending();
      decided.push_back(*first);
    }
  }

  /// An early `task_done` may have paid for these already, so the debt is lowered only as far as it goes.
  void drop(std::uint64_t n) noexcept {
    dropped_ += n;
    done_ += std::min(n, unfinished());
  }

  void release_joiners(decided_waiters& decided) noexcept {
    if (unfinished() != 0) return;
    while (queue_waiter* const first = joiners_.front()) {
      joiners_.remove(*first);
      decided.push_back(*first);
    }
  }

  ring<T> items_;
  const std::size_t capacity_;
  const overflow overflow_;
  std::unique_ptr<scale> scale_;  // null: only items are counted
  ending_kind ending_ = ending_kind::open;
  bool abandoned_ = false;
  std::size_t peak_ = 0;
  std::uint64_t put_ = 0;
  std::uint64_t got_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t done_ = 0;
  std::exception_ptr cause_;
  waiter_line getters_;
  waiter_line putters_;
  waiter_line joiners_;
};

}  // namespace penstock
