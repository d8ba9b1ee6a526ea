// The worker of a take: moves the first items from edge to edge, and leaves.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <penstock/core/quota.hpp>
#include <penstock/flow/cell.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/flow/stage_worker.hpp>

namespace penstock::flow {

template <class In, class Receipt>
class take_stage final : public stage_worker {
  using item = cell<In, Receipt>;
  using one_edge = edge<item>;

 public:
  take_stage(executor& home, run_services& services, stage_state& stage, std::size_t count)
      : stage_worker(home, services, stage, 0),
        in_(static_cast<one_edge&>(*stage.in)),
        out_(static_cast<one_edge&>(*stage.out)),
        rules_(count) {}

 private:
  step work(turn& t) noexcept override {
    const auto result = go();
    if (handled_ > 0) {
      tally_.in.add(handled_);
      tally_.done.add(handled_);
      tally_.emitted.add(handled_);
      out_.tell_consumers(&t);
      in_.tell_producers(&t);
    }
    return result == step::finished ? leave(t) : result;
  }

  step go() noexcept {
    for (;;) {
      if (should_give_up()) return step::finished;
      const bool closed = in_.closed();
      const auto ready = in_.ready();
      if (ready == 0) return closed ? step::finished : starve();
      if (handled_ >= stage_.most_at_once) return step::again;
      const auto room = out_.room();
      if (room == 0) return block();
      // At once, not with the next activation: what comes before works for nothing meanwhile.
      if (rules_.passed(pass(rules_.of(std::min({ready, room, stage_.most_at_once - handled_}))))) {
        return step::finished;
      }
    }
  }

  /// How many of `count` were passed on; fewer if a cancel came.
  std::size_t pass(std::size_t count) noexcept {
    typename one_edge::reader r(in_);
    typename one_edge::writer w(out_);
    std::size_t passed = 0;
    while (passed < count && run().phase() != run_phase::cancelling) {
      r.release_quietly();
      ::new (w.blank()) item(std::move(r.item()));
      w.publish();
      r.drop();
      ++passed;
    }
    handled_ += passed;
    return passed;
  }

  void finish() noexcept override {}

  one_edge& in_;
  one_edge& out_;
  quota rules_;
};

}  // namespace penstock::flow
