// What the suites on the adapter share: the ways to wait that a typed suite is run with, calls that are made elsewhere,
// and handshakes with the queue's own count of waiters. Nothing sleeps, and whoever waits too long ends the program.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <ostream>
#include <source_location>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "adapter.hpp"
#include "core/counted.hpp"
#include "support/waiting.hpp"

namespace penstock {
// How the words look in a failed comparison.
inline void PrintTo(state s, std::ostream* out) { *out << to_string(s); }
inline void PrintTo(end_state s, std::ostream* out) { *out << to_string(s); }
}  // namespace penstock

namespace conformance {

using namespace std::chrono_literals;
using adapter::answer;
using adapter::ended;
using adapter::when_full;
using penstock::testing::counted;

/// A thread, a coroutine, a handler, and calls that take turns with all three on one queue.
using all_ways_to_wait =
    testing::Types<adapter::by_thread, adapter::by_coroutine, adapter::by_handler, adapter::in_turn>;

/// Fewer of them, for the suites that restate what others check: the last is all kinds on one queue, and the only one
/// where a sanitizer makes each further one dear to compile.
#ifdef PENSTOCK_TESTS_SANITIZED
using some_ways_to_wait = testing::Types<adapter::in_turn>;
#else
using some_ways_to_wait = testing::Types<adapter::by_thread, adapter::by_coroutine, adapter::in_turn>;
#endif

/// The fixture of a typed suite on the queue.
template <class Wait>
class queue_suite : public testing::Test {
 public:
  template <class T>
  using queue_of = adapter::any_queue<T, Wait>;
  using queue = queue_of<int>;
};

/// One call, made by another thread. Erased, because each further kind of future costs the compiler much.
template <class Answer>
std::future<Answer> call_elsewhere(std::function<Answer()> call) {
  return std::async(std::launch::async, std::move(call));
}
template <class Call>
auto elsewhere(Call call) {
  return call_elsewhere<std::invoke_result_t<Call&>>(std::move(call));
}
/// What it answered.
template <class T>
T answer_of(std::future<T>& call, std::source_location where = std::source_location::current()) {
  return penstock_tests::get(call, where);
}
template <class T>
T answer_of(std::future<T>&& call, std::source_location where = std::source_location::current()) {
  return penstock_tests::get(call, where);
}

/// Until `condition`, which another thread is about to make true.
template <class Condition>
void until(Condition condition, std::source_location where = std::source_location::current()) {
  const auto patience_ends = std::chrono::steady_clock::now() + penstock_tests::patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > patience_ends) penstock_tests::hung(where);
    std::this_thread::yield();
  }
}
template <class Queue>
void until_getters_wait(const Queue& q, std::size_t n, std::source_location where = std::source_location::current()) {
  until([&] { return q.now().waiting_getters == n; }, where);
}
template <class Queue>
void until_putters_wait(const Queue& q, std::size_t n, std::source_location where = std::source_location::current()) {
  until([&] { return q.now().waiting_putters == n; }, where);
}
template <class Queue>
void until_joiners_wait(const Queue& q, std::size_t n, std::source_location where = std::source_location::current()) {
  until([&] { return q.now().waiting_joiners == n; }, where);
}

/// The law of a queue's items, at rest.
inline void expect_adds_up(const adapter::counts& c) {
  EXPECT_EQ(c.put, c.got + c.size + c.dropped);
  EXPECT_LE(c.size, c.capacity);
  EXPECT_LE(c.peak, c.capacity);
  EXPECT_LE(c.unfinished, c.put);
  EXPECT_EQ(c.waiting_getters + c.waiting_putters, 0U);
}

/// Everything that is there, without waiting.
template <class Queue>
auto all_of(Queue& q) {
  std::vector<typename Queue::value_type> items;
  while (auto item = q.try_get()) items.push_back(std::move(*item));
  return items;
}

inline std::exception_ptr broken(const char* why = "broken") {
  return std::make_exception_ptr(std::runtime_error(why));
}

/// What an exception says; empty if there is none.
inline std::string what(const std::exception_ptr& error) {
  if (!error) return {};
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  }
}

}  // namespace conformance
