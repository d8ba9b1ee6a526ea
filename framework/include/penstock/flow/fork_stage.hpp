// What the workers of a tee and of a route have in common: one edge leads to them, and one from them to each branch.
//
// A branch may leave before the others do. Then nothing more is put on its edge, and the others go on; when the last
// has left, so does the stage.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include <penstock/core/queue_rules.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/flow/stage_worker.hpp>

namespace penstock::flow {

template <class Item>
class fork_stage : public stage_worker {
 public:
  fork_stage(executor& home, run_services& services, stage_state& stage)
      : stage_worker(home, services, stage, 0), in_(static_cast<one_edge&>(*stage.ins.front())) {
    for (auto* to : stage.outs) outlets_.emplace_back(static_cast<one_edge&>(*to));
    listening_ = outlets_.size();
  }

  void nudge() noexcept override {
    in_.nudge_producers();
    for (const auto& o : outlets_) o.to.nudge_consumers();
  }

 protected:
  using one_edge = edge<Item>;

  struct outlet {
    explicit outlet(one_edge& e) noexcept : to(e) {}

    one_edge& to;
    overflow policy = overflow::block;
    bool left = false;
    bool news = false;                            ///< items that nobody was told of yet
    std::size_t room = 0;                         ///< what is known of it, while `at` is there
    std::optional<typename one_edge::writer> at;  ///< for the length of a burst
  };

  virtual step go() noexcept = 0;

  step work(turn& t) noexcept final {
    const auto result = go();
    for (auto& o : outlets_) {
      if (std::exchange(o.news, false)) o.to.tell_consumers(&t);
    }
    if (handled_ > 0) in_.tell_producers(&t);
    if (result != step::finished) return result;
    for (auto& o : outlets_) o.to.close(&t);
    return leave(t);
  }

  /// True: drop what is left and leave. Lets go of branches that have left.
  [[nodiscard]] bool should_give_up() noexcept {
    for (auto& o : outlets_) {
      if (o.left || !o.to.abandoned()) continue;
      o.left = true;
      o.to.forsake();
      --listening_;
    }
    return run().phase() == run_phase::cancelling || listening_ == 0;
  }

  /// An item was published there.
  void note(outlet& o) noexcept {
    // Nobody else would tell a consumer that runs elsewhere, should the next body or copy take long.
    if (o.to.eager()) {
      o.to.tell_consumers(nullptr);
    } else {
      o.news = true;
    }
  }

  /// An item's place before the stage is free.
  void note_release() noexcept {
    if (in_.eager()) in_.tell_producers(nullptr);
  }

  one_edge& in_;
  std::deque<outlet> outlets_;  ///< by branch; their number and edges are constant

 private:
  std::size_t listening_ = 0;  ///< branches that have not left
};

}  // namespace penstock::flow
