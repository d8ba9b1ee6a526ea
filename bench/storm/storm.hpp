// Cancellation storms: many waiters, one call that ends them all, and the time until the last has returned, per waiter.
//   storm/threads/64/queue        threads that wait for an item of a queue; the queue is ended
//   storm/threads/64/token        the same; what the waits were given to look at asks them to stop
//   storm/coroutines/10000/queue  coroutines, on one thread
//   storm/coroutines/10000/token
//   storm/timers/10000            coroutines that wait on a timer for an hour
// Waiter number i answers with value(i) if it heard that it was cancelled.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/measured.hpp"

namespace bench::storm {

namespace asio = boost::asio;

/// Hears from each waiter once, from any thread.
class roll_call {
 public:
  explicit roll_call(std::uint64_t waiters) : heard_(waiters), missing_(static_cast<std::ptrdiff_t>(waiters)) {}

  void returned(std::uint64_t waiter, bool cancelled) {
    heard_[waiter] = cancelled;
    missing_.count_down();
  }

  [[nodiscard]] answer wait() const {
    missing_.wait();
    answer all;
    for (std::uint64_t i = 0; i < heard_.size(); ++i)
      if (heard_[i] != 0) all.add(value(i));
    return all;
  }

 private:
  std::vector<char> heard_;
  std::latch missing_;
};

/// Waits for an hour: true when cancelled. The body of every contender in C++; without an exception, since that would
/// be most of what is measured.
inline asio::awaitable<bool> wait_an_hour() {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, std::chrono::hours(1));
  boost::system::error_code why;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, why));
  co_return why == asio::error::operation_aborted;
}

/// Threads at a `Line`: bool wait(waiter), true when cancelled; wait_for_waiters(n), until all of them wait; cancel().
template <class Line>
class threads {
 public:
  explicit threads(std::uint64_t n) : all_(n) {
    for (std::uint64_t i = 0; i < n; ++i) threads_.emplace_back([this, i] { all_.returned(i, line_.wait(i)); });
    line_.wait_for_waiters(n);
  }
  void cancel() { line_.cancel(); }
  answer wait() { return all_.wait(); }

 private:
  Line line_;
  roll_call all_;
  std::vector<std::jthread> threads_;
};

/// Coroutines at a `Line`, which is made with the context that one thread runs: awaitable<bool> wait(waiter),
/// token(waiter) for its co_spawn, and cancel().
template <class Line>
class coroutines {
 public:
  explicit coroutines(std::uint64_t n) : line_(io_, n), all_(n) {
    std::latch all_wait(1);
    asio::post(io_, [&] {
      for (std::uint64_t i = 0; i < n; ++i) asio::co_spawn(io_, one(i), line_.token(i));
      asio::post(io_, [&] { all_wait.count_down(); });
    });
    all_wait.wait();
  }
  void cancel() { line_.cancel(); }
  answer wait() { return all_.wait(); }

  coroutines(const coroutines&) = delete;
  coroutines& operator=(const coroutines&) = delete;
  ~coroutines() { keep_.reset(); }

 private:
  asio::awaitable<void> one(std::uint64_t i) {
    const bool cancelled = co_await line_.wait(i);
    all_.returned(i, cancelled);
  }

  asio::io_context io_{1};
  Line line_;
  roll_call all_;
  asio::executor_work_guard<asio::io_context::executor_type> keep_{io_.get_executor()};
  std::jthread loop_{[this] { io_.run(); }};
};

/// Registers a case: `storms` times `Storm(n)`, by whose end all wait, is cancelled and waited for.
template <class Storm>
void add_storm(const std::string& name, std::uint64_t waiters, int storms) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [=](benchmark::State& state) {
                                 for ([[maybe_unused]] auto _ : state) {
                                   double wall = 0;
                                   double cpu = 0;
                                   for (int i = 0; i < storms; ++i) {
                                     const auto storm = std::make_unique<Storm>(waiters);
                                     const auto cpu_before = processor_seconds();
                                     const auto before = wall_seconds();
                                     storm->cancel();
                                     const auto seen = storm->wait();
                                     wall += wall_seconds() - before;
                                     cpu += processor_seconds() - cpu_before;
                                     check(state, seen, waiters);
                                   }
                                   report(state, waiters * static_cast<std::uint64_t>(storms), wall, cpu);
                                   state.SetIterationTime(wall);
                                 }
                               })
      ->UseManualTime()
      ->Iterations(1);
}

template <class Line>
void add_threads(const char* ended_by) {
  add_storm<threads<Line>>(std::string("storm/threads/64/") + ended_by, 64, 50);
}
template <class Line>
void add_coroutines(const char* ended_by) {
  add_storm<coroutines<Line>>(std::string("storm/coroutines/10000/") + ended_by, 10'000, 5);
}
template <class Storm>
void add_timers() {
  add_storm<Storm>("storm/timers/10000", 10'000, 5);
}

}  // namespace bench::storm
