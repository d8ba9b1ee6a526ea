// The queue between two stages: a ring with one producing and one consuming side, worked in place, batch by batch.
//
// A side is used by one thread at a time: a serial stage is one actor, a parallel one takes turns under a lock of its
// own. So an edge needs no lock and no compare-and-swap, whatever the number of workers on either side.
//
// Invariants:
//   1. released, head ≤ tail ≤ released + capacity. `tail` counts what was ever put, `head` what was ever taken,
//      `released` those whose body has started (or which were dropped): until then an item occupies its place, even
//      while it lies in a worker's local batch. `released` runs one ahead of `head` while a body works in place.
//   2. A cell between head and tail is constructed, every other is raw storage. There is one cell more than the
//      capacity, so that the place of an item can be given away while its body still works in its cell.
//   3. `closed` is set after the last item was published; who reads `closed` before `tail` sees them all, so "closed
//      and empty" is one observation.
//   4. When both sides have left, nothing lies on the edge: whoever leaves last destroys what is there.
//
// An edge may also be bounded by weight. Then `publish` leaves an item that does not fit in its cell, behind `tail`,
// where it waits: there is no room for another, and whoever takes enough of the others moves the tail on. It waits only
// while others are there, so whoever sees "closed and empty" has not missed it. The stage that made it may leave.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include <penstock/core/ledger.hpp>
#include <penstock/flow/actor.hpp>
#include <penstock/flow/scale.hpp>

namespace penstock::flow {

/// What the report and the run need of an edge, whatever its items.
class edge_base {
 public:
  explicit edge_base(std::size_t capacity) noexcept : capacity_(capacity), cells_in_all_(capacity + 1) {}
  virtual ~edge_base() = default;
  edge_base(const edge_base&) = delete;
  edge_base& operator=(const edge_base&) = delete;

  /// Who is woken; set before the run starts. `eager`: the two sides run on different executors, so whoever publishes
  /// or releases says so at once instead of once per activation.
  void connect(party producers, party consumers, bool eager) noexcept {
    producers_ = producers;
    consumers_ = consumers;
    // Weight has no hysteresis, and is given back before a body starts, not after a burst of them.
    eager_ = eager || scale_ != nullptr;
  }

  /// Bounds the weight of what is on it; before the run starts.
  void put_on_scale(std::uint64_t most) { scale_ = std::make_unique<scale>(most, capacity_); }

  /// Null: only items are counted.
  [[nodiscard]] const scale* weighed() const noexcept { return scale_.get(); }

  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool eager() const noexcept { return eager_; }

  /// Items that occupy a place now; a snapshot.
  [[nodiscard]] std::size_t size() const noexcept {
    const auto released = released_.load(std::memory_order_relaxed);
    const auto tail = tail_.load(std::memory_order_relaxed);
    return tail > released ? std::min(static_cast<std::size_t>(tail - released), capacity_) : 0;
  }

  [[nodiscard]] std::size_t peak() const noexcept { return peak_.load(std::memory_order_relaxed); }

  [[nodiscard]] edge_counts counts() const noexcept {
    const auto dropped = dropped_.load(std::memory_order_relaxed);
    const auto refused = refused_.load(std::memory_order_relaxed);
    return {tail_.load(std::memory_order_relaxed) + refused, released_.load(std::memory_order_relaxed) - dropped,
            dropped + refused};
  }

  /// Items dropped here of which nobody was told yet. Any thread; each item is told of once.
  [[nodiscard]] std::uint64_t newly_dropped() noexcept {
    const auto now = counts().dropped;
    auto told = dropped_told_.load(std::memory_order_relaxed);
    while (told < now && !dropped_told_.compare_exchange_weak(told, now, std::memory_order_relaxed)) {
    }
    return told < now ? now - told : 0;
  }

  // The producing side.

  /// How many cells may be written. On 0 the producers will be woken when there is room again: go idle.
  [[nodiscard]] std::size_t room() noexcept {
    auto free = free_places();
    if (free > 0) return free;
    released_seen_ = released_.load(std::memory_order_acquire);
    free = free_places();
    return free > 0 ? free : ask_for_room();
  }

  /// The same for a producer who found too little room: it will be woken in any case.
  [[nodiscard]] std::size_t ask_for_room() noexcept {
    // First the flag, then a second look; the consumer releases first and then reads the flag. All four are
    // sequentially consistent, so at least one side sees the other.
    producers_wait_.store(true, std::memory_order_seq_cst);
    released_seen_ = released_.load(std::memory_order_seq_cst);
    return free_places();
  }

  /// The same for a producer who does not wait, and so need not be woken.
  [[nodiscard]] std::size_t room_now() noexcept {
    if (const auto free = free_places(); free > 0) return free;
    released_seen_ = released_.load(std::memory_order_acquire);
    return free_places();
  }

  /// `count` items that were meant for this edge were destroyed before they were on it; they count as dropped here.
  void count_refused(std::size_t count) noexcept {
    refused_.store(refused_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }

  /// Items were published: a consumer will look at them.
  void tell_consumers(turn* t) const noexcept { consumers_.wake_one(t); }

  /// No more items will come. The consumers drain what is there.
  void close(turn* t) noexcept {
    closed_.store(true, std::memory_order_release);
    forsake();
    consumers_.wake_all(t);
  }

  /// The producing side, which saw `abandoned`, puts nothing more here, and may go on elsewhere.
  void forsake() noexcept {
    if (left_last(producing)) drop_all();
  }

  /// Nobody takes items any more: the producing stage should leave.
  [[nodiscard]] bool abandoned() const noexcept { return abandoned_.load(std::memory_order_acquire); }

  // The consuming side.

  [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }

  /// Items that can be taken now. 0 means "no more" only if `closed` was read as true before.
  [[nodiscard]] std::size_t ready() noexcept {
    if (tail_seen_ == head_) tail_seen_ = tail_.load(std::memory_order_acquire);
    return static_cast<std::size_t>(tail_seen_ - head_);
  }

  /// The number of the next item to be taken, from 0.
  [[nodiscard]] std::uint64_t position() const noexcept { return head_; }

  /// The bodies of `count` taken items are about to start. Any consuming worker, also out of turn.
  void release(std::size_t count, turn* t) noexcept {
    released_.fetch_add(count, std::memory_order_seq_cst);
    wake_producers(t);
  }

  /// `count` taken items were destroyed without their bodies having started.
  void count_dropped(std::size_t count) noexcept {
    dropped_.fetch_add(count, std::memory_order_relaxed);
    released_.fetch_add(count, std::memory_order_seq_cst);
  }

  /// After quiet releases.
  void tell_producers(turn* t) noexcept {
    released_.fetch_add(0, std::memory_order_seq_cst);  // orders the releases before the look at the flag
    wake_producers(t);
  }

  /// The consuming stage has left: what is here is dropped, and the producers are told.
  void abandon(turn* t) noexcept {
    abandoned_.store(true, std::memory_order_release);
    drop_all();
    // A producer that did not see it in time may have put more; it does the same when it leaves.
    if (left_last(consuming)) drop_all();
    producers_.wake_all(t);
  }

  /// Destroys and counts what is here. By the consuming side, or when no stage runs any more.
  virtual void drop_all() noexcept = 0;

  /// Gives the notices that an activation under way still owes, on its behalf: its body may be waiting for the very
  /// effect of them. Any thread, as long as the run lives.
  void nudge_consumers() const noexcept { consumers_.wake_one(nullptr); }
  void nudge_producers() noexcept {
    // Any free place counts now: a body that takes long may never come to free half a ring. The read-modify-write
    // orders quiet releases before the look at the flag.
    const auto released = released_.fetch_add(0, std::memory_order_seq_cst);
    const auto used = static_cast<std::size_t>(tail_.load(std::memory_order_relaxed) - released);
    if (used < capacity_ && producers_wait_.exchange(false, std::memory_order_seq_cst)) producers_.wake_all(nullptr);
  }

 private:
  static constexpr std::uint8_t producing = 1;
  static constexpr std::uint8_t consuming = 2;

  /// True, once, for the side that leaves after the other; both sides are the caller's then.
  [[nodiscard]] bool left_last(std::uint8_t side) noexcept {
    // acq_rel: what the other side did on the edge happens before.
    const auto before = left_.fetch_or(side, std::memory_order_acq_rel);
    return before != 0 && (before & side) == 0;
  }

 protected:
  [[nodiscard]] std::size_t free_places() const noexcept {
    if (scale_ != nullptr && scale_->waiting()) return 0;  // the tail may be moving: not a look at it
    const auto free = capacity_ - static_cast<std::size_t>(tail_.load(std::memory_order_relaxed) - released_seen_);
    // Who knows whether a second one will have room: that depends on the first.
    return scale_ == nullptr ? free : std::min<std::size_t>(free, 1);
  }

  /// Moves the tail over the item that was put last and has waited until now. With the lock of the scale held, which
  /// keeps the producing side away from the tail.
  void publish_waiting() noexcept {
    tail_place_ = place(tail_place_, 1);
    const auto tail = tail_.load(std::memory_order_relaxed) + 1;
    tail_.store(tail, std::memory_order_release);
    const auto used = static_cast<std::size_t>(tail - released_.load(std::memory_order_relaxed));
    if (used > peak_.load(std::memory_order_relaxed)) peak_.store(used, std::memory_order_relaxed);
  }

  /// `count` items, which were weighed, are on the edge no more.
  [[gnu::noinline]] void lighten(std::size_t count) noexcept {
    {
      const std::lock_guard lock(scale_->lock);
      if (!scale_->take(count)) return;
      publish_waiting();
      scale_->let_in();
    }
    consumers_.wake_one(nullptr);
    if (producers_wait_.exchange(false, std::memory_order_seq_cst)) producers_.wake_all(nullptr);
  }

  void wake_producers(turn* t) noexcept {
    if (!producers_wait_.load(std::memory_order_seq_cst)) return;
    // Some hysteresis: a producer that is woken finds room for half a ring, not for one item. Once everything is
    // released all of it is free, so the producers are never forgotten.
    const auto released = released_.load(std::memory_order_relaxed);
    const auto used = static_cast<std::size_t>(tail_.load(std::memory_order_relaxed) - released);
    const bool enough = used <= capacity_ / 2 || eager_;
    if (enough && producers_wait_.exchange(false, std::memory_order_seq_cst)) producers_.wake_all(t);
  }

  void note_peak(std::uint64_t tail) noexcept {
    if (static_cast<std::size_t>(tail - released_seen_) <= peak_.load(std::memory_order_relaxed)) return;
    released_seen_ = released_.load(std::memory_order_acquire);
    const auto used = static_cast<std::size_t>(tail - released_seen_);
    if (used > peak_.load(std::memory_order_relaxed)) peak_.store(used, std::memory_order_relaxed);
  }

  /// The cell `i` ≤ capacity places after `from`.
  [[nodiscard]] std::size_t place(std::size_t from, std::size_t i) const noexcept {
    const auto at = from + i;
    return at < cells_in_all_ ? at : at - cells_in_all_;
  }

  // Constant while the run runs.
  const std::size_t capacity_;
  const std::size_t cells_in_all_;
  party producers_;
  party consumers_;
  bool eager_ = false;
  std::unique_ptr<scale> scale_;  ///< null: only items are counted

  // Written by the producing side; on a scale also by the other, while the producing side waits.
  alignas(64) std::atomic<std::uint64_t> tail_{0};
  std::size_t tail_place_ = 0;       ///< read by it alone
  std::uint64_t released_seen_ = 0;  ///< read by it alone
  std::atomic<std::size_t> peak_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<bool> closed_{false};

  // Written by the consuming side.
  alignas(64) std::atomic<std::uint64_t> released_{0};
  std::uint64_t head_ = 0;       ///< read by it alone
  std::size_t head_place_ = 0;   ///< read by it alone
  std::uint64_t tail_seen_ = 0;  ///< read by it alone
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<bool> abandoned_{false};

  // Written by both, seldom.
  alignas(64) std::atomic<bool> producers_wait_{false};
  std::atomic<std::uint64_t> dropped_told_{0};
  std::atomic<std::uint8_t> left_{0};
};

template <class Cell>
class edge final : public edge_base {
 public:
  explicit edge(std::size_t capacity) : edge_base(capacity), cells_(std::allocator<Cell>{}.allocate(cells_in_all_)) {}

  /// The same with what `by` says. It must outlive the edge.
  void put_on_scale(std::uint64_t most, const weigher<Cell>& by) {
    edge_base::put_on_scale(most);
    weigher_ = &by;
  }

  ~edge() override {
    drop_all();
    std::allocator<Cell>{}.deallocate(cells_, cells_in_all_);
  }

  /// The producing side at work: writes cells in place. One at a time; ends before the side is used otherwise.
  // What a writer and a reader do at their end is inlined, and what is seldom done there is not: a call with their
  // address would keep their members out of registers, which costs a loop over items two thirds more time.
  class writer {
   public:
    explicit writer(edge& e) noexcept
        : edge_(e),
          announced_(e.scale_ == nullptr ? e.tail_ : e.offered_),
          tail_(e.tail_.load(std::memory_order_relaxed)),
          place_(e.tail_place_) {}
    [[gnu::always_inline]] ~writer() {
      if (edge_.scale_ == nullptr) {
        edge_.tail_place_ = place_;
        edge_.note_peak(tail_);
      } else {
        edge_.weigh_offered(place_);
      }
    }
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;

    /// Raw storage for the next item, if there is room(). Construct, then `publish`.
    [[nodiscard]] Cell* blank() const noexcept { return edge_.cells_ + place_; }

    /// The blank is constructed: the consuming side may see it, on a scale when this writer ends. Follow, soon, with
    /// `tell_consumers`.
    void publish() noexcept {
      place_ = edge_.place(place_, 1);
      announced_.store(++tail_, std::memory_order_release);
    }

   private:
    edge& edge_;
    std::atomic<std::uint64_t>& announced_;
    std::uint64_t tail_;
    std::size_t place_;
  };

  /// The consuming side at work: reads cells in place. One at a time; ends before the side is used otherwise.
  class reader {
   public:
    explicit reader(edge& e) noexcept : edge_(e), head_(e.head_), place_(e.head_place_) {}
    [[gnu::always_inline]] ~reader() { end(); }
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;

    /// The number of the next item, from 0.
    [[nodiscard]] std::uint64_t position() const noexcept { return head_; }

    /// The next item, if ready() > 0. To be moved from, then `drop`.
    [[nodiscard]] Cell& item() const noexcept { return edge_.cells_[place_]; }

    /// The item `ahead` places behind the next, if ready() > `ahead`. It is dropped in its turn.
    [[nodiscard]] Cell& item(std::size_t ahead) const noexcept { return edge_.cells_[edge_.place(place_, ahead)]; }

    /// The body of the next item is about to start: its place is free, its cell is not. Only where one worker releases;
    /// nobody is woken, so follow, soon, with `tell_producers`.
    void release_quietly() noexcept {
      // Release: the cell before this one is raw again.
      edge_.released_.store(head_ + 1, std::memory_order_release);
    }

    /// Destroys the next item and goes on to the one after it.
    void drop() noexcept {
      std::destroy_at(edge_.cells_ + place_);
      ++head_;
      place_ = edge_.place(place_, 1);
    }

    /// What was dropped has left the edge, with its weight. The destructor does it too, which may be too late: when a
    /// body follows, its item weighs nothing here any more.
    [[gnu::always_inline]] void end() noexcept {
      const auto taken = head_ - std::exchange(edge_.head_, head_);
      edge_.head_place_ = place_;
      if (edge_.scale_ != nullptr && taken > 0) edge_.lighten(static_cast<std::size_t>(taken));
    }

   private:
    edge& edge_;
    std::uint64_t head_;
    std::size_t place_;
  };

  void drop_all() noexcept override {
    std::size_t count = 0;
    while (const auto n = ready()) {
      reader r(*this);
      for (std::size_t i = 0; i < n; ++i) r.drop();
      count += n;
    }
    count_dropped(count);
  }

 private:
  /// A writer that began here has come to `place`: with nothing, or with one item.
  [[gnu::noinline]] void weigh_offered(std::size_t place) noexcept {
    if (place == tail_place_) return;
    const auto weight = weigher_->weigh(cells_[tail_place_]);
    const std::lock_guard lock(scale_->lock);
    if (scale_->put(weight)) publish_waiting();
  }

  Cell* const cells_;
  const weigher<Cell>* weigher_ = nullptr;
  std::atomic<std::uint64_t> offered_{0};  ///< what writers announce on a scale; nobody reads it
};

}  // namespace penstock::flow
