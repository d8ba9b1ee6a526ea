// What all workers have in common, whatever their stage does.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/base/error.hpp>
#include <penstock/body/context.hpp>
#include <penstock/body/error_policy.hpp>
#include <penstock/core/activity.hpp>
#include <penstock/core/pace.hpp>
#include <penstock/flow/actor.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/flow/run_services.hpp>
#include <penstock/flow/tally.hpp>
#include <penstock/sync/detail/says_cancelled.hpp>

namespace penstock::flow {

/// What the workers of one stage share.
struct stage_state {
  std::size_t index = 0;  ///< the stage's place in the pipeline
  std::string_view name{};
  std::size_t workers = 1;
  error_policy policy = fail_fast;
  edge_base* in = nullptr;           ///< null: a producer, or a stage where branches come together
  edge_base* out = nullptr;          ///< null: a consumer, or a stage that leads into branches
  std::vector<edge_base*> ins{};     ///< all, in the order of the plan
  std::vector<edge_base*> outs{};    ///< all, by branch
  std::size_t most_at_once = 1024;   ///< items of an activation; beyond it the gain is small and neighbours wait longer
  std::atomic<std::size_t> open{1};  ///< workers that have not left
  tally common;                      ///< what is counted under a lock of the stage's, beside the tallies of its workers
};

using penstock::detail::says_cancelled;

/// What a worker is doing, as it looks from outside: a snapshot whose parts were not read at the same instant.
struct worker_sight {
  activity doing = activity::idle;
  std::size_t under_way = 0;    ///< bodies; of a plain worker, whether an activation is
  time_point oldest = never;    ///< when the first of them began
  time_point wakes_at = never;  ///< the next deadline, which may have passed
  std::uint64_t begun = 0;      ///< moves with each body that begins, where `tally::in` does not
};

template <class In, class Receipt, class Policies>
class item_in_hand;

class stage_worker : public actor {
 public:
  stage_worker(executor& home, run_services& run, stage_state& stage, std::size_t number) noexcept
      : actor(home, run),
        stage_(stage),
        context_(run, stage.name, number, is_source(stage)),
        pace_(stage.most_at_once) {}

  [[nodiscard]] const tally& counters() const noexcept { return tally_; }

  step activate(turn& t) noexcept final {
    if (parked_ != nullptr && t.began > parked_at_) {
      parked_->add(static_cast<std::uint64_t>((t.began - parked_at_).count()));
    }
    parked_ = nullptr;
    parked_as_.store(activity::idle, std::memory_order_relaxed);
    active_since_.store(t.began.time_since_epoch().count(), std::memory_order_relaxed);
    handled_ = 0;
    const auto result = work(t);
    active_since_.store(0, std::memory_order_relaxed);
    const auto now = run().now();
    pace_.observe(handled_, now - t.began);
    cost_ = pace_.cost();
    tally_.busy.add(static_cast<std::uint64_t>((now - t.began).count()));
    t.began = now;
    parked_at_ = now;
    if (run().items().limited()) count_items();
    return result;
  }

  /// Any thread, while the run lives.
  [[nodiscard]] worker_sight look(time_point now) noexcept {
    worker_sight sight;
    sight.begun = begun();
    sight.wakes_at = wakes_at();
    look_at_bodies(sight);
    const auto parked_as = parked_as_.load(std::memory_order_relaxed);
    if (parked_as == activity::left) {
      sight.doing = activity::left;
    } else if (sight.under_way > 0) {
      sight.doing = activity::running;
    } else if (!word().looks_idle()) {
      sight.doing = activity::queued;
    } else if (sight.wakes_at != never && sight.wakes_at > now) {
      sight.doing = activity::pausing;
    } else {
      sight.doing = parked_as;
    }
    return sight;
  }

  /// Gives the notices that an activation under way still owes. Any thread, while the run lives.
  void nudge() noexcept override {
    if (stage_.in != nullptr) stage_.in->nudge_producers();
    if (stage_.out != nullptr) stage_.out->nudge_consumers();
  }

 protected:
  virtual step work(turn& t) noexcept = 0;

  /// The user's `finish`, if there is one.
  virtual void finish() = 0;

  /// `as`: how it looks from outside.
  [[nodiscard]] step starve(activity as = activity::starved) noexcept {
    parked_ = &tally_.starved;
    park_as(as);
    return step::idle;
  }
  [[nodiscard]] step block(activity as = activity::blocked) noexcept {
    parked_ = &tally_.blocked;
    park_as(as);
    return step::idle;
  }
  void park_as(activity as) noexcept { parked_as_.store(as, std::memory_order_relaxed); }

  /// For `look`, from any thread.
  [[nodiscard]] virtual std::uint64_t begun() const noexcept { return 0; }
  virtual void look_at_bodies(worker_sight& sight) const noexcept { add_body(sight, active_since_); }

  /// When a body began, in ticks of the clock; 0: none is under way.
  using body_since = std::atomic<duration::rep>;
  static void add_body(worker_sight& sight, const body_since& since) noexcept {
    const auto began = since.load(std::memory_order_relaxed);
    if (began == 0) return;
    ++sight.under_way;
    sight.oldest = std::min(sight.oldest, time_point(duration(began)));
  }

  /// True: drop what is left and leave.
  [[nodiscard]] bool should_give_up() const noexcept {
    return run().phase() == run_phase::cancelling || (stage_.out != nullptr && stage_.out->abandoned());
  }

  /// In a run whose items are bounded: how many fewer, or more, this worker's work has left. What left is gone.
  void count_items() noexcept {
    auto by = std::exchange(counted_elsewhere_, 0);
    if (!is_source(stage_)) {  // a source counts its items before it takes them
      const auto c = tally_.counts();
      const auto balance = static_cast<std::int64_t>(c.emitted - c.done - c.failed - c.dropped);
      by += balance - std::exchange(balance_, balance);
    }
    for (auto* from : stage_.ins) by -= static_cast<std::int64_t>(from->newly_dropped());
    for (auto* to : stage_.outs) by -= static_cast<std::int64_t>(to->newly_dropped());
    run().items().change(by);
  }

  /// The current exception is what item `number` came to.
  void item_failed(std::uint64_t number) noexcept { item_failed(number, tally_); }

  /// The same, counted in `counts`.
  void item_failed(std::uint64_t number, tally& counts) noexcept {
    item_failed(number, counts, std::current_exception());
  }

  /// `error` is what it came to.
  void item_failed(std::uint64_t number, tally& counts, std::exception_ptr error) noexcept {
    if (should_give_up() && says_cancelled(error)) {
      counts.dropped.add(1);
      return;
    }
    counts.failed.add(1);
    const bool skips = stage_.policy.what() == error_policy::kind::skip;
    run().record_error(stage_.index, number, std::move(error),
                       skips ? error_effect::tolerated : error_effect::ends_run);
  }

  /// Items had to be dropped for want of memory: the run fails.
  void out_of_memory() noexcept {
    run().record_error(stage_.index, no_item, std::make_exception_ptr(std::bad_alloc()), error_effect::ends_run);
  }

  /// After the worker's last item, when nothing was given up.
  void end_well() noexcept {
    try {
      finish();
    } catch (...) {
      run().record_error(stage_.index, no_item, std::current_exception(), error_effect::ends_run);
    }
  }

  /// The worker leaves. The last one closes what comes after the stage and tells what comes before it.
  [[nodiscard]] step leave(turn& t) noexcept {
    park_as(activity::left);
    // acq_rel: what the other workers published is published before the edge is closed.
    if (stage_.open.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      if (stage_.out != nullptr) stage_.out->close(&t);
      if (stage_.in != nullptr) stage_.in->abandon(&t);
    }
    return step::finished;
  }

  stage_state& stage_;
  tally tally_;
  context context_;
  pace pace_;
  std::size_t handled_ = 0;             ///< items of this activation; set by `work`
  std::int64_t counted_elsewhere_ = 0;  ///< items more or fewer by this worker's work, not in its own tally
  body_since active_since_{0};          ///< the activation under way

 private:
  template <class In, class Receipt, class Policies>
  friend class item_in_hand;

  [[nodiscard]] static bool is_source(const stage_state& stage) noexcept {
    return stage.in == nullptr && stage.ins.empty();
  }

  time_point parked_at_{};
  std::int64_t balance_ = 0;   ///< items that the worker added to the run, as far as the run knows
  counter* parked_ = nullptr;  ///< what the time until the next activation counts as
  // Relaxed: whoever looks from outside wants a recent value, not an order.
  std::atomic<activity> parked_as_{activity::idle};
};

}  // namespace penstock::flow
