// The worker of a batch: collects items, and lets them go together by count or by time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <penstock/core/batcher.hpp>
#include <penstock/flow/cell.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/flow/stage_worker.hpp>

namespace penstock::flow {

template <class In, class Receipt>
class batch_stage final : public stage_worker {
  using in_edge = edge<cell<In, Receipt>>;
  using out_cell = cell<std::vector<In>, Receipt>;
  using out_edge = edge<out_cell>;

 public:
  batch_stage(executor& home, run_services& services, stage_state& stage, std::size_t count, duration within)
      : stage_worker(home, services, stage, 0),
        in_(static_cast<in_edge&>(*stage.in)),
        out_(static_cast<out_edge&>(*stage.out)),
        count_(count),
        rules_(count, within) {
    held_.reserve(std::min<std::size_t>(count_, 1024));
  }

 private:
  step work(turn& t) noexcept override {
    released_ = 0;
    sent_ = false;
    // The clock is read after the notice was taken: `t.began` may be a little older than the alarm that gave the
    // notice, and an alarm rings once.
    const auto result = go(rules_.due() == never ? t.began : run().now());
    if (sent_) out_.tell_consumers(&t);
    if (released_ > 0) in_.tell_producers(&t);
    if (alarm_ != (result == step::finished ? never : rules_.due())) {
      alarm_ = result == step::finished ? never : rules_.due();
      run().notify_at(*this, alarm_);
    }
    return result == step::finished ? leave(t) : result;
  }

  step go(time_point now) noexcept {
    for (;;) {
      if (should_give_up()) return give_up();
      const bool closed = in_.closed();
      const auto ready = in_.ready();
      const bool ended = ready == 0 && closed;
      const bool due = rules_.held() > 0 && (ended || rules_.expired(now));
      if (due && out_.room() == 0) return block();
      if (due) send();
      if (ended) return step::finished;
      if (ready == 0) return starve();
      if (handled_ >= stage_.most_at_once) return step::again;
      // The item that completes a batch is taken only when the batch can leave: count - 1 is all that is ever held.
      const auto missing = count_ - rules_.held() - (out_.room() == 0 ? 1 : 0);
      if (missing == 0) return block();
      collect(std::min(ready, missing), now);
      if (rules_.held() >= count_) send();
    }
  }

  void collect(std::size_t ready, time_point now) noexcept {
    typename in_edge::reader r(in_);
    while (ready-- > 0) {
      r.release_quietly();
      held_.push_back(std::move(value_of(r.item())));
      owed_.join(receipt_of(r.item()));
      r.drop();
      ++released_;
      ++handled_;
      tally_.in.add(1);
      rules_.add(now);
    }
  }

  /// There is room.
  void send() noexcept {
    typename out_edge::writer w(out_);
    const auto size = held_.size();
    std::vector<In> next;
    next.reserve(std::min(count_, size + size / 2 + 16));
    std::swap(next, held_);
    make_cell<std::vector<In>>(w.blank(), [&]() -> std::vector<In> { return std::move(next); }, std::move(owed_));
    owed_ = Receipt{};
    w.publish();
    rules_.taken();
    tally_.done.add(size);
    tally_.emitted.add(1);
    sent_ = true;
    if (out_.eager()) out_.tell_consumers(nullptr);
  }

  step give_up() noexcept {
    tally_.dropped.add(held_.size());
    held_.clear();
    owed_ = Receipt{};
    rules_.taken();
    return step::finished;
  }

  void finish() noexcept override {}

  in_edge& in_;
  out_edge& out_;
  const std::size_t count_;
  batcher rules_;
  std::vector<In> held_;
  [[no_unique_address]] Receipt owed_;
  time_point alarm_ = never;  ///< what `notify_at` was asked for last
  std::uint64_t released_ = 0;
  bool sent_ = false;
};

}  // namespace penstock::flow
