// A stage with several workers that does not keep the order of its items.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <penstock/flow/cell.hpp>
#include <penstock/flow/held_result.hpp>
#include <penstock/flow/shared_sides.hpp>
#include <penstock/flow/stage_worker.hpp>

namespace penstock::flow {

/// An outlet that is not there: the stage is a consumer.
struct no_outlet {};

template <class In, class Receipt, class Op>
struct parallel_sides {
  using in_cell = cell<In, Receipt>;
  using out_cell = cell<typename Op::item, Receipt>;
  static constexpr bool emits = Op::kind != shape::none;

  explicit parallel_sides(stage_state& stage)
      : in(static_cast<edge<in_cell>&>(*stage.in), stage.workers), out(outlet(stage)) {}

  shared_inlet<in_cell> in;
  std::conditional_t<emits, shared_outlet<out_cell>, no_outlet> out;
  party workers;

 private:
  static auto outlet(stage_state& stage) {
    if constexpr (emits) {
      return shared_outlet<out_cell>(static_cast<edge<out_cell>&>(*stage.out));
    } else {
      return no_outlet{};
    }
  }
};

template <class In, class Receipt, class Op>
class parallel_stage final : public stage_worker {
  using sides = parallel_sides<In, Receipt, Op>;
  using in_cell = typename sides::in_cell;
  using out_cell = typename sides::out_cell;
  static constexpr bool emits = sides::emits;
  using held = typename Op::template held<Receipt>;

 public:
  parallel_stage(executor& home, run_services& services, stage_state& stage, std::size_t number, sides& shared, Op op)
      : stage_worker(home, services, stage, number), sides_(shared), op_(std::move(op)) {
    claim_.cells.reserve(most_claimed);
    if constexpr (emits) results_.reserve(most_claimed);
  }

 private:
  static constexpr std::size_t most_claimed = 256;

  step work(turn& t) noexcept override {
    emitted_ = 0;
    const auto result = go();
    if constexpr (emits) {
      tally_.emitted.add(emitted_);
      if (emitted_ > 0) stage_.out->tell_consumers(&t);
    }
    return result == step::finished ? leave(t) : result;
  }

  step go() noexcept {
    for (;;) {
      if (should_give_up()) return give_up();
      if (!hand_over()) return block();
      if (handled_ >= pace_.items()) return step::again;
      const auto want = std::min(pace_.items() - handled_, most_claimed);
      std::size_t places = 0;
      if constexpr (emits && Op::kind != shape::many) {
        if (want > 1) places = sides_.out.reserve(want);
      } else if constexpr (!emits) {
        places = want;
      }
      sides_.in.take(claim_, std::max<std::size_t>(places, 1), [](std::size_t n) { return n; });
      if (claim_.cells.empty()) {
        give_back(places);
        if (!claim_.closed) return starve();
        end_well();
        return step::finished;
      }
      if (claim_.more) sides_.workers.wake_one(nullptr);
      // Places that this claim cannot fill must not wait for its bodies: other workers may hold results for them.
      if (places > claim_.cells.size()) {
        give_back(places - claim_.cells.size());
        places = claim_.cells.size();
      }
      run_claim(places);
    }
  }

  void run_claim(std::size_t places) noexcept {
    auto& in = *sides_.in;
    const auto count = claim_.cells.size();
    in.release(1, nullptr);  // the first body starts now
    std::size_t started = 0;
    std::size_t bad = 0;
    for (auto& item : claim_.cells) {
      if (started > 0 && run().phase() == run_phase::cancelling) break;
      context_.begin_item(claim_.first + started);
      ++started;
      if (!run_one(item, places > 0, claim_.first + started - 1)) ++bad;
    }
    claim_.cells.clear();
    if (started > 1) in.release(started - 1, nullptr);
    if (started < count) in.count_dropped(count - started);
    handled_ += started;
    tally_.in.add(started);
    const bool counts_now = !emits || places > 0;  // otherwise when the held result leaves
    if (counts_now) tally_.done.add(started - bad);
    if constexpr (emits) {
      if (places > 0) put_results(places);
    }
  }

  /// False: the item failed (and was counted).
  bool run_one(in_cell& item, bool into_results, std::uint64_t number) noexcept {
    auto owed = receipt_of(item);
    try {
      if constexpr (!emits) {
        op_(context_, std::move(value_of(item)));
      } else if constexpr (Op::kind == shape::one) {
        if (into_results) {
          add_result(op_(context_, std::move(value_of(item))), std::move(owed));
        } else {
          hold(op_(context_, std::move(value_of(item))), std::move(owed), number);
        }
      } else if constexpr (Op::kind == shape::maybe) {
        if (into_results) {
          if (auto result = op_(context_, std::move(value_of(item)))) add_result(*std::move(result), std::move(owed));
        } else {
          hold(op_(context_, std::move(value_of(item))), std::move(owed), number);
        }
      } else {
        hold(op_(context_, std::move(value_of(item))), std::move(owed), number);
      }
      return true;
    } catch (...) {
      item_failed(number);
      return false;
    }
  }

  void add_result(typename Op::item&& value, Receipt&& owed) {
    if constexpr (std::is_same_v<Receipt, receipt>) {
      results_.push_back(out_cell{std::move(value), std::move(owed)});
    } else {
      results_.push_back(std::move(value));
    }
  }

  template <class Result, class Owed>
  void hold(Result&& result, Owed&& owed, std::uint64_t number) {
    held_.hold(std::forward<Result>(result), std::forward<Owed>(owed));
    number_held_ = number;
    if (held_.empty()) tally_.done.add(1);
  }

  void put_results(std::size_t places) noexcept {
    const bool wake = sides_.out.commit(places, [this](auto& w) {
      for (auto& result : results_) {
        ::new (w.blank()) out_cell(std::move(result));
        w.publish();
      }
    });
    emitted_ += results_.size();
    const bool tell = !results_.empty() && stage_.out->eager();
    results_.clear();
    if (tell) stage_.out->tell_consumers(nullptr);
    if (wake) sides_.workers.wake_all(nullptr);
  }

  void give_back(std::size_t places) noexcept {
    if constexpr (emits) {
      if (places > 0) put_results(places);
    }
  }

  /// What the body made last goes on first. False: it cannot.
  bool hand_over() noexcept {
    if constexpr (emits) {
      while (!held_.empty()) {
        const auto places = sides_.out.reserve(Op::kind == shape::many ? most_claimed : 1);
        if (places == 0) return false;
        const bool wake = sides_.out.commit(places, [this, places](auto& w) {
          try {
            for (std::size_t i = 0; i < places && !held_.empty(); ++i) held_.put_one(w, emitted_);
            if (held_.empty()) tally_.done.add(1);
          } catch (...) {  // the range of a flat_map threw: its item has failed
            item_failed(number_held_);
          }
        });
        if (wake) sides_.workers.wake_all(nullptr);
        if (stage_.out->eager()) stage_.out->tell_consumers(nullptr);
      }
    }
    return true;
  }

  step give_up() noexcept {
    if (!held_.empty()) {
      held_.drop();
      tally_.dropped.add(1);
    }
    return step::finished;
  }

  void finish() override { op_.finish(context_); }

  sides& sides_;
  Op op_;
  claim<in_cell> claim_;
  std::vector<out_cell> results_;
  held held_;
  std::uint64_t number_held_ = 0;
  std::uint64_t emitted_ = 0;
};

}  // namespace penstock::flow
