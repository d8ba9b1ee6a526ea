// The worker where branches come together: moves items from several edges to one, so that each edge keeps one
// producing and one consuming side.
//
// It takes a few from each edge in turn. An edge that is closed and empty is out of the round; when none is left the
// stage ends. It holds nothing, and waits for no edge in particular, so a branch that gets nothing holds up nobody.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <penstock/flow/cell.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/flow/stage_worker.hpp>

namespace penstock::flow {

/// Items that one edge gives in its turn, at most. More saves looking at the others, fewer mixes more finely.
inline constexpr std::size_t most_in_turn = 16;

template <class Item, class Receipt>
class join_stage final : public stage_worker {
  using out_cell = cell<Item, Receipt>;

 public:
  /// `tracked` says which inputs carry receipts, if the output does.
  join_stage(executor& home, run_services& services, stage_state& stage, const std::vector<bool>& tracked)
      : stage_worker(home, services, stage, 0), out_(static_cast<edge<out_cell>&>(*stage.outs.front())) {
    for (std::size_t i = 0; i < stage.ins.size(); ++i) inlets_.push_back({stage.ins[i], tracked[i], 0});
  }

  void nudge() noexcept override {
    for (auto* from : stage_.ins) from->nudge_producers();
    out_.nudge_consumers();
  }

 private:
  struct inlet {
    edge_base* from;
    bool tracked;
    std::size_t released;  ///< in this activation, and nobody was told
  };

  step work(turn& t) noexcept override {
    const auto result = go();
    if (handled_ > 0) {
      tally_.in.add(handled_);
      tally_.done.add(handled_);
      tally_.emitted.add(handled_);
      out_.tell_consumers(&t);
      for (auto& i : inlets_) {
        if (std::exchange(i.released, 0) > 0) i.from->tell_producers(&t);
      }
    }
    if (result != step::finished) return result;
    if (stage_.in == nullptr) {  // else the one edge is left like anybody's
      for (auto* from : stage_.ins) from->abandon(&t);
    }
    return leave(t);
  }

  step go() noexcept {
    std::size_t silent = 0;  // edges in a row that had nothing
    while (!inlets_.empty()) {
      if (should_give_up()) return step::finished;
      if (handled_ >= stage_.most_at_once) return step::again;
      auto& next = inlets_[at_];
      const bool closed = next.from->closed();
      const auto ready = next.from->ready();
      if (ready == 0 && closed) {
        inlets_.erase(inlets_.begin() + static_cast<std::ptrdiff_t>(at_));
        if (at_ == inlets_.size()) at_ = 0;
        silent = 0;
        continue;
      }
      if (ready == 0) {
        if (++silent == inlets_.size()) return starve();
      } else {
        silent = 0;
        const auto room = out_.room();
        if (room == 0) return block();
        pass(next, std::min({ready, room, most_in_turn, stage_.most_at_once - handled_}));
      }
      at_ = at_ + 1 < inlets_.size() ? at_ + 1 : 0;
    }
    return step::finished;
  }

  void pass(inlet& from, std::size_t count) noexcept {
    if constexpr (std::is_same_v<Receipt, receipt>) {
      if (!from.tracked) return pass_cells<Item>(from, count);
    }
    pass_cells<out_cell>(from, count);
  }

  template <class Cell>
  void pass_cells(inlet& from, std::size_t count) noexcept {
    typename edge<Cell>::reader r(static_cast<edge<Cell>&>(*from.from));
    typename edge<out_cell>::writer w(out_);
    while (count-- > 0 && run().phase() != run_phase::cancelling) {
      r.release_quietly();
      if constexpr (std::is_same_v<Cell, out_cell>) {
        ::new (w.blank()) out_cell(std::move(r.item()));
      } else {
        ::new (w.blank()) out_cell{std::move(r.item()), Receipt{}};
      }
      w.publish();
      r.drop();
      ++handled_;
      ++from.released;
    }
  }

  void finish() noexcept override {}

  edge<out_cell>& out_;
  std::vector<inlet> inlets_;  ///< those that may still give something
  std::size_t at_ = 0;         ///< whose turn it is
};

}  // namespace penstock::flow
