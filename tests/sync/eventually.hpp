// Waiting for what another thread is about to do, without guessing how long it takes. A hung test is ended by the test
// runner's time limit.
#pragma once

#include <cstddef>
#include <thread>

#include "penstock/sync/queue.hpp"

namespace penstock::testing {

template <class Condition>
void until(Condition condition) {
  while (!condition()) std::this_thread::yield();
}

template <class T>
void until_getters_wait(const queue<T>& q, std::size_t n) {
  until([&] { return q.snapshot().waiting_getters == n; });
}
template <class T>
void until_putters_wait(const queue<T>& q, std::size_t n) {
  until([&] { return q.snapshot().waiting_putters == n; });
}
template <class T>
void until_joiners_wait(const queue<T>& q, std::size_t n) {
  until([&] { return q.snapshot().waiting_joiners == n; });
}

}  // namespace penstock::testing
