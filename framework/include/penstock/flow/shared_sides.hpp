// How the workers of a parallel stage take turns at its two edges: a lock per batch, never per item.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include <penstock/flow/edge.hpp>
#include <penstock/sync/detail/small_lock.hpp>

namespace penstock::flow {

/// A worker's share of the input: taken from the edge, bodies not yet started.
template <class Cell>
struct claim {
  std::vector<Cell> cells;  ///< its capacity is set once: filling it does not allocate
  std::uint64_t first = 0;  ///< the number of the first
  bool closed = false;      ///< read before the edge was found empty: nothing will come
  bool more = false;        ///< there is work for another worker
};

/// The consuming side of an edge for several workers.
template <class Cell>
class shared_inlet {
 public:
  explicit shared_inlet(edge<Cell>& e, std::size_t workers) noexcept : edge_(e), workers_(workers) {}

  /// Fills `c` with at most `want` items, and at most a fair share of what is there. `admit(n)` is called under the
  /// lock with how many are to be taken and returns how many may be, and their numbering.
  template <class Admit>
  void take(claim<Cell>& c, std::size_t want, Admit&& admit) {
    const std::lock_guard lock(lock_);
    c.closed = edge_.closed();
    const auto ready = edge_.ready();
    const auto fair = std::max<std::size_t>(1, ready / workers_);
    const auto count = admit(std::min({want, ready, fair}));
    typename edge<Cell>::reader r(edge_);
    c.first = r.position();
    for (std::size_t i = 0; i < count; ++i) {
      c.cells.push_back(std::move(r.item()));
      r.drop();
    }
    c.more = ready > count;
  }

  [[nodiscard]] edge<Cell>& operator*() const noexcept { return edge_; }

 private:
  penstock::detail::small_lock lock_;
  edge<Cell>& edge_;
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
