// The queue, from coroutines.
#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/counted.hpp"
#include "penstock/sync/queue.hpp"
#include "sync/eventually.hpp"

namespace penstock {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace testing;
using asio::awaitable;

/// A coroutine that fails fails the test.
void fail_on_error(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

template <class Coroutine>
void spawn(asio::io_context& io, Coroutine coroutine) {
  asio::co_spawn(io, std::move(coroutine), fail_on_error);
}

TEST(queue_coroutine, gets_what_another_puts) {
  asio::io_context io;
  // [coroutines]
  queue<std::unique_ptr<int>> q(2);
  int sum = 0;
  spawn(io, [&]() -> awaitable<void> {
    for (int i = 0; i < 1000; ++i) co_await q.async_put(std::make_unique<int>(i));
    co_await q.async_join();
    EXPECT_EQ(sum, 499'500);
    q.close();
  });
  spawn(io, [&]() -> awaitable<void> {
    while (auto item = co_await q.async_get()) {
      const done_guard done{q};
      sum += **item;
    }
  });
  // [/coroutines]
  io.run();
  EXPECT_EQ(sum, 499'500);
}

TEST(queue_coroutine, does_nothing_before_it_is_awaited) {
  asio::io_context io;
  queue<int> q(1);
  int item = 1;
  {
    const auto never_awaited = q.async_put(std::move(item));
  }
  EXPECT_EQ(q.snapshot().put, 0u);
}

TEST(queue_coroutine, is_not_suspended_when_it_can_go_on) {
  asio::io_context io;
  queue<int> q(1);
  bool over = false;
  spawn(io, [&]() -> awaitable<void> {
    for (int i = 0; i < 10; ++i) {
      co_await q.async_put(int{i});
      const auto item = co_await q.async_get();
      EXPECT_EQ(*item, i);
    }
    over = true;
  });
  EXPECT_EQ(io.run_one(), 1u);
  EXPECT_TRUE(over);
}

TEST(queue_coroutine, lets_the_others_run_once_in_128_times) {
  asio::io_context io;
  queue<int> q(1);
  bool over = false;
  int turns_of_the_other = 0;
  spawn(io, [&]() -> awaitable<void> {
    for (int i = 0; i < 640; ++i) {
      co_await q.async_put(int{i});
      const auto item = co_await q.async_get();
      EXPECT_EQ(*item, i);
    }
    over = true;
  });
  spawn(io, [&]() -> awaitable<void> {
    while (!over) {
      co_await asio::post(asio::use_awaitable);
      ++turns_of_the_other;
    }
  });
  io.run();
  EXPECT_GE(turns_of_the_other, 9);
  EXPECT_LE(turns_of_the_other, 12);
}

TEST(queue_coroutine, keeps_its_item_when_it_is_refused) {
  asio::io_context io;
  queue<std::unique_ptr<int>> q(1);
  spawn(io, [&]() -> awaitable<void> {
    auto item = std::make_unique<int>(1);
    co_await q.async_put(std::make_unique<int>(0));
    const auto refused = [&](wait_limits limits) -> awaitable<errc> {
      try {
        co_await q.async_put(std::move(item), std::move(limits));
      } catch (const error& e) {
        co_return static_cast<errc>(e.code().value());
      }
      throw std::logic_error("not refused");
    };
    std::stop_source stopped;
    stopped.request_stop();
    wait_limits limits{.stop = stopped.get_token()};
    const errc by_stop = co_await refused(limits);
    EXPECT_EQ(by_stop, errc::cancelled);
    limits = within(1ms);
    const errc by_time = co_await refused(limits);
    EXPECT_EQ(by_time, errc::timed_out);
    q.close();
    limits = {};
    const errc by_close = co_await refused(limits);
    EXPECT_EQ(by_close, errc::closed);
    EXPECT_TRUE(item);
  });
  io.run();
}

TEST(queue_coroutine, keeps_its_item_when_the_queue_is_closed_while_it_waits) {
  asio::io_context io;
  queue<std::unique_ptr<int>> q(1);
  bool kept = false;
  spawn(io, [&]() -> awaitable<void> {
    auto item = std::make_unique<int>(1);
    co_await q.async_put(std::make_unique<int>(0));
    try {
      co_await q.async_put(std::move(item));
    } catch (const error& e) {
      kept = e.code() == errc::closed && item;
    }
  });
  io.poll();
  EXPECT_EQ(q.snapshot().waiting_putters, 1u);
  q.close();
  io.run();
  EXPECT_TRUE(kept);
}

TEST(queue_coroutine, sees_a_stop_a_deadline_and_a_cancel_as_values_of_a_get) {
  asio::io_context io;
  queue<int> q(1);
  std::stop_source source;
  std::vector<state> seen;
  spawn(io, [&]() -> awaitable<void> {
    const auto late = co_await q.async_get(within(2ms));
    seen.push_back(late.state());
    const auto past = co_await q.async_get(within(-1s));
    seen.push_back(past.state());
    source.request_stop();
    const auto stopped = co_await q.async_get(stopped_by(source.get_token()));
    seen.push_back(stopped.state());
    q.cancel();
    const auto cancelled = co_await q.async_get();
    seen.push_back(cancelled.state());
  });
  io.run();
  EXPECT_EQ(seen, (std::vector<state>{state::timed_out, state::timed_out, state::cancelled, state::cancelled}));
}

TEST(queue_coroutine, ends_its_wait_on_a_stop_from_another_thread) {
  asio::io_context io;
  queue<int> q(1);
  std::stop_source source;
  state seen = state::ok;
  spawn(io, [&]() -> awaitable<void> {
    const auto item = co_await q.async_get(stopped_by(source.get_token(), after(clock::now(), 1h)));
    seen = item.state();
  });
  std::thread stopper([&] {
    until_getters_wait(q, 1);
    source.request_stop();
  });
  io.run();
  stopper.join();
  EXPECT_EQ(seen, state::cancelled);
}

TEST(queue_coroutine, ends_its_wait_on_every_type_of_cancellation) {
  for (const auto type :
       {asio::cancellation_type::total, asio::cancellation_type::partial, asio::cancellation_type::terminal}) {
    asio::io_context io;
    queue<int> q(1);
    asio::cancellation_signal signal;
    state seen = state::ok;
    asio::co_spawn(
        io,
        [&]() -> awaitable<void> {
          co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
          co_await asio::this_coro::throw_if_cancelled(false);
          const auto item = co_await q.async_get();
          seen = item.state();
          // The state sticks, as Asio has it: what comes next is cancelled too, until it is reset.
          co_await q.async_put(1);
        },
        asio::bind_cancellation_slot(signal.slot(), [](const std::exception_ptr& error) {
          EXPECT_THROW(std::rethrow_exception(error), penstock::error);
        }));
    io.poll();
    EXPECT_EQ(q.snapshot().waiting_getters, 1u);
    signal.emit(type);
    io.restart();
    io.run();
    EXPECT_EQ(seen, state::cancelled);
    EXPECT_EQ(q.snapshot().put, 0u);
    EXPECT_EQ(q.snapshot().waiting_getters, 0u);
  }
}

TEST(queue_coroutine, goes_on_after_its_cancellation_state_was_reset) {
  asio::io_context io;
  queue<int> q(1);
  asio::cancellation_signal signal;
  bool got_it = false;
  asio::co_spawn(
      io,
      [&]() -> awaitable<void> {
        co_await asio::this_coro::throw_if_cancelled(false);
        const auto none = co_await q.async_get();
        EXPECT_EQ(none.state(), state::cancelled);
        co_await asio::this_coro::reset_cancellation_state();
        const auto item = co_await q.async_get();
        got_it = item.state() == state::ok;
      },
      asio::bind_cancellation_slot(signal.slot(), fail_on_error));
  io.poll();
  signal.emit(asio::cancellation_type::terminal);
  io.restart();
  io.poll();
  EXPECT_EQ(q.snapshot().waiting_getters, 1u);
  ASSERT_TRUE(q.try_put(1));
  io.run();
  EXPECT_TRUE(got_it);
}

TEST(queue_coroutine, loses_nothing_to_the_loser_of_a_race) {
  using namespace asio::experimental::awaitable_operators;
  asio::io_context io;
  queue<int> a(1), b(1);
  spawn(io, [&]() -> awaitable<void> {
    for (int i = 0; i < 200; ++i) {
      (void)a.try_put(int{i});
      if (i % 2) (void)b.try_put(int{i});
      auto winner = co_await (a.async_get() || b.async_get());
      (void)winner;
      (void)a.try_get();
      (void)b.try_get();
    }
  });
  io.run();
  for (auto* q : {&a, &b}) {
    const queue_snapshot s = q->snapshot();
    EXPECT_EQ(s.put, s.got + s.size + s.dropped);
    EXPECT_EQ(s.waiting_getters, 0u);
  }
}

TEST(queue_coroutine, resumes_on_its_own_executor_and_never_inside_the_call_that_woke_it) {
  asio::io_context io;
  queue<int> q(1);
  bool resumed = false;
  spawn(io, [&]() -> awaitable<void> {
    const auto item = co_await q.async_get();
    resumed = item.state() == state::ok;
    EXPECT_TRUE(io.get_executor().running_in_this_thread());
  });
  io.poll();
  ASSERT_TRUE(q.try_put(1));
  EXPECT_FALSE(resumed);
  io.restart();
  io.run();
  EXPECT_TRUE(resumed);
}

TEST(queue_coroutine, keeps_its_context_busy_while_it_waits) {
  asio::io_context io;
  queue<int> q(1);
  spawn(io, [&]() -> awaitable<void> { (void)co_await q.async_get(); });
  io.poll();
  EXPECT_FALSE(io.stopped());
  std::thread putter([&] {
    until_getters_wait(q, 1);
    (void)q.put(1);
  });
  io.run();
  putter.join();
  EXPECT_TRUE(io.stopped());
  EXPECT_EQ(q.snapshot().got, 1u);
}

TEST(queue_coroutine, is_served_in_one_line_with_threads) {
  asio::io_context io;
  queue<int> q(1);
  int first = -1;
  spawn(io, [&]() -> awaitable<void> {
    const auto item = co_await q.async_get();
    first = *item;
  });
  io.poll();
  std::thread thread([&] { EXPECT_EQ(*q.get(), 2); });
  until_getters_wait(q, 2);
  ASSERT_TRUE(q.try_put(1));
  ASSERT_TRUE(q.try_put(2));
  thread.join();
  io.restart();
  io.run();
  EXPECT_EQ(first, 1);
}

// ---- lifetimes ----

TEST(queue_coroutine, completes_with_cancelled_when_the_queue_is_destroyed) {
  asio::io_context io;
  auto q = std::make_unique<queue<int>>(1);
  ASSERT_TRUE(q->put(1));
  const got<int> taken = q->try_get();
  int cancelled = 0;
  spawn(io, [&]() -> awaitable<void> {
    const auto item = co_await q->async_get();
    cancelled += item.state() == state::cancelled;
  });
  spawn(io, [&]() -> awaitable<void> {
    try {
      co_await q->async_join();
    } catch (const error& e) {
      cancelled += e.code() == errc::cancelled;
    }
  });
  io.poll();
  q.reset();
  io.restart();
  io.run();
  EXPECT_EQ(cancelled, 2);
}

TEST(queue_coroutine, leaves_the_queue_when_its_context_is_destroyed_first) {
  const long before = counted::alive;
  {
    queue<counted> empty(1), full(1);
    ASSERT_TRUE(full.try_put(counted(0)));
    {
      asio::io_context io;
      std::stop_source source;
      for (int i = 0; i < 3; ++i) {
        spawn(io, [&]() -> awaitable<void> { (void)co_await empty.async_get(); });
        spawn(io, [&]() -> awaitable<void> {
          const wait_limits limits{.stop = source.get_token(), .until = after(clock::now(), 1h)};
          (void)co_await empty.async_get(limits);
        });
        spawn(io, [&]() -> awaitable<void> { co_await full.async_put(counted(1)); });
        spawn(io, [&]() -> awaitable<void> { co_await full.async_join(); });
      }
      io.poll();
      EXPECT_EQ(empty.snapshot().waiting_getters, 6u);
      EXPECT_EQ(full.snapshot().waiting_putters, 3u);
    }
    EXPECT_EQ(empty.snapshot().waiting_getters, 0u);
    EXPECT_EQ(full.snapshot().waiting_putters, 0u);
    EXPECT_EQ(full.snapshot().waiting_joiners, 0u);
    EXPECT_TRUE(empty.try_put(counted(1)));
    EXPECT_TRUE(empty.close());
    EXPECT_TRUE(full.cancel());
  }
  EXPECT_EQ(counted::alive, before);
}

TEST(queue_coroutine, counts_an_item_whose_getter_was_destroyed_after_the_hand_off) {
  queue<int> q(1);
  {
    asio::io_context io;
    spawn(io, [&]() -> awaitable<void> { (void)co_await q.async_get(); });
    io.poll();
    ASSERT_TRUE(q.try_put(1));
  }
  const queue_snapshot s = q.snapshot();
  EXPECT_EQ(s.dropped, 1u);
  EXPECT_EQ(s.unfinished, 0u);
  EXPECT_EQ(s.put, s.got + s.size + s.dropped);
  EXPECT_TRUE(q.join());
}

TEST(queue_coroutine, survives_the_destruction_of_its_context_during_a_hand_off) {
  for (int round = 0; round < 200; ++round) {
    queue<int> q(1);
    auto io = std::make_unique<asio::io_context>();
    for (int i = 0; i < 4; ++i) spawn(*io, [&]() -> awaitable<void> { (void)co_await q.async_get(); });
    io->poll();
    std::thread putter([&] {
      for (int i = 0; i < 4; ++i) (void)q.try_put(int{i});
    });
    io.reset();
    putter.join();
    const queue_snapshot s = q.snapshot();
    EXPECT_EQ(s.put, s.got + s.size + s.dropped);
    EXPECT_EQ(s.unfinished, s.size);
    EXPECT_EQ(s.waiting_getters, 0u);
  }
}

}  // namespace
}  // namespace penstock
