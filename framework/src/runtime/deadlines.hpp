// When which actor wants to be notified. Guarded by its owner's lock.
#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "penstock/base/clock.hpp"
#include "penstock/flow/actor.hpp"

namespace penstock::detail {

class deadlines {
 public:
  /// Replaces what was set for `a`; `never` takes it back.
  void set(flow::actor& a, time_point when) {
    if (const auto old = of_actor_.find(&a); old != of_actor_.end()) {
      by_time_.erase(old->second);
      of_actor_.erase(old);
    }
    if (when != never) of_actor_.emplace(&a, by_time_.emplace(when, &a));
  }

  [[nodiscard]] time_point next() const noexcept { return by_time_.empty() ? never : by_time_.begin()->first; }

  /// Takes out those that are due at `now`.
  void take_due(time_point now, std::vector<flow::actor*>& due) {
    while (!by_time_.empty() && by_time_.begin()->first <= now) {
      due.push_back(by_time_.begin()->second);
      of_actor_.erase(by_time_.begin()->second);
      by_time_.erase(by_time_.begin());
    }
  }

 private:
  std::multimap<time_point, flow::actor*> by_time_;
  std::unordered_map<flow::actor*, std::multimap<time_point, flow::actor*>::iterator> of_actor_;
};

}  // namespace penstock::detail
