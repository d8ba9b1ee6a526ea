// The item that a worker of a plain stage could not be done with at once: it waits for a permit of a shared limit, for
// its next attempt, or for room for its dead letter. The worker is parked meanwhile, with its hands full; no thread
// waits.
//
// A stage without `retry`, `dead_letter` and `limited` has the empty form, which costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/body/dead_letter.hpp>
#include <penstock/body/limited.hpp>
#include <penstock/body/wrapping.hpp>
#include <penstock/flow/stage_worker.hpp>
#include <penstock/flow/waiting_actor.hpp>

namespace penstock::flow {

/// Some item may come into a hand.
template <class Policies>
inline constexpr bool guarded = Policies::keeps || Policies::limits;

/// What a worker can do about the item in its hand.
enum class hand : std::uint8_t {
  parked,   ///< nothing until the next notice
  ready,    ///< another attempt, by `try_again`
  settled,  ///< it is done with, and was counted
};

template <class In, class Receipt, class Policies>
class item_in_hand {
  using letter = dead<In>;
  struct nobody {
    explicit nobody(actor&) noexcept {}
  };
  using permit_line = std::conditional_t<Policies::limits, waiting_actor<permit_waiter>, nobody>;
  using letter_line = std::conditional_t<Policies::buries, waiting_actor<put_waiter<letter>>, nobody>;

 public:
  item_in_hand(stage_worker& worker, const Policies& policies)
      : worker_(worker), policies_(policies), permits_(worker), room_(worker) {}

  [[nodiscard]] bool empty() const noexcept { return wait_ == waits_for::nothing; }

  /// Its number in the stage.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

  /// Before the first attempt at an item. False: there is no permit, and the item is in the hand now.
  bool may_begin(In& value, Receipt& owed, std::uint64_t number) noexcept {
    if constexpr (Policies::limits) {
      if (!got_permit()) {
        keep(value, std::move(owed), number, waits_for::permit);
        return false;
      }
    }
    return true;
  }

  /// The body has returned or thrown: its permit is for others.
  void body_ended() noexcept {
    if constexpr (Policies::limits) policies_.limit->give_back();
  }

  /// The body has thrown the current exception for this item, which may lie in the hand. Afterwards it is in the hand,
  /// or it was counted and `value` is what is left of it.
  void failed(In& value, Receipt&& owed, std::uint64_t number) noexcept {
    body_ended();
    if constexpr (Policies::keeps) {
      const auto error = std::current_exception();
      const auto attempts = worker_.context_.attempt();
      const bool gives_up = worker_.should_give_up();
      if (policies_.retry.again(attempts)) {
        // What a cancel would have dropped in its back-off, it drops here.
        if (gives_up) return worker_.tally_.dropped.add(1);
        const auto now = worker_.run().now();
        due_ = after(now,
                     policies_.retry.delay(attempts, retry_rules::chance(now, worker_.stage_.index, number, attempts)));
        keep(value, std::move(owed), number, waits_for::its_time);
        attempt_ = attempts + 1;
        return;
      }
      if constexpr (Policies::buries) {
        if (!gives_up || !says_cancelled(error)) {
          bury(value, std::move(owed), number, error);
          return;
        }
      }
    }
    worker_.item_failed(number);
  }

  /// The item is not empty: what can be done about it now?
  [[nodiscard]] hand look() noexcept {
    switch (wait_) {
      case waits_for::permit:
        if constexpr (Policies::limits) {
          if (permits_.waiting()) return hand::parked;
          permits_.done();
        }
        return hand::ready;
      case waits_for::its_time:
        if (worker_.run().now() < due_) {
          set_alarm(due_);
          return hand::parked;
        }
        set_alarm(never);
        if constexpr (Policies::limits) {
          if (!got_permit()) {
            wait_ = waits_for::permit;
            return hand::parked;
          }
        }
        return hand::ready;
      case waits_for::room:
        if constexpr (Policies::buries) {
          if (room_.waiting()) {
            worker_.parked_ = &worker_.tally_.blocked;
            return hand::parked;
          }
          room_.done();
          letter_went(room_.result.state == state::ok);
        }
        return hand::settled;
      case waits_for::nothing: break;
    }
    return hand::settled;
  }

  /// Another attempt at it: `attempt(In&, Receipt&, number)` calls the body, and `failed` again if that throws.
  template <class Attempt>
  void try_again(Attempt&& attempt) noexcept {
    wait_ = waits_for::nothing;
    if (attempt_ > 1) worker_.tally_.retried.add(1);
    worker_.context_.begin_item(number_, attempt_);
    attempt(*value_, owed_, number_);
    if (wait_ == waits_for::nothing) forget();
  }

  /// The run is cancelled, or nobody wants results any more: the item is dropped and counted, and what it waited for
  /// is left to others. False: somebody is just about to tell this worker, who must not leave before.
  [[nodiscard]] bool let_go() noexcept {
    switch (wait_) {
      case waits_for::nothing: return true;
      case waits_for::permit:
        if constexpr (Policies::limits) {
          permits_.give_up(*policies_.limit);
          if (permits_.waiting()) return false;
          permits_.done();
          if (permits_.granted) policies_.limit->give_back();
        }
        break;
      case waits_for::its_time: set_alarm(never); break;
      case waits_for::room:
        if constexpr (Policies::buries) {
          room_.give_up(*policies_.letters);
          if (room_.waiting()) return false;
          room_.done();
          letter_went(room_.result.state == state::ok);
        }
        return true;
    }
    worker_.tally_.dropped.add(1);
    forget();
    return true;
  }

 private:
  enum class waits_for : std::uint8_t {
    nothing,   ///< there is none, or its body is running
    permit,    ///< in the line of the shared limit
    its_time,  ///< until `due_`
    room,      ///< its letter is in the line of the queue
  };

  [[nodiscard]] bool got_permit() noexcept {
    permits_.line_up(*policies_.limit);
    if (permits_.waiting()) return false;
    permits_.done();
    return true;
  }

  void keep(In& value, Receipt&& owed, std::uint64_t number, waits_for what) noexcept {
    if (!value_ || std::addressof(*value_) != std::addressof(value)) {
      value_.emplace(std::move(value));
      owed_ = std::move(owed);
      number_ = number;
      attempt_ = 1;
    }
    wait_ = what;
    worker_.occupied_.store(true, std::memory_order_relaxed);
  }

  void forget() noexcept {
    wait_ = waits_for::nothing;
    value_.reset();
    owed_ = Receipt{};
    worker_.occupied_.store(false, std::memory_order_relaxed);
  }

  /// It has failed for the last time.
  void bury(In& value, Receipt&& owed, std::uint64_t number, const std::exception_ptr& error) noexcept {
    worker_.run().record_error(worker_.stage_.index, number, error, error_effect::tolerated);
    bool arrived = false;
    try {
      letter_.emplace(
          letter{std::move(value), error, std::string(worker_.stage_.name), worker_.context_.attempt(), number});
      const auto put = policies_.letters->try_put(*letter_);
      arrived = put.accepted > 0;  // not, with `ok`, if the queue drops the newest
      if (put.state == state::full && policies_.letters->may_wait() && !worker_.should_give_up()) {
        owed_ = std::move(owed);
        number_ = number;
        wait_ = waits_for::room;
        worker_.occupied_.store(true, std::memory_order_relaxed);
        room_.items = std::span<letter>(std::addressof(*letter_), 1);
        room_.result = {};
        room_.line_up(*policies_.letters);
        return;
      }
    } catch (const std::bad_alloc&) {  // the letter could not be written
    }
    letter_went(arrived);
  }

  void letter_went(bool arrived) noexcept {
    worker_.tally_.failed.add(1);
    if (!arrived) worker_.tally_.letters_lost.add(1);
    letter_.reset();
    forget();
  }

  void set_alarm(time_point when) noexcept {
    if (std::exchange(alarm_, when) != when) worker_.run().notify_at(worker_, when);
  }

  stage_worker& worker_;
  const Policies& policies_;
  waits_for wait_ = waits_for::nothing;
  unsigned attempt_ = 1;  ///< the next
  std::uint64_t number_ = 0;
  std::optional<In> value_;
  [[no_unique_address]] Receipt owed_;
  time_point due_{};
  time_point alarm_ = never;  ///< what `notify_at` was asked for last
  [[no_unique_address]] permit_line permits_;
  [[no_unique_address]] letter_line room_;
  std::optional<std::conditional_t<Policies::buries, letter, std::nullptr_t>> letter_;
};

template <class In, class Receipt>
class item_in_hand<In, Receipt, penstock::detail::no_policies> {
 public:
  item_in_hand(stage_worker&, const penstock::detail::no_policies&) noexcept {}
  [[nodiscard]] static constexpr bool empty() noexcept { return true; }
  static constexpr bool may_begin(In&, Receipt&, std::uint64_t) noexcept { return true; }
  static constexpr void body_ended() noexcept {}
  [[nodiscard]] static constexpr bool let_go() noexcept { return true; }
};

}  // namespace penstock::flow
