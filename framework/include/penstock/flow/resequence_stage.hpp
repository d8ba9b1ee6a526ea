// The worker of a resequence: moves items from edge to edge in the order of their numbers, and keeps those that came
// early.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/core/sequencer.hpp>
#include <penstock/flow/cell.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/flow/stage_worker.hpp>

namespace penstock::flow {

template <class In, class Receipt, class NumberOf>
class resequence_stage final : public stage_worker {
  using item = cell<In, Receipt>;
  using one_edge = edge<item>;

 public:
  /// `number_of` outlives this.
  resequence_stage(executor& home, run_services& services, stage_state& stage, const NumberOf& number_of,
                   std::size_t window, std::uint64_t first, gap on_gap)
      : stage_worker(home, services, stage, 0),
        in_(static_cast<one_edge&>(*stage.in)),
        out_(static_cast<one_edge&>(*stage.out)),
        number_of_(number_of),
        window_(window),
        on_gap_(on_gap),
        rules_(window, first) {}

 private:
  step work(turn& t) noexcept override {
    emitted_ = 0;
    const auto result = go();
    tally_.in.add(handled_);
    tally_.done.add(emitted_);
    tally_.emitted.add(emitted_);
    if (emitted_ > 0) out_.tell_consumers(&t);
    if (handled_ > 0) in_.tell_producers(&t);
    return result == step::finished ? leave(t) : result;
  }

  step go() noexcept {
    const auto most = stage_.most_at_once;
    for (;;) {
      if (should_give_up()) return give_up();
      const auto moved = std::max<std::size_t>(handled_, emitted_);
      if (moved >= most) return step::again;
      if (rules_.front_is_next()) {
        const auto room = out_.room();
        if (room == 0) return block();
        send_held(std::min(room, most - moved));
        continue;
      }
      const bool closed = in_.closed();
      const auto ready = in_.ready();
      if (ready == 0) {
        if (!closed) return starve();
        if (rules_.held() == 0) return step::finished;
        if (!go_on_after_gap()) return give_up();
        continue;
      }
      const auto room = out_.room();
      if (room == 0) return block();
      if (!pass(std::min({ready, room, most - moved}))) return give_up();
    }
  }

  void send_held(std::size_t count) noexcept {
    typename one_edge::writer w(out_);
    while (count-- > 0 && rules_.front_is_next()) {
      rules_.pop([&w](item&& i) noexcept { ::new (w.blank()) item(std::move(i)); });
      w.publish();
      ++emitted_;
    }
  }

  /// Takes at most `count` items, for which there is room, until one that is held may leave. False: the run fails.
  bool pass(std::size_t count) noexcept {
    typename one_edge::reader r(in_);
    typename one_edge::writer w(out_);
    while (count-- > 0 && run().phase() != run_phase::cancelling && !rules_.front_is_next()) {
      try {
        const auto number = number_of(std::as_const(value_of(r.item())));
        const auto what = rules_.look(number);
        if (what == arrival::early && rules_.full()) {
          if (!go_on_after_gap(number)) return false;
          continue;  // it is looked at again, if none of those that are held comes before it
        }
        take(number, what, r, w);
      } catch (...) {
        item_failed(r.position());
      }
      // Not before the item is where it goes: the window and the two edges hold no more than they may at any moment.
      r.release_quietly();
      r.drop();
      ++handled_;
    }
    return true;
  }

  void take(std::uint64_t number, arrival what, typename one_edge::reader& r, typename one_edge::writer& w) {
    switch (what) {
      case arrival::next:
        ::new (w.blank()) item(std::move(r.item()));
        w.publish();
        ++emitted_;
        return rules_.passed();
      case arrival::early: return rules_.hold(number, std::move(r.item()));
      case arrival::late:
        throw std::runtime_error("it comes too late: number " + std::to_string(number) + " has passed");
      case arrival::twice: throw std::runtime_error("there are two items with the number " + std::to_string(number));
    }
  }

  [[nodiscard]] std::uint64_t number_of(const In& value) const {
    const auto number = std::invoke(number_of_, value);
    if constexpr (std::is_signed_v<decltype(number)>) {
      if (number < 0) throw std::runtime_error("its number is negative: " + std::to_string(number));
    }
    return static_cast<std::uint64_t>(number);
  }

  /// The window is full, and the number `arrived` came.
  bool go_on_after_gap(std::uint64_t arrived) noexcept {
    if (on_gap_ == gap::fail) return fail(", and the window of " + std::to_string(window_) + " items is full");
    rules_.skip_gap(arrived);
    return true;
  }

  /// The input has ended.
  bool go_on_after_gap() noexcept {
    if (on_gap_ == gap::fail) return fail(" at the end of the input, where items with greater numbers are left");
    rules_.skip_gap();
    return true;
  }

  bool fail(const std::string& why) noexcept {
    const auto what =
        "stage '" + std::string(stage_.name) + "': number " + std::to_string(rules_.next()) + " is missing" + why;
    run().record_error(stage_.index, no_item, std::make_exception_ptr(std::runtime_error(what)),
                       error_effect::ends_run);
    return false;
  }

  step give_up() noexcept {
    tally_.dropped.add(rules_.held());
    rules_.clear();
    return step::finished;
  }

  void finish() noexcept override {}

  one_edge& in_;
  one_edge& out_;
  const NumberOf& number_of_;
  const std::size_t window_;
  const gap on_gap_;
  sequencer<item> rules_;
  std::size_t emitted_ = 0;  ///< in this activation
};

}  // namespace penstock::flow
