// How a runtime reaches the shared state of a queue: to wait there with a waiter of its own, and to owe a `task_done`
// that outlives the queue's handle.
#pragma once

#include <memory>

#include "penstock/sync/detail/queue_state.hpp"

namespace penstock {

template <class T>
class queue;

namespace detail {

struct queue_access {
  template <class T>
  static const std::shared_ptr<queue_state<T>>& state(const queue<T>& from) noexcept {
    return from.state_;
  }
};

}  // namespace detail
}  // namespace penstock
