// A stage whose bodies are coroutines: one actor on a strand, and up to `workers` slots, each one long-lived coroutine
// that is started on demand and runs body after body.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <penstock/body/body.hpp>
#include <penstock/body/dead_letter.hpp>
#include <penstock/body/limited.hpp>
#include <penstock/body/wrapping.hpp>
#include <penstock/core/reorder.hpp>
#include <penstock/flow/cell.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/flow/held_result.hpp>
#include <penstock/flow/io_home.hpp>
#include <penstock/flow/operations.hpp>
#include <penstock/flow/resumer.hpp>
#include <penstock/flow/slot_times.hpp>
#include <penstock/flow/stage_worker.hpp>
#include <penstock/flow/waiting_slot.hpp>

namespace penstock::flow {

template <class In, class Receipt, class Body, shape Kind>
class async_stage final : public stage_worker {
  static constexpr bool emits = Kind != shape::none;
  using in_cell = cell<In, Receipt>;
  using in_edge = edge<in_cell>;
  using body_type = penstock::detail::item_body_t<Body, In>;
  using policies = penstock::detail::policies_t<Body>;
  using returned = penstock::detail::awaited_t<penstock::detail::item_result_t<Body, In>>;
  using result = std::conditional_t<emits, returned, std::nullptr_t>;
  using held = std::conditional_t<emits, held_result<shape::one, result, Receipt>, nothing_held>;
  using out_edge = edge<cell<result, Receipt>>;

 public:
  /// `window`: how far results may run ahead of their turn; 0: results leave as they come. `limit`: of an attempt.
  async_stage(io_home& home, run_services& services, stage_state& stage, const Body& declared, std::size_t slots,
              std::size_t window, duration limit)
      : stage_worker(home, services, stage, 0),
        home_(home),
        in_(static_cast<in_edge&>(*stage.in)),
        out_(static_cast<out_edge*>(stage.out)),
        ordered_(emits && window > 0),
        limit_(limit),
        policies_(declared),
        times_(*this, limit),
        window_(ordered_ ? window : 1) {
    slots_.reserve(slots);
    idle_.reserve(slots);
    // Bodies are made here, where an exception of a factory can still refuse the run; coroutines later, on demand.
    for (std::size_t i = 0; i < slots; ++i) slots_.push_back(std::make_unique<slot>(*this, i, declared));
  }

 private:
  struct nobody {
    nobody(actor&, told_slots&, resumer&) noexcept {}
  };
  using permit_place = std::conditional_t<policies::limits, waiting_slot<permit_waiter>, nobody>;
  using letter_place = std::conditional_t<policies::buries, waiting_slot<put_waiter<dead<In>>>, nobody>;

  struct slot : timed_slot {
    slot(async_stage& stage, std::size_t which, const Body& declared)
        : c(stage.run(), stage.stage_.name, which, false),
          body(penstock::detail::wrapping<Body>::inside(declared)),
          permit(stage, stage.told_, sleep),
          room(stage, stage.told_, sleep) {}
    context c;
    body_type body;
    std::optional<in_cell> item;
    std::uint64_t number = 0;
    held made;  ///< unordered: the result that waits for room
    resumer sleep;
    boost::asio::cancellation_signal cancel;
    [[no_unique_address]] permit_place permit;
    [[no_unique_address]] letter_place room;
    unsigned streak = 0;  ///< items since the coroutine last slept
    bool busy = false;
    bool late = false;    ///< the attempt's limit has passed
    body_since since{0};  ///< read by whoever looks from outside
  };

  static constexpr unsigned longest_streak = 128;
  static constexpr duration longest_debt = std::chrono::microseconds(200);  ///< with 50 an item took twice the time

  step work(turn& t) noexcept override {
    now_ = t.began;
    working_ = true;
    const auto next = look_around();
    working_ = false;
    tell();
    return next;
  }

  step look_around() noexcept {
    told_.resume_all();
    if (should_give_up()) return give_up();
    times_.ring(
        [](timed_slot& t) {
          auto& s = static_cast<slot&>(t);
          s.late = true;
          s.cancel.emit(boost::asio::cancellation_type::terminal);
        },
        [](timed_slot& t) { static_cast<slot&>(t).sleep.resume(); });
    send();
    take_all();
    if (!ended() || !nothing_under_way()) return starve(waits_for_room() ? activity::blocked : activity::starved);
    if (live_ > 0) {
      dismiss();
      return step::idle;
    }
    for (auto& s : slots_) {
      if (s->busy) continue;
      try {
        s->body.finish(s->c);
      } catch (...) {
        run().record_error(stage_.index, no_item, std::current_exception(), error_effect::ends_run);
      }
    }
    return leave_quietly();
  }

  void finish() noexcept override {}

  void look_at_bodies(worker_sight& sight) const noexcept override {
    for (const auto& s : slots_) add_body(sight, s->since);
    if (sight.under_way == 0) stage_worker::look_at_bodies(sight);  // the user's `finish`
  }

  [[nodiscard]] bool ended() noexcept {
    const bool closed = in_.closed();
    return closed && in_.ready() == 0;
  }

  [[nodiscard]] bool nothing_under_way() const noexcept { return busy_ == 0 && window_.empty(); }

  /// After `send`: what still stands first in order waits for room.
  [[nodiscard]] bool waits_for_room() noexcept { return !blocked_.empty() || (ordered_ && window_.front() != nullptr); }

  /// Gives items to slots, idle ones first.
  void take_all() noexcept {
    while (in_.ready() > 0 && may_take()) {
      if (!idle_.empty()) {
        auto& s = *idle_.back();
        idle_.pop_back();
        s.streak = 0;
        take(s);
        s.sleep.resume();
      } else if (started_ < slots_.size()) {
        auto& s = *slots_[started_++];
        take(s);
        start(s);
      } else {
        return;
      }
    }
  }

  [[nodiscard]] bool may_take() const noexcept { return !leaving_ && (!ordered_ || window_.free() > 0); }

  void take(slot& s) noexcept {
    {
      typename in_edge::reader r(in_);
      s.number = r.position();
      s.item.emplace(std::move(r.item()));
      r.release_quietly();
      r.drop();
    }
    owe();
    if (ordered_) window_.claim(1);
    s.busy = true;
    ++busy_;
    tally_.in.add(1);
  }

  void start(slot& s) {
    ++live_;
    boost::asio::co_spawn(
        home_.strand(), loop(s),
        boost::asio::bind_cancellation_slot(s.cancel.slot(),
                                            boost::asio::bind_executor(home_.strand(), [this, &s](std::exception_ptr) {
                                              --live_;
                                              if (s.busy) lost(s);
                                              notify();
                                            })));
  }

  /// The coroutine was cancelled before it began with the item it was started for.
  void lost(slot& s) noexcept {
    s.item.reset();
    tally_.dropped.add(1);
    if (ordered_) window_.finish(s.number, 1, held{});
    settle(s);
  }

  boost::asio::awaitable<void> loop(slot& s) {
    for (;;) {
      if (!s.item) co_await s.sleep.sleep();
      if (!s.item) co_return;
      co_await one(s);
      if constexpr (emits) {
        while (!ordered_ && !s.made.empty() && !leaving_) {
          if (out_->room() > 0) {
            put(s.made);
          } else {
            blocked_.push_back(&s);
            park_as(activity::blocked);
            co_await s.sleep.sleep();
          }
        }
      }
      settle(s);
      if (leaving_) co_return;
      // Bodies that never wait must not keep the strand for ever.
      if (++s.streak < longest_streak && in_.ready() > 0 && may_take()) {
        take(s);
        // The window may have opened for several items at once, and nobody else would tell the other slots.
        if (ordered_ && in_.ready() > 0 && may_take() && (!idle_.empty() || started_ < slots_.size())) notify();
      } else {
        idle_.push_back(&s);
        if (in_.ready() > 0 || ended()) notify();
      }
    }
  }

  boost::asio::awaitable<void> one(slot& s) {
    in_cell item(std::move(*s.item));
    s.item.reset();
    auto owed = receipt_of(item);
    held made;
    for (unsigned attempts = 1;; ++attempts) {
      if constexpr (policies::limits) {
        if (s.permit.must_wait(*policies_.limit)) co_await s.sleep.sleep();
        s.permit.done();
        if (leaving_) {
          if (s.permit.granted) policies_.limit->give_back();
          tally_.dropped.add(1);
          break;
        }
      }
      std::exception_ptr error;
      const auto began = run().now();
      s.c.begin_item(s.number, attempts);
      if (attempts > 1) tally_.retried.add(1);
      times_.begin(s, began);
      s.since.store(began.time_since_epoch().count(), std::memory_order_relaxed);
      try {
        auto running = s.body(s.c, give<Body>(value_of(item)));
        if constexpr (emits) {
          result value = co_await std::move(running);
          made.hold(std::move(value), std::move(owed));
        } else {
          co_await std::move(running);
          tally_.done.add(1);
        }
      } catch (...) {
        error = std::current_exception();
      }
      times_.end(s);
      s.since.store(0, std::memory_order_relaxed);
      if constexpr (policies::limits) policies_.limit->give_back();
      now_ = run().now();
      tally_.busy.add(static_cast<std::uint64_t>((now_ - began).count()));
      if (std::exchange(s.late, false) && !leaving_) {
        // The cancellation was for this attempt only; left alone, it would end every later wait of the coroutine.
        auto fresh = boost::asio::this_coro::reset_cancellation_state();
        co_await fresh;
        if (error) error = too_late();
      }
      if (!error) break;
      if constexpr (policies::keeps) {
        if (policies_.retry.again(attempts)) {
          const auto now = run().now();
          const auto delay =
              policies_.retry.delay(attempts, retry_rules::chance(now, stage_.index, s.number, attempts));
          if (delay > duration::zero() && !should_give_up()) {
            times_.sleep(s, penstock::after(now, delay));
            co_await s.sleep.sleep();
          }
          if (!should_give_up()) continue;
          tally_.dropped.add(1);
          break;
        }
        if constexpr (policies::buries) {
          if (!should_give_up() || !says_cancelled(error)) {
            run().record_error(stage_.index, s.number, error, error_effect::tolerated);
            auto letter = write_letter(value_of(item), error, attempts, s.number);
            const auto put = policies_.letters->try_put(letter);
            bool arrived = put.accepted > 0;  // not, with `ok`, if the queue drops the newest
            if (put.state == state::full && policies_.letters->may_wait() && !leaving_) {
              s.room.items = std::span<dead<In>>(&letter, 1);
              s.room.result = {};
              if (s.room.must_wait(*policies_.letters)) co_await s.sleep.sleep();
              s.room.done();
              arrived = s.room.result.state == state::ok;
            }
            tally_.failed.add(1);
            if (!arrived) tally_.letters_lost.add(1);
            break;
          }
        }
      }
      item_failed(s.number, tally_, error);
      break;
    }
    if constexpr (emits) {
      if (ordered_) {
        window_.finish(s.number, 1, std::move(made));
        send();
      } else {
        s.made = std::move(made);
      }
    }
  }

  dead<In> write_letter(In& item, const std::exception_ptr& error, unsigned attempts, std::uint64_t number) const {
    return {std::move(item), error, std::string(stage_.name), attempts, number};
  }

  [[nodiscard]] std::exception_ptr too_late() const {
    using namespace std::chrono;
    const auto whole = [this]<class Unit>(Unit unit) { return limit_ % unit == duration::zero(); };
    auto text = whole(milliseconds(1))   ? std::to_string(limit_ / milliseconds(1)) + " ms"
                : whole(microseconds(1)) ? std::to_string(limit_ / microseconds(1)) + " us"
                                         : std::to_string(limit_.count()) + " ns";
    return std::make_exception_ptr(error(errc::timed_out, "the body took longer than its " + std::move(text)));
  }

  /// The slot's item is done with, one way or another.
  void settle(slot& s) noexcept {
    if (!s.made.empty()) {
      s.made.drop();
      tally_.dropped.add(1);
    }
    s.busy = false;
    --busy_;
    // Slots go on without an activation.
    if (run().items().limited()) count_items();
  }

  void put(held& made) noexcept {
    if constexpr (emits) {
      std::uint64_t emitted = 0;
      {
        typename out_edge::writer w(*out_);
        made.put_one(w, emitted);
      }
      tally_.emitted.add(emitted);
      tally_.done.add(1);
      news_ = true;
      owe();
    }
  }

  /// The neighbours run elsewhere, and telling them may wake a thread. So they are told once for all that happens
  /// together, such as timers that ring at the same time: by an activation, which comes after what is ready now.
  void owe() noexcept {
    if (!owing_) {
      owing_ = true;
      owed_since_ = now_;
      if (!working_) notify();
    } else if (now_ - owed_since_ > longest_debt) {
      tell();
    }
  }

  void tell() noexcept {
    if (!std::exchange(owing_, false)) return;
    if (std::exchange(news_, false)) out_->tell_consumers(nullptr);
    in_.tell_producers(nullptr);
  }

  /// Sends on what waits for room: in order, or slot by slot.
  void send() noexcept {
    if constexpr (emits) {
      while (ordered_) {
        auto* front = window_.front();
        if (front == nullptr) break;
        if (!front->empty()) {
          if (out_->room() == 0) return park_as(activity::blocked);
          put(*front);
        }
        window_.pop_front();
      }
      while (!blocked_.empty() && out_->room() > 0) {
        auto& s = *blocked_.front();
        blocked_.pop_front();
        s.sleep.resume();
      }
    }
  }

  /// Nothing more will come: the sleeping slots end.
  void dismiss() {
    leaving_ = true;
    for (auto* s : std::exchange(idle_, {})) s->sleep.resume();
  }

  /// Drops what is left; bodies under way are cancelled, and the worker leaves when their coroutines have ended.
  step give_up() noexcept {
    leaving_ = true;
    if (!cancelled_) {
      cancelled_ = true;
      for (auto& s : slots_) {
        if (s->busy) s->cancel.emit(boost::asio::cancellation_type::terminal);
      }
    }
    dismiss();
    times_.wake_all([](timed_slot& t) { static_cast<slot&>(t).sleep.resume(); });
    leave_lines();
    for (auto* s : std::exchange(blocked_, {})) s->sleep.resume();
    if (live_ > 0) return step::idle;
    if constexpr (emits) {
      while (auto* front = window_.front()) {
        if (!front->empty()) tally_.dropped.add(1);
        window_.pop_front();
      }
    }
    return leave_quietly();
  }

  /// Slots that wait in a line end; those that are being told just now are resumed when they have been.
  void leave_lines() {
    if constexpr (policies::limits) {
      for (auto& s : slots_) {
        if (s->permit.leave_line(*policies_.limit)) s->sleep.resume();
      }
    }
    if constexpr (policies::buries) {
      for (auto& s : slots_) {
        if (s->room.leave_line(*policies_.letters)) s->sleep.resume();
      }
    }
  }

  step leave_quietly() noexcept {
    times_.silence();
    turn nobody_next;
    return leave(nobody_next);
  }

  io_home& home_;
  in_edge& in_;
  out_edge* out_;
  const bool ordered_;
  const duration limit_;
  [[no_unique_address]] const policies policies_;
  told_slots told_;

  // Touched on the strand only.
  slot_times times_;
  reorder<held> window_;
  std::vector<std::unique_ptr<slot>> slots_;
  std::vector<slot*> idle_;
  std::deque<slot*> blocked_;
  std::size_t started_ = 0;  ///< slots that have a coroutine, or had one
  std::size_t live_ = 0;     ///< coroutines that have not ended
  std::size_t busy_ = 0;     ///< slots with an item
  time_point now_{};         ///< a recent reading of the clock
  time_point owed_since_{};
  bool working_ = false;  ///< an activation is under way
  bool owing_ = false;    ///< the neighbours are to be told
  bool news_ = false;     ///< of items, too
  bool leaving_ = false;
  bool cancelled_ = false;
};

}  // namespace penstock::flow
