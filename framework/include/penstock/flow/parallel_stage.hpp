// A stage with several workers that does not keep the order of its items, or only that of each key.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include <penstock/flow/cell.hpp>
#include <penstock/flow/held_result.hpp>
#include <penstock/flow/item_in_hand.hpp>
#include <penstock/flow/shared_sides.hpp>
#include <penstock/flow/stage_worker.hpp>

namespace penstock::flow {

/// An outlet that is not there: the stage is a consumer.
struct no_outlet {};

/// `Inlet` decides which worker gets which item: `shared_inlet` whoever comes, `keyed_inlet` the worker of its key.
template <class In, class Receipt, class Op, class Inlet = shared_inlet<cell<In, Receipt>>>
struct parallel_sides {
  using in_cell = cell<In, Receipt>;
  using out_cell = cell<typename Op::item, Receipt>;
  static constexpr bool emits = Op::kind != shape::none;

  template <class... More>
  explicit parallel_sides(stage_state& stage, More&&... more)
      : in(static_cast<edge<in_cell>&>(*stage.in), stage.workers, std::forward<More>(more)...), out(outlet(stage)) {}

  Inlet in;
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

template <class In, class Receipt, class Op, class Inlet = shared_inlet<cell<In, Receipt>>>
class parallel_stage final : public stage_worker {
  using sides = parallel_sides<In, Receipt, Op, Inlet>;
  using in_cell = typename sides::in_cell;
  using out_cell = typename sides::out_cell;
  static constexpr bool emits = sides::emits;
  using policies = typename Op::policies_type;
  using held = typename Op::template held<Receipt>;

 public:
  parallel_stage(executor& home, run_services& services, stage_state& stage, std::size_t number, sides& shared, Op op)
      : stage_worker(home, services, stage, number), sides_(shared), op_(std::move(op)), hand_(*this, op_.policies) {
    if constexpr (emits) results_.reserve(most_claimed);
  }

  /// Whatever the claim holds back goes on: items not begun to other workers, places to whoever wants them, results to
  /// the next stage.
  void nudge() noexcept override {
    if (relieve_claim()) sides_.workers.wake_all(nullptr);
    stage_worker::nudge();
  }

 private:
  using own_claim = typename Inlet::claim_type;
  static constexpr std::size_t most_claimed = own_claim::most;

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
      if (!hand_.empty()) {
        if (!work_on_hand()) return step::idle;
        continue;
      }
      // Under a shared limit an item at a time: the next one needs a permit of its own.
      const auto want = policies::limits ? 1 : std::min(pace_.items() - handled_, most_claimed);
      std::size_t places = 0;
      if constexpr (emits && Op::kind != shape::many) {
        if (want > 1) places = sides_.out.reserve(want);
      } else if constexpr (!emits) {
        places = want;
      }
      take(std::max<std::size_t>(places, 1));
      if (claim_.cells.empty()) {
        give_back(places);
        if (claim_.more) return step::again;  // all that came was for others
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

  void take(std::size_t want) noexcept {
    if constexpr (Inlet::by_key) {
      const auto keyless = [this](std::uint64_t number) {
        tally_.in.add(1);
        item_failed(number);
      };
      sides_.in.take(claim_, context_.worker(), want, sides_.workers, keyless);
    } else {
      sides_.in.take(claim_, want, [](std::size_t n) { return n; });
    }
  }

  void run_claim(std::size_t places) noexcept {
    auto& in = *sides_.in;
    const auto count = claim_.cells.size();
    open_claim(count, places);
    in.release(1, nullptr);  // the first body starts now
    std::size_t started = 0;
    std::size_t bad = 0;
    for (std::size_t i = 0; i != claim_.none; i = claim_.begin_next()) {
      context_.begin_item(claim_.number(i));
      started = i + 1;
      if (!begin_one(claim_.cells[i], places > 0, claim_.number(i))) ++bad;
      if (!hand_.empty() || run().phase() == run_phase::cancelling) break;
    }
    end_claim(count, started);
    handled_ += started;
    tally_.in.add(started);
    const bool counts_now = !emits || places > 0;  // otherwise when the held result leaves
    if (counts_now) tally_.done.add(started - bad - (held_.empty() ? 0 : 1));
  }

  void open_claim(std::size_t count, std::size_t places) noexcept {
    const std::lock_guard lock(claim_lock_);
    claim_.open();
    relievable_ = count > 1 || (emits && places > 0);
    released_ = 1;
    places_ = places;
  }

  void end_claim(std::size_t count, std::size_t started) noexcept {
    auto& in = *sides_.in;
    std::size_t dropped = 0;
    bool wake = false;
    {
      const std::lock_guard lock(claim_lock_);
      relievable_ = false;
      // This worker is held up by one item: others do the rest.
      if (!hand_.empty()) wake = sides_.in.take_back(claim_);
      const auto rest = claim_.cut();
      dropped = rest.to - rest.from;
      if (started > released_) in.release(started - released_, nullptr);
      if (places_ > 0) wake = put_results(places_) || wake;
    }
    claim_.cells.clear();
    if constexpr (emits) {
      emitted_ += published_;
      // The last body's place was given away while it took long.
      if constexpr (Op::kind != shape::many) {
        if (published_ < results_.size()) {
          held_.hold_item(std::move(results_.back()));
          number_held_ = claim_.number(started - 1);
        }
      }
      results_.clear();
      published_ = 0;
      made_.store(0, std::memory_order_relaxed);
    }
    if (dropped > 0) in.count_dropped(dropped);
    if (dropped > 0 && !hand_.empty()) out_of_memory();
    if (count > 1 && sides_.in.end_claim()) wake = true;
    if (wake) sides_.workers.wake_all(nullptr);
  }

  /// True: the stage's other workers have something to look at.
  bool relieve_claim() noexcept {
    const std::lock_guard lock(claim_lock_);
    if (!relievable_) return false;
    bool wake = sides_.in.take_back(claim_);
    const auto begun = claim_.begun();
    if (begun > released_) (*sides_.in).release(begun - released_, nullptr);
    released_ = std::max(begun, released_);
    // Others may need the place of the body under way, whose result its worker can hold.
    const auto needed = claim_.end() - begun;
    if (places_ > needed) wake = put_results(places_ - needed) || wake;
    return wake;
  }

  /// False: the item has failed, and was counted, or it is in the hand.
  bool begin_one(in_cell& item, bool into_results, std::uint64_t number) noexcept {
    auto owed = receipt_of(item);
    if (!hand_.may_begin(value_of(item), owed, number)) return false;
    return run_one(value_of(item), owed, into_results, number);
  }

  /// False: what is in the hand waits.
  bool work_on_hand() noexcept {
    if constexpr (guarded<policies>) {
      const auto what = hand_.look();
      if (what == hand::parked) return false;
      if (what == hand::ready) {
        ++handled_;
        hand_.try_again([this](In& value, Receipt& owed, std::uint64_t number) {
          const bool ran = run_one(value, owed, false, number);
          if constexpr (!emits) {
            if (ran) tally_.done.add(1);
          }
        });
      }
    }
    return true;
  }

  bool run_one(In& value, Receipt& owed, bool into_results, std::uint64_t number) noexcept {
    [[maybe_unused]] bool returned = false;  // then what throws is not the body
    try {
      if constexpr (!emits) {
        op_(context_, std::move(value));
        hand_.body_ended();
      } else {
        auto result = op_(context_, std::move(value));
        returned = true;
        hand_.body_ended();
        if constexpr (Op::kind == shape::one) {
          if (into_results) {
            add_result(std::move(result), std::move(owed));
            return true;
          }
        } else if constexpr (Op::kind == shape::maybe) {
          if (into_results) {
            if (result) add_result(*std::move(result), std::move(owed));
            return true;
          }
        }
        hold(std::move(result), std::move(owed), number);
      }
      return true;
    } catch (...) {
      if constexpr (guarded<policies>) {
        if (!returned) return hand_.failed(value, std::move(owed), number), false;
      }
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
    made_.store(results_.size(), std::memory_order_release);
  }

  template <class Result, class Owed>
  void hold(Result&& result, Owed&& owed, std::uint64_t number) {
    held_.hold(std::forward<Result>(result), std::forward<Owed>(owed));
    number_held_ = number;
    if (held_.empty()) tally_.done.add(1);
  }

  /// Publishes what is made, into some of the worker's places, and gives up those that are left of `places`. With
  /// `claim_lock_` held. True: others of the stage wait for places.
  [[nodiscard]] bool put_results(std::size_t places) noexcept {
    if constexpr (emits) {
      places_ -= places;
      const auto made = made_.load(std::memory_order_acquire);
      const auto before = published_;
      const bool wake = sides_.out.commit(places, [&](auto& w) {
        // Not through the vector's size, which the body's thread may be changing.
        auto* const results = results_.data();
        for (const auto end = std::min(made, before + places); published_ < end; ++published_) {
          ::new (w.blank()) out_cell(std::move(results[published_]));
          w.publish();
        }
      });
      if (published_ > before && stage_.out->eager()) stage_.out->tell_consumers(nullptr);
      return wake;
    } else {
      return false;
    }
  }

  void give_back(std::size_t places) noexcept {
    if constexpr (emits) {
      if (places > 0 && sides_.out.commit(places, [](auto&) {})) sides_.workers.wake_all(nullptr);
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

  [[nodiscard]] std::uint64_t begun() const noexcept override { return claim_.begun(); }

  step give_up() noexcept {
    if (!hand_.let_go()) return step::idle;
    sides_.in.drop_returned([](std::uint64_t, std::size_t) {});
    if (!held_.empty()) {
      held_.drop();
      tally_.dropped.add(1);
    }
    return step::finished;
  }

  void finish() override { op_.finish(context_); }

  sides& sides_;
  Op op_;
  [[no_unique_address]] item_in_hand<In, Receipt, policies> hand_;
  held held_;
  std::uint64_t number_held_ = 0;
  std::uint64_t emitted_ = 0;

  // Filled by the owner; parts of both are given away by whoever holds claim_lock_.
  own_claim claim_;
  std::vector<out_cell> results_;
  std::atomic<std::size_t> made_{0};  ///< of the results, those that are complete

  penstock::detail::small_lock claim_lock_;
  // Guarded by claim_lock_.
  bool relievable_ = false;
  std::size_t released_ = 0;   ///< places of the claim's items on the input edge
  std::size_t places_ = 0;     ///< reserved on the output edge
  std::size_t published_ = 0;  ///< of the results
};

}  // namespace penstock::flow
