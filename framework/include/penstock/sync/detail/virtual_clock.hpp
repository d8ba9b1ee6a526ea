// Time that stands still until somebody moves it, on the thread that made it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include <penstock/base/clock.hpp>

namespace penstock::detail {

class virtual_clock {
 public:
  /// From here on `clock::now` on this thread is `start`, until it is moved. One at a time on a thread.
  explicit virtual_clock(time_point start) noexcept : now_(start) {
    virtual_now = &now_;
    of_this_thread() = this;
  }
  ~virtual_clock() {
    virtual_now = nullptr;
    of_this_thread() = nullptr;
  }
  virtual_clock(const virtual_clock&) = delete;
  virtual_clock& operator=(const virtual_clock&) = delete;

  /// That of the calling thread; null: time goes on by itself there.
  static virtual_clock*& of_this_thread() noexcept {
    static thread_local virtual_clock* clock = nullptr;
    return clock;
  }

  /// Keep it as long as the call is wanted. It may outlive the clock.
  using wish = std::shared_ptr<const void>;

  /// `what` is called when the time has come to `when`, inside `move_to`.
  [[nodiscard]] wish call_at(time_point when, std::function<void()> what) {
    auto call = std::make_shared<const std::function<void()>>(std::move(what));
    calls_.emplace(when, call);
    return call;
  }

  /// When the next call is due; `never`: none is wanted.
  [[nodiscard]] time_point next() noexcept {
    while (!calls_.empty() && calls_.begin()->second.expired()) calls_.erase(calls_.begin());
    return calls_.empty() ? never : calls_.begin()->first;
  }

  /// It is `when`; a time that has passed changes nothing. Calls that are due come in the order of their times.
  void move_to(time_point when) {
    while (next() <= when) {
      const auto first = calls_.begin();
      if (first->first > now_) now_ = first->first;
      const auto call = first->second.lock();
      calls_.erase(first);
      (*call)();
    }
    if (when > now_) now_ = when;
  }

 private:
  time_point now_;
  std::multimap<time_point, std::weak_ptr<const std::function<void()>>> calls_;
};

}  // namespace penstock::detail
