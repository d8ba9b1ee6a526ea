// What all workers have in common, whatever their stage does.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string_view>
#include <system_error>

#include <boost/system/system_error.hpp>

#include <penstock/base/error.hpp>
#include <penstock/body/context.hpp>
#include <penstock/body/error_policy.hpp>
#include <penstock/core/pace.hpp>
#include <penstock/flow/actor.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/flow/run_services.hpp>
#include <penstock/flow/tally.hpp>

namespace penstock::flow {

/// What the workers of one stage share.
struct stage_state {
  std::size_t index = 0;  ///< the stage's place in the pipeline
  std::string_view name{};
  std::size_t workers = 1;
  error_policy policy = fail_fast;
  edge_base* in = nullptr;           ///< null: a producer
  edge_base* out = nullptr;          ///< null: a consumer
  std::size_t most_at_once = 1024;   ///< items of an activation; beyond it the gain is small and neighbours wait longer
  std::atomic<std::size_t> open{1};  ///< workers that have not left
  tally common;                      ///< what is counted under a lock of the stage's, beside the tallies of its workers
};

/// True for the exceptions with which a cancelled wait ends.
inline bool says_cancelled(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error& e) {
    return e.code() == std::errc::operation_canceled || e.code() == errc::cancelled;
  } catch (const boost::system::system_error& e) {  // not a std::system_error
    return e.code() == boost::system::errc::operation_canceled;
  } catch (...) {
    return false;
  }
}

template <class In, class Receipt, class Policies>
class item_in_hand;

class stage_worker : public actor {
 public:
  stage_worker(executor& home, run_services& run, stage_state& stage, std::size_t number) noexcept
      : actor(home, run),
        stage_(stage),
        context_(run, stage.name, number, stage.in == nullptr),
        pace_(stage.most_at_once) {}

  [[nodiscard]] const tally& counters() const noexcept { return tally_; }

  step activate(turn& t) noexcept final {
    if (parked_ != nullptr && t.began > parked_at_) {
      parked_->add(static_cast<std::uint64_t>((t.began - parked_at_).count()));
    }
    parked_ = nullptr;
    handled_ = 0;
    const auto result = work(t);
    const auto now = run().now();
    pace_.observe(handled_, now - t.began);
    cost_ = pace_.cost();
    tally_.busy.add(static_cast<std::uint64_t>((now - t.began).count()));
    t.began = now;
    parked_at_ = now;
    return result;
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

  [[nodiscard]] step starve() noexcept {
    parked_ = &tally_.starved;
    return step::idle;
  }
  [[nodiscard]] step block() noexcept {
    parked_ = &tally_.blocked;
    return step::idle;
  }

  /// True: drop what is left and leave.
  [[nodiscard]] bool should_give_up() const noexcept {
    return run().phase() == run_phase::cancelling || (stage_.out != nullptr && stage_.out->abandoned());
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
  std::size_t handled_ = 0;  ///< items of this activation; set by `work`

 private:
  template <class In, class Receipt, class Policies>
  friend class item_in_hand;

  time_point parked_at_{};
  counter* parked_ = nullptr;  ///< what the time until the next activation counts as
};

}  // namespace penstock::flow
