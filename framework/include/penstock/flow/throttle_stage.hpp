// The worker of a throttle: moves items from edge to edge as the tokens come, and is parked in between.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <penstock/core/token_bucket.hpp>
#include <penstock/flow/cell.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/flow/stage_worker.hpp>

namespace penstock::flow {

/// Holds no item: what must wait for its token waits on the edge. The wait for a token is neither `starved` nor
/// `blocked`.
template <class In, class Receipt>
class throttle_stage final : public stage_worker {
  using item = cell<In, Receipt>;
  using one_edge = edge<item>;

 public:
  throttle_stage(executor& home, run_services& services, stage_state& stage, rate at_most, std::size_t burst)
      : stage_worker(home, services, stage, 0),
        in_(static_cast<one_edge&>(*stage.in)),
        out_(static_cast<one_edge&>(*stage.out)),
        rules_(at_most, burst) {}

 private:
  step work(turn& t) noexcept override {
    wanted_ = never;
    // The clock is read after the notice was taken: `t.began` may be a little older than the alarm that gave the
    // notice, and an alarm rings once.
    const auto result = go(run().now());
    if (handled_ > 0) {
      tally_.in.add(handled_);
      tally_.done.add(handled_);
      tally_.emitted.add(handled_);
      out_.tell_consumers(&t);
      in_.tell_producers(&t);
    }
    // As beside a body that takes long: the next token may be hours away, and half a ring will not be free before.
    if (wanted_ != never) in_.nudge_producers();
    if (alarm_ != wanted_) {
      alarm_ = wanted_;
      run().notify_at(*this, alarm_);
    }
    return result == step::finished ? leave(t) : result;
  }

  step go(time_point now) noexcept {
    for (;;) {
      if (should_give_up()) return step::finished;
      const bool closed = in_.closed();
      const auto ready = in_.ready();
      if (ready == 0) return closed ? step::finished : starve();
      if (handled_ >= stage_.most_at_once) return step::again;
      const auto room = out_.room();
      if (room == 0) return block();
      if (now < rules_.due()) {
        wanted_ = rules_.due();
        return step::idle;
      }
      pass(std::min({ready, room, stage_.most_at_once - handled_}), now);
    }
  }

  /// As many of `count` as there are tokens.
  void pass(std::size_t count, time_point now) noexcept {
    typename one_edge::reader r(in_);
    typename one_edge::writer w(out_);
    while (count-- > 0 && run().phase() != run_phase::cancelling && rules_.take(now)) {
      r.release_quietly();
      ::new (w.blank()) item(std::move(r.item()));
      w.publish();
      r.drop();
      ++handled_;
    }
  }

  void finish() noexcept override {}

  one_edge& in_;
  one_edge& out_;
  token_bucket rules_;
  time_point wanted_ = never;  ///< when this activation wants the next
  time_point alarm_ = never;   ///< what `notify_at` was asked for last
};

}  // namespace penstock::flow
