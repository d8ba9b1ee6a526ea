// The times of an async stage's slots: until when an attempt may take, and when the next one begins. One alarm for all
// of them, which is set for the nearest and only ever moved forward when it has rung: no timer, and no lock, per item.
#pragma once

#include <map>

#include <penstock/base/clock.hpp>
#include <penstock/flow/actor.hpp>
#include <penstock/flow/run_services.hpp>

namespace penstock::flow {

/// What a slot brings along.
struct timed_slot {
  timed_slot* before = nullptr;
  timed_slot* after = nullptr;
  time_point until{};  ///< of the attempt under way
  bool timed = false;  ///< in the list of attempts
};

/// Touched on the stage's strand only.
class slot_times {
 public:
  /// Attempts may take `limit`; max(): for ever.
  slot_times(actor& stage, duration limit) noexcept : stage_(stage), limit_(limit) {}

  /// An attempt begins. All have the same limit, so whoever began first is late first.
  void begin(timed_slot& s, time_point now) noexcept {
    if (limit_ == duration::max()) return;
    s.until = penstock::after(now, limit_);
    s.timed = true;
    s.before = last_;
    s.after = nullptr;
    (last_ != nullptr ? last_->after : first_) = &s;
    last_ = &s;
    set_alarm();
  }

  /// The attempt is over, in time or late.
  void end(timed_slot& s) noexcept {
    if (!s.timed) return;
    (s.before != nullptr ? s.before->after : first_) = s.after;
    (s.after != nullptr ? s.after->before : last_) = s.before;
    s.timed = false;
  }

  /// The slot sleeps until `due`. Throws `std::bad_alloc`, without effect.
  void sleep(timed_slot& s, time_point due) {
    sleeping_.emplace(due, &s);
    set_alarm();
  }

  /// `late(slot)` for every attempt whose limit has passed, `due(slot)` for every sleep that is over.
  template <class Late, class Due>
  void ring(Late&& late, Due&& due) {
    // With nothing to look at an alarm may still have rung: who does not note it never asks for another.
    if (first_ == nullptr && sleeping_.empty() && alarm_ == never) return;
    const auto now = stage_.run().now();
    if (now >= alarm_) alarm_ = never;
    while (first_ != nullptr && first_->until <= now) {
      auto& s = *first_;
      end(s);
      late(s);
    }
    wake_until(now, due);
    set_alarm();
  }

  /// All sleeps are over.
  template <class Due>
  void wake_all(Due&& due) {
    wake_until(never, due);
  }

  /// Before the stage leaves. Also an alarm whose time has come may not have rung yet.
  void silence() noexcept {
    if (asked_) stage_.run().notify_at(stage_, never);
    asked_ = false;
    alarm_ = never;
  }

 private:
  template <class Due>
  void wake_until(time_point now, Due& due) {
    while (!sleeping_.empty() && sleeping_.begin()->first <= now) {
      auto& s = *sleeping_.begin()->second;
      sleeping_.erase(sleeping_.begin());
      due(s);
    }
  }

  /// An alarm that is too early does no harm: it is set again when it rings.
  void set_alarm() noexcept {
    auto next = first_ != nullptr ? first_->until : never;
    if (!sleeping_.empty() && sleeping_.begin()->first < next) next = sleeping_.begin()->first;
    if (next >= alarm_) return;
    alarm_ = next;
    asked_ = true;
    stage_.run().notify_at(stage_, alarm_);
  }

  actor& stage_;
  const duration limit_;
  timed_slot* first_ = nullptr;
  timed_slot* last_ = nullptr;
  std::multimap<time_point, timed_slot*> sleeping_;
  time_point alarm_ = never;  ///< what `notify_at` was asked for last; never: its time has come
  bool asked_ = false;        ///< for anything
};

}  // namespace penstock::flow
