// A first-in, first-out list of actors, through the link in each. Guarded by its owner's lock.
#pragma once

#include <cstddef>

#include "penstock/flow/actor.hpp"

namespace penstock::detail {

class actor_list {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

  void push_back(flow::actor& a) noexcept {
    a.link = nullptr;
    (last_ != nullptr ? last_->link : first_) = &a;
    last_ = &a;
  }

  flow::actor* pop_front() noexcept {
    auto* a = first_;
    if (a == nullptr) return nullptr;
    first_ = a->link;
    if (first_ == nullptr) last_ = nullptr;
    return a;
  }

  /// Takes out the first actor of `run`; null if there is none.
  flow::actor* pop_of(const flow::run_services& run) noexcept {
    flow::actor* before = nullptr;
    for (auto* a = first_; a != nullptr; before = a, a = a->link) {
      if (&a->run() != &run) continue;
      (before != nullptr ? before->link : first_) = a->link;
      if (last_ == a) last_ = before;
      return a;
    }
    return nullptr;
  }

  /// Appends all of `other`, which is empty afterwards.
  void splice(actor_list& other) noexcept {
    while (auto* a = other.pop_front()) push_back(*a);
  }

 private:
  flow::actor* first_ = nullptr;
  flow::actor* last_ = nullptr;
};

}  // namespace penstock::detail
