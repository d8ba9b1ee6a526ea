// A stage with several workers whose results leave in the order in which their items came.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include <penstock/core/reorder.hpp>
#include <penstock/flow/cell.hpp>
#include <penstock/flow/held_result.hpp>
#include <penstock/flow/shared_sides.hpp>
#include <penstock/flow/stage_worker.hpp>

namespace penstock::flow {

/// A body's result that waits for its turn.
template <class Op, class Receipt>
struct ordered_result {
  typename Op::result result;
  [[no_unique_address]] Receipt owed;
  std::uint64_t number;
};

/// What the workers of an ordered stage share. Lock order: the inlet's, then this one's.
template <class In, class Receipt, class Op>
struct ordered_sides {
  using in_cell = cell<In, Receipt>;
  using out_cell = cell<typename Op::item, Receipt>;
  using results = std::vector<ordered_result<Op, Receipt>>;

  ordered_sides(stage_state& stage, std::size_t window_size)
      : in(static_cast<edge<in_cell>&>(*stage.in), stage.workers), window(window_size) {}

  shared_inlet<in_cell> in;
  party workers;

  penstock::detail::small_lock lock;
  // Guarded by lock, and so is the producing side of the output edge.
  reorder<results> window;
  std::size_t front_sent = 0;  ///< results of the front run that have left
  typename Op::template held<Receipt> held;
  std::uint64_t number_held = 0;
  bool somebody_waits = false;  ///< for places in the window, or for it to become empty
};

template <class In, class Receipt, class Op>
class ordered_stage final : public stage_worker {
  using sides = ordered_sides<In, Receipt, Op>;
  using in_cell = typename sides::in_cell;
  using out_edge = edge<typename sides::out_cell>;
  using results = typename sides::results;

 public:
  ordered_stage(executor& home, run_services& services, stage_state& stage, std::size_t number, sides& shared, Op op)
      : stage_worker(home, services, stage, number),
        sides_(shared),
        out_(static_cast<out_edge&>(*stage.out)),
        op_(std::move(op)) {
    claim_.cells.reserve(most_claimed);
  }

 private:
  static constexpr std::size_t most_claimed = 256;

  step work(turn& t) noexcept override {
    emitted_ = 0;
    const auto result = go();
    tally_.emitted.add(emitted_);
    if (emitted_ > 0) out_.tell_consumers(&t);
    return result == step::finished ? leave(t) : result;
  }

  step go() noexcept {
    send_in_order();
    for (;;) {
      if (should_give_up()) return give_up();
      if (handled_ >= pace_.items()) return step::again;
      std::uint64_t first = 0;
      bool window_full = false;
      sides_.in.take(claim_, std::min(pace_.items() - handled_, most_claimed), [&](std::size_t n) {
        const std::lock_guard lock(sides_.lock);
        const auto free = sides_.window.free();
        window_full = n > 0 && free == 0;
        if (window_full) sides_.somebody_waits = true;
        n = std::min(n, free);
        first = sides_.window.claim(n);
        return n;
      });
      if (claim_.cells.empty()) {
        if (window_full) return block();
        if (!claim_.closed) return starve();
        if (!window_is_empty()) return block();
        end_well();
        return step::finished;
      }
      if (claim_.more) sides_.workers.wake_one(nullptr);
      run_claim(first);
      send_in_order();
    }
  }

  void run_claim(std::uint64_t first) noexcept {
    auto& in = *sides_.in;
    const auto count = claim_.cells.size();
    results made = std::move(spare_);
    made.clear();
    in.release(1, nullptr);  // the first body starts now
    std::size_t started = 0;
    std::size_t without = 0;
    for (auto& item : claim_.cells) {
      if (started > 0 && run().phase() == run_phase::cancelling) break;
      const auto number = claim_.first + started;
      context_.begin_item(number);
      ++started;
      auto owed = receipt_of(item);
      try {
        auto result = op_(context_, std::move(value_of(item)));
        if constexpr (Op::kind == shape::maybe) {
          if (!result) {
            ++without;
            continue;
          }
        }
        made.push_back({std::move(result), std::move(owed), number});
      } catch (...) {
        item_failed(number);
      }
    }
    claim_.cells.clear();
    if (started > 1) in.release(started - 1, nullptr);
    if (started < count) in.count_dropped(count - started);
    handled_ += started;
    tally_.in.add(started);
    tally_.done.add(without);
    const std::lock_guard lock(sides_.lock);
    sides_.window.finish(first, count, std::move(made));
  }

  /// Sends on what is next in order, as far as there is room.
  void send_in_order() noexcept {
    bool wake = false;
    const auto before = emitted_;
    {
      const std::lock_guard lock(sides_.lock);
      auto& window = sides_.window;
      auto& held = sides_.held;
      bool freed = false;
      for (;;) {
        if (!held.empty()) {
          if (out_.room() == 0) break;
          send_held();
          continue;
        }
        auto* front = window.front();
        if (front == nullptr) break;
        if (sides_.front_sent == front->size()) {
          spare_ = window.pop_front();
          sides_.front_sent = 0;
          freed = true;
          continue;
        }
        hold_next((*front)[sides_.front_sent++]);
      }
      if (freed) wake = std::exchange(sides_.somebody_waits, false);
    }
    if (emitted_ != before && out_.eager()) out_.tell_consumers(nullptr);
    if (wake) sides_.workers.wake_all(nullptr);
  }

  void hold_next(ordered_result<Op, Receipt>& next) noexcept {
    sides_.number_held = next.number;
    try {
      sides_.held.hold(std::move(next.result), std::move(next.owed));
      if (sides_.held.empty()) tally_.done.add(1);
    } catch (...) {
      item_failed(next.number);
    }
  }

  void send_held() noexcept {
    auto& held = sides_.held;
    try {
      typename out_edge::writer w(out_);
      for (auto room = out_.room(); room > 0 && !held.empty(); --room) held.put_one(w, emitted_);
      if (held.empty()) tally_.done.add(1);
    } catch (...) {  // the range of a flat_map threw: its item has failed
      item_failed(sides_.number_held);
    }
  }

  /// If not, this worker is woken when it has become so.
  bool window_is_empty() noexcept {
    const std::lock_guard lock(sides_.lock);
    if (sides_.window.empty() && sides_.held.empty()) return true;
    sides_.somebody_waits = true;
    return false;
  }

  /// Drops what waits in the window; what other workers still finish they drop themselves.
  step give_up() noexcept {
    const std::lock_guard lock(sides_.lock);
    auto& window = sides_.window;
    if (!sides_.held.empty()) {
      sides_.held.drop();
      tally_.dropped.add(1);
    }
    while (auto* front = window.front()) {
      tally_.dropped.add(front->size() - sides_.front_sent);
      sides_.front_sent = 0;
      window.pop_front();
    }
    return step::finished;
  }

  void finish() override { op_.finish(context_); }

  sides& sides_;
  out_edge& out_;
  Op op_;
  claim<in_cell> claim_;
  results spare_;  ///< storage to be used again
  std::uint64_t emitted_ = 0;
};

}  // namespace penstock::flow
