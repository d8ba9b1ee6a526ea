// The rules of a queue under one small lock, and the waits of threads. Shared: the queue's handle holds it, and so does
// everyone who waits, so that destroying the queue is safe for them.
//
// Actors, which never block, use it directly: `try_*`, then `line_up` with a waiter of their own whose `complete()` is
// their notice. The hand-off carries the item, so a waiting actor keeps its place in line like everybody else.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "penstock/core/queue_rules.hpp"
#include "penstock/sync/detail/back_off.hpp"
#include "penstock/sync/detail/small_lock.hpp"
#include "penstock/sync/detail/thread_waiter.hpp"
#include "penstock/sync/wait_limits.hpp"

namespace penstock::detail {

template <class T>
class queue_state : public std::enable_shared_from_this<queue_state<T>> {
 public:
  queue_state(std::size_t capacity, overflow when_full, std::string name)
      : name_(std::move(name)), rules_(capacity, when_full) {}
  queue_state(std::size_t capacity, overflow when_full, std::string name, std::uint64_t most_weight,
              typename queue_rules<T>::weight_function weigh)
      : name_(std::move(name)), rules_(capacity, when_full, most_weight, std::move(weigh)) {}

  // ---- never wait; any thread ----

  put_result try_put(T& item) {
    std::optional<T> dropped;
    return locked([&](decided_waiters& decided) { return rules_.put(item, dropped, decided); });
  }

  put_result try_put_n(std::span<T> items) {
    if (may_wait()) return locked([&](decided_waiters& decided) { return rules_.put_n(items, decided); });
    return put_each(items);
  }

  got<T> try_get() noexcept {
    return locked([&](decided_waiters& decided) { return rules_.get(decided); });
  }

  put_result try_get_n(std::vector<T>& append_to, std::size_t most) {
    for (;;) {
      std::size_t there = 0;
      put_result result = locked([&](decided_waiters& decided) -> put_result {
        there = std::min(most, rules_.size());
        // Memory is got without the lock and before anything is taken: running out of it loses no item.
        if (append_to.capacity() - append_to.size() < there) return {};
        there = 0;
        return rules_.get_n(most, [&append_to](T&& item) noexcept { append_to.push_back(std::move(item)); }, decided);
      });
      if (there == 0) return result;
      append_to.reserve(std::max(append_to.size() + there, 2 * append_to.capacity()));
    }
  }

  bool close(std::exception_ptr cause) {
    return locked([&](decided_waiters& decided) { return rules_.close(std::move(cause), decided); });
  }

  bool cancel() {
    ring<T> dropped;
    return locked([&](decided_waiters& decided) { return rules_.cancel(dropped, decided); });
  }

  void abandon() noexcept {
    ring<T> dropped;
    locked([&](decided_waiters& decided) { return rules_.abandon(dropped, decided), true; });
  }

  bool task_done(std::uint64_t n) noexcept {
    return locked([&](decided_waiters& decided) { return rules_.task_done(n, decided); });
  }

  void lose_one() noexcept {
    locked([&](decided_waiters& decided) { return rules_.lose_one(decided), true; });
  }

  queue_snapshot snapshot() {
    queue_snapshot copy = locked([&](decided_waiters&) { return rules_.snapshot(); });
    copy.name = name_;
    return copy;
  }

  /// Does a put wait for room at all? Without, a full queue is an answer.
  [[nodiscard]] bool may_wait() const noexcept { return rules_.when_full() == overflow::block; }

  // ---- for waiters of any kind ----

  /// True: in line; `complete()` will be called once, on the thread that decides, unless `withdraw` returns true first.
  /// False: decided now, the result is in the waiter, `complete()` is not called.
  bool line_up(get_waiter<T>& waiter) {
    return locked([&](decided_waiters& decided) { return rules_.line_up(waiter, decided); });
  }
  bool line_up(put_waiter<T>& waiter) {
    if (may_wait()) return locked([&](decided_waiters& decided) { return rules_.line_up(waiter, decided); });
    waiter.result = put_each(waiter.items);
    return false;
  }
  bool line_up(join_waiter& waiter) {
    return locked([&](decided_waiters&) { return rules_.line_up(waiter); });
  }

  /// Leaves the line; true when still in it, then `why` is the result and `complete()` is not called.
  template <class Waiter>
  bool withdraw(Waiter& waiter, state why) noexcept {
    return locked([&](decided_waiters& decided) {
      const bool left = rules_.withdraw(waiter, why);
      if (left) rules_.let_in(decided);
      return left;
    });
  }

  /// Runs `decide(rules, decided)` under the lock, then tells those it decided. For waiters with a state of their own
  /// that the same lock guards.
  template <class Decide>
  auto under_lock(Decide&& decide) {
    return locked([&](decided_waiters& decided) { return decide(rules_, decided); });
  }

  // ---- for threads: may park the calling one ----

  put_result put(T& item, const wait_limits& limits) {
    if (limits.stop.stop_requested()) return {.state = state::cancelled};
    put_result result = try_put(item);
    if (result.state != state::full || !may_wait()) return result;
    return put_slowly(std::span<T>(&item, 1), limits);
  }

  put_result put_n(std::span<T> items, const wait_limits& limits) {
    if (limits.stop.stop_requested()) return {.state = state::cancelled};
    put_result result = try_put_n(items);
    if (result.state != state::full || !may_wait()) return result;
    put_result rest = put_slowly(items.subspan(result.accepted), limits);
    rest.accepted += result.accepted;
    return rest;
  }

  got<T> get(const wait_limits& limits) {
    if (limits.stop.stop_requested()) return got<T>(state::cancelled);
    got<T> result = try_get();
    if (result.state() != state::empty) return result;
    for (back_off wait; !over(limits) && wait.again();) {
      if (hint_.load(std::memory_order_relaxed) == hint::empty) continue;
      result = try_get();
      if (result.state() != state::empty) return result;
    }
    thread_waiter<get_waiter<T>> waiter;
    park(waiter, limits);
    return std::move(waiter.result);
  }

  put_result get_n(std::vector<T>& append_to, std::size_t most, const wait_limits& limits) {
    if (most == 0) return {};
    if (limits.stop.stop_requested()) return {.state = state::cancelled};
    put_result result = try_get_n(append_to, most);
    if (result.state != state::empty) return result;
    // Before anything is taken: running out of memory afterwards would lose the item.
    if (append_to.size() == append_to.capacity()) append_to.reserve(2 * append_to.capacity() + 1);
    got<T> first = get(limits);
    if (first.state() != state::ok) return {.state = first.state(), .cause = first.cause()};
    append_to.push_back(std::move(*first));
    result = most > 1 ? try_get_n(append_to, most - 1) : put_result{};
    return {.accepted = result.accepted + 1};
  }

  put_result join(const wait_limits& limits) {
    if (limits.stop.stop_requested()) return {.state = state::cancelled};
    thread_waiter<join_waiter> waiter;
    park(waiter, limits);
    return std::move(waiter.result);
  }

 private:
  /// What a thread that backs off may look at without the lock. Only a hint: the rules decide.
  enum class hint : std::uint8_t { empty, some, full };

  template <class Decide>
  auto locked(Decide&& decide) {
    decided_waiters decided;
    // Also when `decide` throws: nobody is left untold.
    struct tell {
      decided_waiters& whom;
      ~tell() { whom.complete_all(); }
    } after{decided};
    const std::lock_guard hold(lock_);
    struct publish {
      queue_state& self;
      ~publish() { self.publish_hint(); }
    } before_unlock{*this};
    return decide(decided);
  }

  void publish_hint() noexcept {
    // A queue that has ended always has an answer.
    hint now = rules_.open() && rules_.size() == 0 ? hint::empty : hint::some;
    if (rules_.open() && rules_.full()) now = hint::full;
    // Relaxed: only a hint; stored only on change, so that those who watch it keep the cache line.
    if (hint_.load(std::memory_order_relaxed) != now) hint_.store(now, std::memory_order_relaxed);
  }

  static bool over(const wait_limits& limits) noexcept {
    return limits.stop.stop_requested() || (limits.until != never && limits.until <= clock::now());
  }

  put_result put_slowly(std::span<T> items, const wait_limits& limits) {
    put_result result;
    for (back_off wait; !over(limits) && wait.again();) {
      if (hint_.load(std::memory_order_relaxed) == hint::full) continue;
      put_result part = try_put_n(items);
      result.accepted += part.accepted;
      items = items.subspan(part.accepted);
      result.state = part.state;
      result.cause = std::move(part.cause);
      if (result.state != state::full) return result;
      if (part.accepted) wait = {};
    }
    thread_waiter<put_waiter<T>> waiter;
    waiter.items = items;
    waiter.result.accepted = result.accepted;
    park(waiter, limits);
    return std::move(waiter.result);
  }

  /// The policies that never wait, for a batch.
  put_result put_each(std::span<T> items) {
    put_result sum;
    for (T& item : items) {
      put_result one = try_put(item);
      sum.accepted += one.accepted;
      sum.dropped += one.dropped;
      sum.state = one.state;
      sum.cause = std::move(one.cause);
      if (!sum) break;
    }
    return sum;
  }

  template <class Waiter>
  void park(thread_waiter<Waiter>& waiter, const wait_limits& limits) {
    // The queue may be destroyed while this thread is parked.
    const auto keep = this->shared_from_this();
    if (!line_up(waiter)) return;
    const auto leave = [this, &waiter]() noexcept {
      if (withdraw(waiter, state::cancelled)) waiter.complete();
    };
    // Made and destroyed without the lock: it may run in its constructor, and its destructor waits for a run elsewhere.
    std::optional<std::stop_callback<decltype(leave)>> on_stop;
    if (limits.stop.stop_possible()) on_stop.emplace(limits.stop.std_token(), leave);
    // Over when decided, or given up at the deadline; else it is being decided at this very moment, or has no deadline.
    const bool over = limits.until != never && (waiter.wait_until(limits.until) || withdraw(waiter, state::timed_out));
    if (!over) waiter.wait();
  }

  const std::string name_;
  std::atomic<hint> hint_{hint::empty};
  alignas(64) small_lock lock_;
  queue_rules<T> rules_;  // guarded by lock_
};

}  // namespace penstock::detail
