// A stage with one worker: works in place from edge to edge.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include <penstock/flow/cell.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/flow/held_result.hpp>
#include <penstock/flow/item_in_hand.hpp>
#include <penstock/flow/stage_worker.hpp>

namespace penstock::flow {

/// `Op` is the stage's work on one item: `Op::kind`, `Op::item`, `Op::held`, `Op::result`, `op(context&, In&&)`,
/// `op.finish(context&)`, `op.policies`.
template <class In, class Receipt, class Op>
class serial_stage final : public stage_worker {
  static constexpr bool emits = Op::kind != shape::none;
  using policies = typename Op::policies_type;
  using held = typename Op::template held<Receipt>;
  using in_edge = edge<cell<In, Receipt>>;
  using out_edge = edge<cell<typename Op::item, Receipt>>;

 public:
  serial_stage(executor& home, run_services& services, stage_state& stage, std::size_t number, Op op)
      : stage_worker(home, services, stage, number),
        in_(static_cast<in_edge&>(*stage.in)),
        out_(static_cast<out_edge*>(stage.out)),
        op_(std::move(op)),
        hand_(*this, op_.policies) {}

 private:
  step work(turn& t) noexcept override {
    emitted_ = released_ = 0;
    const auto result = go();
    if constexpr (emits) {
      tally_.emitted.add(emitted_);
      if (emitted_ > 0) out_->tell_consumers(&t);
    }
    if (released_ > 0) in_.tell_producers(&t);
    return result == step::finished ? leave(t) : result;
  }

  step go() noexcept {
    for (;;) {
      if (should_give_up()) return give_up();
      if (!hand_over()) return block();
      if (handled_ >= pace_.items()) return step::again;
      if (!hand_.empty()) {
        if (!work_on_hand()) return step::idle;
        continue;
      }
      const bool closed = in_.closed();
      const auto ready = in_.ready();
      if (ready == 0) {
        if (!closed) return starve();
        end_well();
        return step::finished;
      }
      std::size_t room = ready;
      if constexpr (emits) room = out_->room();
      const auto count = std::min({ready, room, pace_.items() - handled_});
      if (count <= 1 || neighbours_elsewhere() || Op::kind == shape::many || policies::limits) {
        one();
      } else {
        burst(count);
      }
    }
  }

  /// Then each item is told of at once: nobody else would, should the body of the next one block.
  [[nodiscard]] bool neighbours_elsewhere() const noexcept {
    if constexpr (emits) return in_.eager() || out_->eager();
    return in_.eager();
  }

  /// What the body made last goes on first. False: it cannot.
  bool hand_over() noexcept {
    if constexpr (emits) {
      while (!held_.empty()) {
        if (out_->room() == 0) return false;
        try {
          typename out_edge::writer w(*out_);
          held_.put_one(w, emitted_);
          if (held_.empty()) tally_.done.add(1);
        } catch (...) {  // the range of a flat_map threw: its item has failed
          item_failed(number_held_);
        }
        if (out_->eager()) out_->tell_consumers(nullptr);
      }
    }
    return true;
  }

  /// One item, out of place: its place is free, and those who wait for it are told, before the body starts. For a body
  /// that may take long, or whose neighbours run elsewhere.
  void one() noexcept {
    typename in_edge::reader r(in_);
    const auto number = r.position();
    In value(std::move(value_of(r.item())));
    auto owed = receipt_of(r.item());
    r.drop();
    r.end();
    in_.release(1, nullptr);
    ++handled_;
    tally_.in.add(1);
    context_.begin_item(number);
    if (hand_.may_begin(value, owed, number)) run_one(value, owed, number);
  }

  /// False: what is in the hand waits.
  bool work_on_hand() noexcept {
    if constexpr (guarded<policies>) {
      const auto what = hand_.look();
      if (what == hand::parked) return false;
      if (what == hand::ready) {
        ++handled_;
        hand_.try_again([this](In& value, Receipt& owed, std::uint64_t number) { run_one(value, owed, number); });
      }
    }
    return true;
  }

  void run_one(In& value, Receipt& owed, std::uint64_t number) noexcept {
    [[maybe_unused]] bool returned = false;  // then what throws is not the body
    try {
      if constexpr (emits) {
        auto result = op_(context_, std::move(value));
        returned = true;
        hand_.body_ended();
        held_.hold(std::move(result), std::move(owed));
        number_held_ = number;
        if (held_.empty()) tally_.done.add(1);
      } else {
        op_(context_, std::move(value));
        hand_.body_ended();
        tally_.done.add(1);
      }
    } catch (...) {
      if constexpr (guarded<policies>) {
        if (!returned) return hand_.failed(value, std::move(owed), number);
      }
      item_failed(number);
    }
  }

  /// `count` items in place; there is room for what they become.
  void burst(std::size_t count) noexcept {
    typename in_edge::reader r(in_);
    std::optional<typename out_edge::writer> w;
    if constexpr (emits) w.emplace(*out_);
    std::size_t taken = 0;
    std::size_t bad = 0;
    while (taken < count) {
      try {
        while (taken < count && run().phase() != run_phase::cancelling) {
          ++taken;
          r.release_quietly();
          context_.begin_item(r.position());
          in_place(r, w);
          r.drop();
        }
        break;
      } catch (...) {
        ++bad;
        if constexpr (policies::keeps) {
          auto owed = receipt_of(r.item());
          hand_.failed(value_of(r.item()), std::move(owed), r.position());
        } else {
          item_failed(r.position());
        }
        r.drop();
        if (!hand_.empty()) break;
      }
    }
    handled_ += taken;
    released_ += taken;
    tally_.in.add(taken);
    tally_.done.add(taken - bad);
  }

  void in_place(typename in_edge::reader& r, std::optional<typename out_edge::writer>& w) {
    auto& item = r.item();
    if constexpr (Op::kind == shape::one && policies::keeps && std::is_same_v<Receipt, receipt>) {
      auto result = op_(context_, std::move(value_of(item)));  // the receipt stays until the body has returned
      make_cell<typename Op::item>(
          w->blank(), [&]() -> typename Op::item { return std::move(result); }, receipt_of(item));
      w->publish();
      ++emitted_;
    } else if constexpr (Op::kind == shape::one) {
      make_cell<typename Op::item>(
          w->blank(), [&]() -> typename Op::item { return op_(context_, std::move(value_of(item))); },
          receipt_of(item));
      w->publish();
      ++emitted_;
    } else if constexpr (Op::kind == shape::maybe) {
      auto result = op_(context_, std::move(value_of(item)));
      if (!result) return;
      make_cell<typename Op::item>(
          w->blank(), [&]() -> typename Op::item { return *std::move(result); }, receipt_of(item));
      w->publish();
      ++emitted_;
    } else {
      op_(context_, std::move(value_of(item)));
    }
  }

  step give_up() noexcept {
    if (!hand_.let_go()) return step::idle;
    if (!held_.empty()) {
      held_.drop();
      tally_.dropped.add(1);
    }
    return step::finished;
  }

  void finish() override { op_.finish(context_); }

  in_edge& in_;
  out_edge* out_;
  Op op_;
  [[no_unique_address]] item_in_hand<In, Receipt, policies> hand_;
  held held_;
  std::uint64_t number_held_ = 0;
  std::uint64_t emitted_ = 0;   ///< in this activation
  std::uint64_t released_ = 0;  ///< quietly, in this activation
};

}  // namespace penstock::flow
