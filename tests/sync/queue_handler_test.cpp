// The queue, with completion tokens.
#include <gtest/gtest.h>

#include <array>
#include <boost/asio.hpp>
#include <memory>
#include <optional>
#include <thread>

#include "core/counted.hpp"
#include "penstock/sync/queue.hpp"
#include "sync/eventually.hpp"

namespace penstock {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace testing;

TEST(queue_handler, hears_the_item_by_post_also_when_it_was_there) {
  asio::io_context io;
  queue<std::unique_ptr<int>> q(1);
  ASSERT_TRUE(q.try_put(std::make_unique<int>(5)));
  int value = 0;
  q.async_get(asio::bind_executor(io, [&](got<std::unique_ptr<int>> item) { value = **item; }));
  EXPECT_EQ(value, 0);
  io.run();
  EXPECT_EQ(value, 5);
}

TEST(queue_handler, gets_a_refused_item_back) {
  asio::io_context io;
  queue<std::unique_ptr<int>> q(1);
  ASSERT_TRUE(q.try_put(std::make_unique<int>(0)));
  int calls = 0;
  const auto handler = [&](state expected) {
    return asio::bind_executor(io, [&calls, expected](put_outcome<std::unique_ptr<int>> outcome) {
      ++calls;
      EXPECT_EQ(outcome.state, expected);
      ASSERT_EQ(outcome.item.has_value(), expected != state::ok);
      if (outcome.item) {
        EXPECT_EQ(**outcome.item, 1);
      }
    });
  };
  q.async_put(std::make_unique<int>(1), within(0s), handler(state::timed_out));
  q.async_put(std::make_unique<int>(1), within(1ms), handler(state::timed_out));
  io.run();
  q.async_put(std::make_unique<int>(1), handler(state::ok));
  q.async_put(std::make_unique<int>(1), handler(state::closed));
  (void)q.try_get();
  q.close();
  q.async_put(std::make_unique<int>(1), handler(state::closed));
  io.restart();
  io.run();
  EXPECT_EQ(calls, 5);
}

TEST(queue_handler, may_be_a_future) {
  queue<int> q(1);
  std::future<got<int>> item = q.async_get(asio::use_future);
  std::future<put_outcome<int>> outcome = q.async_put(4, asio::use_future);
  EXPECT_EQ(outcome.get().state, state::ok);
  EXPECT_EQ(*item.get(), 4);
  std::future<put_result> joined = q.async_join(asio::use_future);
  q.task_done();
  EXPECT_EQ(joined.get().state, state::ok);
}

TEST(queue_handler, may_be_deferred) {
  asio::io_context io;
  queue<int> q(1);
  auto later = q.async_get(asio::deferred);
  ASSERT_TRUE(q.try_put(3));
  EXPECT_EQ(q.snapshot().size, 1u);
  int value = 0;
  std::move(later)(asio::bind_executor(io, [&](got<int> item) { value = *item; }));
  io.run();
  EXPECT_EQ(value, 3);
}

TEST(queue_handler, runs_on_its_strand) {
  asio::thread_pool pool(2);
  auto strand = asio::make_strand(pool);
  queue<int> q(4);
  std::atomic<int> on_strand{0};
  for (int i = 0; i < 100; ++i)
    q.async_get(asio::bind_executor(strand, [&](const got<int>&) { on_strand += strand.running_in_this_thread(); }));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(q.put(int{i}));
  pool.join();
  EXPECT_EQ(on_strand, 100);
}

TEST(queue_handler, ends_on_a_signal) {
  asio::io_context io;
  queue<int> q(1);
  asio::cancellation_signal signal;
  state seen = state::ok;
  q.async_get(asio::bind_cancellation_slot(
      signal.slot(), asio::bind_executor(io, [&](const got<int>& item) { seen = item.state(); })));
  signal.emit(asio::cancellation_type::partial);
  EXPECT_EQ(q.snapshot().waiting_getters, 0u);
  io.run();
  EXPECT_EQ(seen, state::cancelled);
  EXPECT_FALSE(signal.slot().has_handler());
}

TEST(queue_handler, is_not_reached_by_a_signal_after_the_hand_off) {
  asio::io_context io;
  queue<int> q(1);
  asio::cancellation_signal signal;
  state seen = state::empty;
  q.async_get(asio::bind_cancellation_slot(
      signal.slot(), asio::bind_executor(io, [&](const got<int>& item) { seen = item.state(); })));
  ASSERT_TRUE(q.try_put(1));
  signal.emit(asio::cancellation_type::terminal);
  q.cancel();
  io.run();
  EXPECT_EQ(seen, state::ok);
}

TEST(queue_handler, may_be_large_and_move_only) {
  asio::io_context io;
  queue<int> q(1);
  std::array<char, 500> ballast{};
  ballast[499] = 7;
  int seen = 0;
  q.async_get(asio::bind_executor(io, [&seen, ballast, mine = std::make_unique<int>(1)](const got<int>& item) {
    seen = *item + ballast[499] + *mine;
  }));
  ASSERT_TRUE(q.try_put(10));
  io.run();
  EXPECT_EQ(seen, 18);
}

// A strand made after the first wait would go down before the waits.
TEST(queue_handler, is_not_destroyed_under_a_lock_when_its_context_goes_down_with_its_strand) {
  auto io = std::make_unique<asio::io_context>();
  queue<int> q(1);
  q.async_get(asio::bind_executor(*io, [](const got<int>&) {}));
  auto strand = std::make_optional(asio::make_strand(*io));
  auto inner = std::make_shared<queue<int>>(1);
  inner->async_get(asio::bind_executor(*io, [](const got<int>&) {}));
  const auto close = [](queue<int>* closed) { closed->close(); };
  // The outer one ends when what the strand still had to run is destroyed, and then ends another wait of its context.
  q.async_get(asio::bind_executor(*strand,
                                  [inner, held = std::shared_ptr<queue<int>>(inner.get(), close)](const got<int>&) {}));
  inner.reset();
  asio::post(*strand, [held = std::shared_ptr<queue<int>>(&q, close)] {});
  strand.reset();
  io.reset();
  EXPECT_EQ(q.snapshot().waiting_getters, 0u);
}

TEST(queue_handler, carries_over_aligned_and_counted_items) {
  const long before = counted::alive;
  {
    asio::io_context io;
    queue<wide> w(1);
    queue<counted> c(1);
    for (int i = 0; i < 3; ++i) {
      w.async_put(wide(i), asio::bind_executor(io, [](put_outcome<wide> outcome) {
                    if (outcome.item) {
                      EXPECT_TRUE(outcome.item->aligned());
                    }
                  }));
      c.async_put(counted(i), asio::bind_executor(io, [](const put_outcome<counted>&) {}));
      w.async_get(asio::bind_executor(io, [](const got<wide>& item) { EXPECT_TRUE(item->aligned()); }));
    }
    c.cancel();
    io.run();
  }
  EXPECT_EQ(counted::alive, before);
}

TEST(queue_handler, is_destroyed_uncalled_with_its_context) {
  queue<int> q(1);
  auto watched = std::make_shared<int>(1);
  {
    asio::io_context io;
    q.async_get(asio::bind_executor(io, [watched](const got<int>&) { FAIL(); }));
    q.async_get(within(1h), asio::bind_executor(io, [watched](const got<int>&) { FAIL(); }));
  }
  EXPECT_EQ(watched.use_count(), 1);
  EXPECT_EQ(q.snapshot().waiting_getters, 0u);
  EXPECT_TRUE(q.close());
}

TEST(queue_handler, may_destroy_the_queue) {
  asio::io_context io;
  auto q = std::make_unique<queue<int>>(1);
  q->async_get(asio::bind_executor(io, [&](const got<int>&) { q.reset(); }));
  q->async_get(asio::bind_executor(io, [&](const got<int>& item) { EXPECT_EQ(item.state(), state::cancelled); }));
  ASSERT_TRUE(q->try_put(1));
  EXPECT_EQ(io.run(), 2u);
}

}  // namespace
}  // namespace penstock
