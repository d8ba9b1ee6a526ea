// The workers that lead out of a queue into a run, and out of a run into a queue. They wait in the queue's own line,
// like everybody else there; the hand-off carries the item.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <penstock/flow/cell.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/flow/stage_worker.hpp>
#include <penstock/flow/waiting_actor.hpp>
#include <penstock/sync/detail/queue_state.hpp>

namespace penstock::flow {

/// Pays a queue for the items that are gone.
template <class T>
class queue_debt final : public receipt_sink {
 public:
  explicit queue_debt(std::shared_ptr<penstock::detail::queue_state<T>> queue) : queue_(std::move(queue)) {}
  ~queue_debt() override = default;
  // More than is owed only if the user paid early; then there is nothing left to pay.
  void settle(std::size_t count) noexcept override { queue_->task_done(count); }

 private:
  std::shared_ptr<penstock::detail::queue_state<T>> queue_;
};

/// Gets from a queue as long as there is room; the queue's end is the end of input, its error fails the run after the
/// items before it.
template <class T>
class queue_source final : public stage_worker {
  using state_type = penstock::detail::queue_state<T>;
  using out_edge = edge<tracked<T>>;

 public:
  queue_source(executor& home, run_services& services, stage_state& stage, std::shared_ptr<state_type> queue,
               receipt_sink& debt)
      : stage_worker(home, services, stage, 0),
        queue_(std::move(queue)),
        out_(static_cast<out_edge&>(*stage.out)),
        debt_(debt),
        line_(*this) {
    taken_.reserve(most_at_once);
  }

 private:
  static constexpr std::size_t most_at_once = 256;

  step work(turn& t) noexcept override {
    emitted_ = 0;
    const auto result = go();
    tally_.emitted.add(emitted_);
    if (emitted_ > 0) out_.tell_consumers(&t);
    return result == step::finished ? leave(t) : result;
  }

  step go() noexcept {
    const bool ending = should_give_up() || run().phase() != run_phase::running;
    if (ending) line_.give_up(*queue_);
    if (line_.waiting()) return starve(activity::getting);
    const auto result = go_on(ending);
    // Who stands in line keeps its item's place: the hand-off asks nobody.
    if (!line_.waiting()) run().items().give_back(std::exchange(admitted_, 0));
    return result;
  }

  step go_on(bool ending) noexcept {
    if (line_.decided()) {
      line_.done();
      auto result = std::exchange(line_.result, got<T>());
      if (result.state() == state::ok) {
        emit(*std::move(result));  // its room was there when the line was joined
      } else if (!ending) {
        return end(result.state(), result.cause());
      }
    }
    if (ending) return step::finished;
    auto room = out_.room();
    if (room == 0) return block();
    if (handled_ >= stage_.most_at_once) return step::again;
    if (run().items().limited()) {
      if (admitted_ == 0) admitted_ = run().items().admit(std::min(room, most_at_once));
      if (admitted_ == 0) return block();
      room = std::min(room, admitted_);
    }
    const auto many = queue_->try_get_n(taken_, std::min(room, most_at_once));
    for (auto& item : taken_) emit(std::move(item));
    const bool some = !taken_.empty();
    taken_.clear();
    if (some) return step::again;
    if (many.state != state::empty) return end(many.state, many.cause);
    if (admitted_ > 1) run().items().give_back(std::exchange(admitted_, 1) - 1);
    line_.line_up(*queue_);
    return line_.waiting() ? starve(activity::getting) : step::again;
  }

  void emit(T&& item) noexcept {
    {
      typename out_edge::writer w(out_);
      ::new (w.blank()) tracked<T>{std::move(item), receipt(debt_, 1)};
      w.publish();
    }
    ++handled_;
    ++emitted_;
    if (admitted_ > 0) --admitted_;
    tally_.in.add(1);
    tally_.done.add(1);
    if (out_.eager()) out_.tell_consumers(nullptr);
  }

  step end(state why, const std::exception_ptr& cause) noexcept {
    if (why == state::failed) run().record_error(stage_.index, no_item, cause, error_effect::fails_at_last);
    return step::finished;
  }

  void finish() noexcept override {}

  std::shared_ptr<state_type> queue_;
  out_edge& out_;
  receipt_sink& debt_;
  waiting_actor<get_waiter<T>> line_;
  std::vector<T> taken_;
  std::size_t admitted_ = 0;  ///< items that the run lets it take, if those are bounded
  std::uint64_t emitted_ = 0;
};

/// Puts into a queue; when the queue takes no more, the stage leaves, and so does what comes before it.
template <class T, class Receipt>
class queue_sink final : public stage_worker {
  using state_type = penstock::detail::queue_state<T>;
  using in_edge = edge<cell<T, Receipt>>;

 public:
  queue_sink(executor& home, run_services& services, stage_state& stage, std::shared_ptr<state_type> queue)
      : stage_worker(home, services, stage, 0),
        queue_(std::move(queue)),
        in_(static_cast<in_edge&>(*stage.in)),
        line_(*this) {}

 private:
  step work(turn& t) noexcept override {
    const auto result = go();
    return result == step::finished ? leave(t) : result;
  }

  step go() noexcept {
    for (;;) {
      if (should_give_up()) line_.give_up(*queue_);
      if (line_.waiting()) return block(activity::putting);
      if (line_.decided()) {
        line_.done();
        if (!settle(line_.result.state)) return step::finished;
      }
      if (should_give_up()) return step::finished;
      const bool closed = in_.closed();
      if (in_.ready() == 0) return closed ? step::finished : starve();
      if (handled_ >= stage_.most_at_once) return step::again;
      take();
      const auto put = queue_->try_put(*item_);
      if (put.state == state::full && queue_->may_wait()) {
        line_.items = std::span<T>(&*item_, 1);
        line_.result = {};
        line_.line_up(*queue_);
      } else if (!settle(put.state)) {
        return step::finished;
      }
    }
  }

  void take() noexcept {
    typename in_edge::reader r(in_);
    item_.emplace(std::move(value_of(r.item())));
    owed_ = receipt_of(r.item());
    r.drop();
    r.end();
    in_.release(1, nullptr);
    ++handled_;
    tally_.in.add(1);
  }

  /// What became of the item. False: the queue takes no more.
  bool settle(state why) noexcept {
    item_.reset();
    owed_ = Receipt{};
    // A policy of the queue's that refuses or drops is the queue's business: the item has left the pipeline.
    const bool left = why == state::ok || why == state::full;
    (left ? tally_.done : tally_.dropped).add(1);
    return left;
  }

  void finish() noexcept override {}

  std::shared_ptr<state_type> queue_;
  in_edge& in_;
  waiting_actor<put_waiter<T>> line_;
  std::optional<T> item_;
  [[no_unique_address]] Receipt owed_;
};

}  // namespace penstock::flow
