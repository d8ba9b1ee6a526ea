// How the workers of a parallel stage take turns at its two edges: a lock per batch, never per item.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include <penstock/flow/claim.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/sync/detail/small_lock.hpp>

namespace penstock::flow {

/// The consuming side of an edge for several workers, with what came back from claims that were cut.
template <class Cell>
class shared_inlet {
 public:
  using claim_type = claim<Cell>;
  static constexpr bool by_key = false;

  explicit shared_inlet(edge<Cell>& e, std::size_t workers) noexcept : edge_(e), workers_(workers) {}

  /// Fills `c` with at most `want` items with consecutive numbers, and at most a fair share of what is there; first
  /// with what came back. `admit(n)` is called under the lock with how many are to be taken from the edge and returns
  /// how many may be.
  ///
  /// A claim of several is to be ended with `end_claim`. While there is one, nobody sees the end of the input: part of
  /// it may come back.
  template <class Admit>
  void take(claim<Cell>& c, std::size_t want, Admit&& admit) {
    const std::lock_guard lock(lock_);
    c.closed = edge_.closed();
    if (returned_.empty()) {
      take_new(c, want, admit);
    } else {
      take_returned(c, want);
    }
    if (c.cells.size() > 1) ++open_claims_;
    if (c.cells.empty() && c.closed && open_claims_ > 0) {
      c.closed = false;
      somebody_lingers_ = true;
    }
  }

  /// A claim of several is over. True: those who linger must look again.
  [[nodiscard]] bool end_claim() noexcept {
    const std::lock_guard lock(lock_);
    return --open_claims_ == 0 && std::exchange(somebody_lingers_, false);
  }

  /// Cuts `c`, whose owner cannot end it meanwhile, and takes back what it had not begun. True: there was something.
  bool take_back(claim<Cell>& c) noexcept {
    const std::lock_guard lock(lock_);
    try {
      run_of_cells run;
      run.cells.reserve(c.cells.size());
      returned_.reserve(returned_.size() + 1);
      const auto rest = c.cut();
      if (rest.from == rest.to) return false;
      run.next_number = c.first + rest.from;
      for (auto i = rest.from; i < rest.to; ++i) run.cells.push_back(std::move(c.cells[i]));
      // Oldest first: a body may wait for an earlier item, not for a later one.
      const auto by_number = [](const run_of_cells& a, const run_of_cells& b) { return a.next_number < b.next_number; };
      returned_.insert(std::upper_bound(returned_.begin(), returned_.end(), run, by_number), std::move(run));
      return true;
    } catch (const std::bad_alloc&) {
      return false;  // nothing was cut: the items wait for their owner
    }
  }

  /// Destroys and counts what came back; `each(first, count)` hears of every run of consecutive numbers.
  template <class Each>
  void drop_returned(Each&& each) noexcept {
    std::vector<run_of_cells> gone;
    {
      const std::lock_guard lock(lock_);
      gone.swap(returned_);
    }
    for (const auto& run : gone) {
      const auto left = run.cells.size() - run.taken;
      each(run.next_number, left);
      edge_.count_dropped(left);
    }
  }

  [[nodiscard]] edge<Cell>& operator*() const noexcept { return edge_; }

 private:
  /// Items with consecutive numbers.
  struct run_of_cells {
    std::vector<Cell> cells;
    std::size_t taken = 0;  ///< of them, from the front
    std::uint64_t next_number = 0;
  };

  template <class Admit>
  void take_new(claim<Cell>& c, std::size_t want, Admit& admit) {
    const auto ready = edge_.ready();
    const auto count = admit(std::min({want, ready, fair_share(ready), claim<Cell>::most}));
    typename edge<Cell>::reader r(edge_);
    c.first = r.position();
    for (std::size_t i = 0; i < count; ++i) {
      c.cells.push_back(std::move(r.item()));
      r.drop();
    }
    c.more = ready > count;
  }

  void take_returned(claim<Cell>& c, std::size_t want) noexcept {
    auto& run = returned_.front();
    const auto left = run.cells.size() - run.taken;
    const auto count = std::min({want, fair_share(left), claim<Cell>::most});
    c.first = run.next_number;
    for (std::size_t i = 0; i < count; ++i) c.cells.push_back(std::move(run.cells[run.taken++]));
    run.next_number += count;
    if (count == left) returned_.erase(returned_.begin());
    c.more = !returned_.empty() || edge_.ready() > 0;
  }

  [[nodiscard]] std::size_t fair_share(std::size_t there) const noexcept {
    return std::max<std::size_t>(1, there / workers_);
  }

  penstock::detail::small_lock lock_;
  // Guarded by lock_, and so is the consuming side of the edge.
  edge<Cell>& edge_;
  std::vector<run_of_cells> returned_;  ///< by number
  std::size_t open_claims_ = 0;         ///< of several items
  bool somebody_lingers_ = false;       ///< at the end of the input, for open claims to end

  const std::size_t workers_;
};

/// The producing side of an edge for several workers. Room is reserved before bodies run, so that a worker never holds
/// more results than one.
template <class Cell>
class shared_outlet {
 public:
  explicit shared_outlet(edge<Cell>& e) noexcept : edge_(e) {}

  /// Reserves up to `want` places; 0: the caller's stage will be woken when it is worth asking again.
  [[nodiscard]] std::size_t reserve(std::size_t want) noexcept {
    const std::lock_guard lock(lock_);
    auto free = edge_.room();
    if (free <= reserved_) free = edge_.ask_for_room();
    if (free <= reserved_) {
      somebody_waits_ = true;
      return 0;
    }
    const auto got = std::min(want, free - reserved_);
    reserved_ += got;
    return got;
  }

  /// `fill(writer)` writes at most `places` reserved items. True: places were left over and others of the stage wait.
  template <class Fill>
  [[nodiscard]] bool commit(std::size_t places, Fill&& fill) {
    const std::lock_guard lock(lock_);
    {
      typename edge<Cell>::writer w(edge_);
      fill(w);
    }
    reserved_ -= places;
    return somebody_waits_ && std::exchange(somebody_waits_, false);
  }

 private:
  penstock::detail::small_lock lock_;
  edge<Cell>& edge_;
  std::size_t reserved_ = 0;
  bool somebody_waits_ = false;
};

}  // namespace penstock::flow
