// A stage with several workers whose results leave in the order in which their items came.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include <penstock/core/reorder.hpp>
#include <penstock/flow/cell.hpp>
#include <penstock/flow/held_result.hpp>
#include <penstock/flow/item_in_hand.hpp>
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

/// The results of a claim, or of a part of one, in order.
template <class Op, class Receipt>
struct ordered_run {
  std::vector<ordered_result<Op, Receipt>> results;
  std::size_t gone = 0;  ///< of the results, from the front
};

/// What the workers of an ordered stage share. Lock order: a worker's for its claim, the inlet's, then this one's.
template <class In, class Receipt, class Op>
struct ordered_sides {
  using in_cell = cell<In, Receipt>;
  using out_cell = cell<typename Op::item, Receipt>;
  using ordered = ordered_run<Op, Receipt>;

  ordered_sides(stage_state& stage, std::size_t window_size)
      : in(static_cast<edge<in_cell>&>(*stage.in), stage.workers), sent(stage.common), window(window_size) {
    spares.reserve(window_size + stage.workers);
  }

  /// Storage for the results of the next claim. With the lock held.
  [[nodiscard]] ordered spare() noexcept {
    if (spares.empty()) return {};
    ordered one = std::move(spares.back());
    spares.pop_back();
    return one;
  }

  /// Takes storage back. With the lock held.
  void keep(ordered one) noexcept {
    one.results.clear();
    one.gone = 0;
    if (spares.size() < spares.capacity()) spares.push_back(std::move(one));
  }

  /// Items that sending has added to the run. With the lock held.
  [[nodiscard]] std::int64_t balance() const noexcept {
    const auto c = sent.counts();
    return static_cast<std::int64_t>(c.emitted - c.done - c.failed - c.dropped);
  }

  shared_inlet<in_cell> in;
  party workers;

  penstock::detail::small_lock lock;
  // Guarded by lock, and so is the producing side of the output edge.
  tally& sent;  ///< what became of results in the window: who sends them on need not be who made them
  reorder<ordered> window;
  std::vector<ordered> spares;
  typename Op::template held<Receipt> held;
  std::uint64_t number_held = 0;
  bool somebody_waits = false;  ///< for places in the window, or for it to become empty
};

template <class In, class Receipt, class Op>
class ordered_stage final : public stage_worker {
  using sides = ordered_sides<In, Receipt, Op>;
  using in_cell = typename sides::in_cell;
  using out_edge = edge<typename sides::out_cell>;
  using ordered = typename sides::ordered;
  using policies = typename Op::policies_type;

 public:
  ordered_stage(executor& home, run_services& services, stage_state& stage, std::size_t number, sides& shared, Op op)
      : stage_worker(home, services, stage, number),
        sides_(shared),
        out_(static_cast<out_edge&>(*stage.out)),
        op_(std::move(op)),
        hand_(*this, op_.policies) {}

  /// Whatever the claim holds back goes on: items not begun to other workers, results to the next stage.
  void nudge() noexcept override {
    const bool wake = relieve_claim();
    // The range of a flat_map is code of the user's, which belongs on a worker of the stage.
    if constexpr (Op::kind != shape::many) send_in_order();
    if (wake) sides_.workers.wake_all(nullptr);
    stage_worker::nudge();
  }

 private:
  static constexpr std::size_t most_claimed = claim<in_cell>::most;

  step work(turn& t) noexcept override {
    sent_some_ = false;
    const auto result = go();
    if (sent_some_) out_.tell_consumers(&t);
    return result == step::finished ? leave(t) : result;
  }

  step go() noexcept {
    sent_some_ |= send_in_order();
    for (;;) {
      if (should_give_up()) return give_up();
      if (handled_ >= pace_.items()) return step::again;
      if (!hand_.empty()) {
        if (!work_on_hand()) return step::idle;
        continue;
      }
      bool window_full = false;
      // Under a shared limit an item at a time: the next one needs a permit of its own.
      const auto want = policies::limits ? 1 : std::min(pace_.items() - handled_, most_claimed);
      sides_.in.take(claim_, want, [&](std::size_t n) {
        const std::lock_guard lock(sides_.lock);
        const auto free = sides_.window.free();
        window_full = n > 0 && free == 0;
        if (window_full) sides_.somebody_waits = true;
        n = std::min(n, free);
        sides_.window.claim(n);  // numbers are those of the edge: both count every item that is taken
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
      run_claim();
      sent_some_ |= send_in_order();
    }
  }

  void run_claim() noexcept {
    const auto count = claim_.cells.size();
    open_claim(count);
    (*sides_.in).release(1, nullptr);  // the first body starts now
    std::size_t started = 0;
    std::size_t without = 0;
    for (std::size_t i = 0; i != claim_.none; i = claim_.begin_next()) {
      started = i + 1;
      if (!begin_one(claim_.cells[i], claim_.first + i)) ++without;
      if (!hand_.empty()) break;
      finished_.store(progress{started, made_.results.size()}, std::memory_order_release);
      if (run().phase() == run_phase::cancelling) break;
    }
    end_claim(count, started);
    handled_ += started;
    tally_.in.add(started);
    tally_.done.add(without);
  }

  /// False: the item is done, and nothing comes of it.
  bool begin_one(in_cell& item, std::uint64_t number) noexcept {
    context_.begin_item(number);
    auto owed = receipt_of(item);
    if (!hand_.may_begin(value_of(item), owed, number)) return true;
    return run_one(made_, value_of(item), owed, number);
  }

  /// False: the item is done, and nothing comes of it.
  bool run_one(ordered& into, In& value, Receipt& owed, std::uint64_t number) noexcept {
    [[maybe_unused]] bool returned = false;  // then what throws is not the body
    try {
      auto result = op_(context_, std::move(value));
      returned = true;
      hand_.body_ended();
      if constexpr (Op::kind == shape::maybe) {
        if (!result) return false;
      }
      into.results.push_back({std::move(result), std::move(owed), number});
    } catch (...) {
      if constexpr (guarded<policies>) {
        if (!returned) return hand_.failed(value, std::move(owed), number), true;
      }
      item_failed(number, tally_);
    }
    return true;
  }

  /// False: what is in the hand waits. Its place in the window is its own until it is settled.
  bool work_on_hand() noexcept {
    if constexpr (guarded<policies>) {
      const auto number = hand_.number();
      const auto what = hand_.look();
      if (what == hand::parked) return false;
      ordered made;
      if (what == hand::ready) {
        ++handled_;
        {
          const std::lock_guard lock(sides_.lock);
          made = sides_.spare();
        }
        hand_.try_again([&, this](In& value, Receipt& owed, std::uint64_t) {
          if (!run_one(made, value, owed, number)) tally_.done.add(1);
        });
      }
      {
        const std::lock_guard lock(sides_.lock);
        if (hand_.empty()) {
          sides_.window.finish(number, 1, std::move(made));
        } else {
          sides_.keep(std::move(made));
        }
      }
      sent_some_ |= send_in_order();
    }
    return true;
  }

  void open_claim(std::size_t count) noexcept {
    bool stays = true;  // results stay where they are while bodies run
    try {
      made_.results.reserve(count);
    } catch (const std::bad_alloc&) {
      stays = false;
    }
    const std::lock_guard lock(claim_lock_);
    claim_.open();
    relievable_ = count > 1 && stays;
    released_ = 1;
    passed_on_ = 0;
    finished_.store(progress{}, std::memory_order_relaxed);
  }

  void end_claim(std::size_t count, std::size_t started) noexcept {
    auto& in = *sides_.in;
    std::size_t dropped = 0;
    bool wake = false;
    {
      const std::lock_guard lock(claim_lock_);
      relievable_ = false;
      const bool held_up = !hand_.empty();  // by the item begun last: others do the rest
      if (held_up) wake = sides_.in.take_back(claim_);
      const auto rest = claim_.cut();
      dropped = rest.to - rest.from;
      if (started > released_) in.release(started - released_, nullptr);
      const auto items = (held_up ? started - 1 : started + dropped) - passed_on_;
      const std::lock_guard window(sides_.lock);
      if (held_up && dropped > 0) sides_.window.finish(claim_.first + started, dropped, {});
      if (items > 0) {
        sides_.window.finish(claim_.first + passed_on_, items, std::move(made_));
        made_ = sides_.spare();
      } else {
        made_.results.clear();
        made_.gone = 0;
      }
    }
    claim_.cells.clear();
    if (dropped > 0) in.count_dropped(dropped);
    if (dropped > 0 && !hand_.empty()) out_of_memory();
    if (count > 1 && sides_.in.end_claim()) wake = true;
    if (wake) sides_.workers.wake_all(nullptr);
  }

  /// True: the stage's other workers have something to look at.
  bool relieve_claim() noexcept {
    const std::lock_guard lock(claim_lock_);
    if (!relievable_) return false;
    const bool returned = sides_.in.take_back(claim_);
    const auto begun = claim_.begun();
    if (begun > released_) (*sides_.in).release(begun - released_, nullptr);
    released_ = std::max(begun, released_);
    return pass_on_results() || returned;
  }

  /// What is made goes into the window, ahead of the body under way. With `claim_lock_` held. True: there was
  /// something.
  bool pass_on_results() noexcept {
    const auto finished = finished_.load(std::memory_order_acquire);
    if (finished.items == passed_on_) return false;
    ordered part;
    try {
      part.results.reserve(finished.made - made_.gone);
    } catch (const std::bad_alloc&) {
      return false;  // then they wait for the body
    }
    // Not through the vector's size, which the body's thread may be changing.
    for (auto* const results = made_.results.data(); made_.gone < finished.made; ++made_.gone) {
      part.results.push_back(std::move(results[made_.gone]));
    }
    const std::lock_guard window(sides_.lock);
    sides_.window.finish(claim_.first + passed_on_, finished.items - passed_on_, std::move(part));
    passed_on_ = finished.items;
    return true;
  }

  /// Sends on what is next in order, as far as there is room. True: there was something.
  bool send_in_order() noexcept {
    bool wake = false;
    std::uint64_t emitted = 0;
    {
      const std::lock_guard lock(sides_.lock);
      auto& window = sides_.window;
      auto& held = sides_.held;
      [[maybe_unused]] const auto before = sides_.balance();
      bool freed = false;
      for (;;) {
        if (!held.empty()) {
          if (out_.room() == 0) break;
          send_held(emitted);
          continue;
        }
        auto* front = window.front();
        if (front == nullptr) break;
        if (front->gone == front->results.size()) {
          sides_.keep(window.pop_front());
          freed = true;
          continue;
        }
        hold_next(front->results[front->gone++]);
      }
      sides_.sent.emitted.add(emitted);
      // Only by the workers, whose member it is: elsewhere each result that is sent is an item that is done.
      if constexpr (Op::kind == shape::many) counted_elsewhere_ += sides_.balance() - before;
      if (freed) wake = std::exchange(sides_.somebody_waits, false);
    }
    if (emitted > 0 && out_.eager()) out_.tell_consumers(nullptr);
    if (wake) sides_.workers.wake_all(nullptr);
    return emitted > 0;
  }

  void hold_next(ordered_result<Op, Receipt>& next) noexcept {
    sides_.number_held = next.number;
    try {
      sides_.held.hold(std::move(next.result), std::move(next.owed));
      if (sides_.held.empty()) sides_.sent.done.add(1);
    } catch (...) {
      item_failed(next.number, sides_.sent);
    }
  }

  void send_held(std::uint64_t& emitted) noexcept {
    auto& held = sides_.held;
    try {
      typename out_edge::writer w(out_);
      for (auto room = out_.room(); room > 0 && !held.empty(); --room) held.put_one(w, emitted);
      if (held.empty()) sides_.sent.done.add(1);
    } catch (...) {  // the range of a flat_map threw: its item has failed
      item_failed(sides_.number_held, sides_.sent);
    }
  }

  /// If not, this worker is woken when it has become so.
  bool window_is_empty() noexcept {
    const std::lock_guard lock(sides_.lock);
    if (sides_.window.empty() && sides_.held.empty()) return true;
    sides_.somebody_waits = true;
    return false;
  }

  [[nodiscard]] std::uint64_t begun() const noexcept override { return claim_.begun(); }

  /// Drops what waits in the window; what other workers still finish they drop themselves.
  step give_up() noexcept {
    const bool has_place = !hand_.empty();
    const auto number = hand_number();
    if (!hand_.let_go()) return step::idle;
    if (has_place) {
      const std::lock_guard lock(sides_.lock);
      sides_.window.finish(number, 1, {});  // no hole for those behind it
    }
    sides_.in.drop_returned([this](std::uint64_t first, std::size_t count) {
      const std::lock_guard lock(sides_.lock);
      sides_.window.finish(first, count, {});  // no hole for those behind it
    });
    const std::lock_guard lock(sides_.lock);
    auto& window = sides_.window;
    if (!sides_.held.empty()) {
      sides_.held.drop();
      tally_.dropped.add(1);
    }
    while (auto* front = window.front()) {
      tally_.dropped.add(front->results.size() - front->gone);
      window.pop_front();
    }
    return step::finished;
  }

  [[nodiscard]] std::uint64_t hand_number() const noexcept {
    if constexpr (guarded<policies>) return hand_.number();
    return 0;
  }

  void finish() override { op_.finish(context_); }

  struct progress {
    constexpr progress() noexcept = default;
    constexpr progress(std::size_t of_items, std::size_t of_results) noexcept
        : items(static_cast<std::uint32_t>(of_items)), made(static_cast<std::uint32_t>(of_results)) {}
    std::uint32_t items = 0;
    std::uint32_t made = 0;
  };

  sides& sides_;
  out_edge& out_;
  Op op_;
  [[no_unique_address]] item_in_hand<In, Receipt, policies> hand_;
  bool sent_some_ = false;

  // Filled by the owner; parts of both are given away by whoever holds claim_lock_.
  claim<in_cell> claim_;
  ordered made_;
  std::atomic<progress> finished_{progress{}};  ///< of the claim, items whose bodies have returned, and their results

  penstock::detail::small_lock claim_lock_;
  // Guarded by claim_lock_.
  bool relievable_ = false;
  std::size_t released_ = 0;   ///< places of the claim's items on the input edge
  std::size_t passed_on_ = 0;  ///< items of the claim that are in the window already
};

}  // namespace penstock::flow
