// The worker of a producer: writes in place to the first edge.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>

#include <penstock/flow/cell.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/flow/stage_worker.hpp>

namespace penstock::flow {

/// `op(context&)` gives the next item, or none at the end.
template <class Op>
class source_stage final : public stage_worker {
  using item = typename Op::item;
  using out_edge = edge<item>;

 public:
  source_stage(executor& home, run_services& services, stage_state& stage, std::size_t number, Op op)
      : stage_worker(home, services, stage, number), out_(static_cast<out_edge&>(*stage.out)), op_(std::move(op)) {}

 private:
  step work(turn& t) noexcept override {
    emitted_ = 0;
    const auto result = go();
    tally_.emitted.add(emitted_);
    if (emitted_ > 0) out_.tell_consumers(&t);
    return result == step::finished ? leave(t) : result;
  }

  step go() noexcept {
    if (should_give_up()) return step::finished;
    const auto room = out_.room();
    if (room == 0) return block();
    // A body's room is there before it is called: a producer holds nothing.
    const auto count = std::min(room, pace_.items());
    if (!run().items().limited() || run().phase() != run_phase::running) return burst(count);
    const auto admitted = run().items().admit(count);
    if (admitted == 0) return block();
    const auto result = burst(admitted);
    run().items().give_back(admitted - emitted_);
    return result;
  }

  step burst(std::size_t count) noexcept {
    typename out_edge::writer w(out_);
    for (std::size_t i = 0; i < count; ++i) {
      if (run().phase() != run_phase::running) {
        if (run().phase() == run_phase::stopping) end_well();
        return step::finished;
      }
      context_.begin_item(made_);
      try {
        auto value = op_(context_);
        ++handled_;
        if (!value) {
          end_well();
          return step::finished;
        }
        ::new (w.blank()) item(*std::move(value));
        w.publish();
        // Nobody else would tell a consumer that runs elsewhere, should the next call block.
        if (out_.eager()) out_.tell_consumers(nullptr);
        ++made_;
        ++emitted_;
        tally_.in.add(1);
        tally_.done.add(1);
      } catch (...) {
        // A wait that heard the stop is how a producer may end.
        if (run().phase() == run_phase::stopping && says_cancelled(std::current_exception())) {
          end_well();
          return step::finished;
        }
        tally_.in.add(1);
        item_failed(made_++);
        return step::again;
      }
    }
    return step::again;
  }

  void finish() override { op_.finish(context_); }

  out_edge& out_;
  Op op_;
  std::uint64_t made_ = 0;  ///< calls that gave an item or threw
  std::uint64_t emitted_ = 0;
};

}  // namespace penstock::flow
