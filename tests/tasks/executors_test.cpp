// Groups of tasks on real threads: pools and contexts of one and two threads, and the runtime's own.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "core/counted.hpp"
#include "penstock/penstock.hpp"

namespace {

using namespace penstock;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::awaitable;
using penstock::testing::counted;

constexpr auto patience = 60s;

/// An io_context that some threads run until it is destroyed.
class served_context {
 public:
  explicit served_context(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { io_.run(); });
  }
  ~served_context() { work_.reset(); }
  asio::io_context& io() noexcept { return io_; }

 private:
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::vector<std::jthread> threads_;
};

/// Calls `test` with an executor of each kind.
template <class Test>
void on_each_executor(Test test) {
  for (const int threads : {1, 2}) {
    SCOPED_TRACE(threads);
    {
      SCOPED_TRACE("thread_pool");
      asio::thread_pool pool(static_cast<std::size_t>(threads));
      test(asio::any_io_executor(pool.get_executor()));
    }
    {
      SCOPED_TRACE("io_context");
      served_context context(threads);
      test(asio::any_io_executor(context.io().get_executor()));
    }
    {
      SCOPED_TRACE("strand");
      served_context context(threads);
      test(asio::any_io_executor(asio::make_strand(context.io())));
    }
  }
  SCOPED_TRACE("runtime");
  runtime rt({.cpu_workers = 1});
  test(asio::any_io_executor(rt.io().get_executor()));
}

awaitable<std::unique_ptr<int>> made(int value) {
  co_await async_sleep(duration(0));
  co_return std::make_unique<int>(value);
}

TEST(task_group, is_waited_for_by_a_thread) {
  on_each_executor([](const asio::any_io_executor& executor) {
    // [thread]
    task_group<std::unique_ptr<int>> group(executor);
    group.spawn("coroutine", [] { return made(1); });
    group.spawn("called already", made(2));
    group.spawn("plain", [] { return std::make_unique<int>(3); });
    group.spawn("failing", []() -> std::unique_ptr<int> { throw std::runtime_error("no"); });
    auto results = group.wait_all(patience);
    // [/thread]
    ASSERT_EQ(results.size(), 4u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(*results[i].get(), static_cast<int>(i) + 1);
    EXPECT_THROW(results.rethrow_first(), std::runtime_error);
    EXPECT_EQ(group.wait_all().size(), 4u);
  });
}

TEST(task_group, times_out_a_thread_that_waits_when_all_have_ended) {
  on_each_executor([](const asio::any_io_executor& executor) {
    task_group<void> group(executor);
    std::atomic<bool> ended{false};
    group.spawn("endless", []() -> awaitable<void> { co_await async_sleep(24h); });
    group.spawn("polls", [&](const stop_token& token) {
      while (!token.stop_requested()) std::this_thread::yield();
      ended = true;
    });
    // One that had not begun by then would never begin.
    while (group.snapshot()[1].state == task_state::waiting) std::this_thread::yield();
    auto results = group.wait_all(5ms);
    EXPECT_TRUE(ended);
    EXPECT_EQ(results[0].state, task_state::timed_out);
    EXPECT_EQ(results[1].state, task_state::timed_out);
    EXPECT_THROW(results[0].get(), error);
    EXPECT_NO_THROW(results.rethrow_first());
  });
}

TEST(task_group, gives_a_thread_the_first_that_is_done) {
  on_each_executor([](const asio::any_io_executor& executor) {
    task_group<int> group(executor);
    group.spawn("endless", []() -> awaitable<int> {
      co_await async_sleep(24h);
      co_return 1;
    });
    group.spawn("quick", [] { return 2; });
    const auto first = group.wait_first(patience);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->name, "quick");
    EXPECT_EQ(first->get(), 2);
    EXPECT_EQ(group.wait_all()[0].state, task_state::cancelled);
    EXPECT_EQ(group.wait_first_done(), first);
  });
}

TEST(task_group, keeps_the_token_of_a_coroutine_that_takes_it_by_reference) {
  on_each_executor([](const asio::any_io_executor& executor) {
    task_group<bool> group(executor);
    group.spawn("ours", [](const stop_token& token) -> awaitable<bool> {
      co_await async_sleep(1ms);
      co_return token.stop_possible();
    });
    group.spawn("standard", [](const std::stop_token& token) -> awaitable<bool> {
      co_await async_sleep(1ms);
      co_return token.stop_possible();
    });
    for (const auto& result : group.wait_all(patience)) EXPECT_TRUE(result.value.value_or(false)) << result.name;
  });
}

TEST(task_group, completes_a_handler_of_any_token) {
  served_context context(1);
  task_group<int> group(context.io());
  group.spawn("one", [] { return 1; });
  std::promise<task_results<int>> all;
  group.async_wait_all(asio::bind_executor(context.io(), [&](task_results<int> r) { all.set_value(std::move(r)); }));
  EXPECT_EQ(all.get_future().get()[0].get(), 1);
  std::promise<first_result<int>> first;
  group.async_wait_first(
      patience, asio::bind_executor(context.io(), [&](first_result<int> r) { first.set_value(std::move(r)); }));
  EXPECT_EQ(first.get_future().get()->get(), 1);
}

TEST(task_group, cancels_with_its_handlers_slot_and_completes_when_all_have_ended) {
  served_context context(1);
  task_group<void> group(context.io());
  group.spawn("endless", []() -> awaitable<void> { co_await async_sleep(24h); });
  asio::cancellation_signal signal;
  std::promise<task_state> state;
  asio::post(context.io(), [&] {
    group.async_wait_all(asio::bind_executor(
        context.io(), asio::bind_cancellation_slot(signal.slot(),
                                                   [&](const task_results<void>& r) { state.set_value(r[0].state); })));
    asio::post(context.io(), [&] { signal.emit(asio::cancellation_type::total); });
  });
  EXPECT_EQ(state.get_future().get(), task_state::cancelled);
}

template <class Call>
bool is_refused(Call call) {
  try {
    call();
  } catch (const std::system_error& e) {
    return e.code() == std::errc::resource_deadlock_would_occur;
  }
  return false;
}

TEST(task_group, refuses_to_block_a_thread_that_its_tasks_may_need) {
  on_each_executor([](const asio::any_io_executor& executor) {
    task_group<void> group(executor);
    std::promise<bool> in_a_handler;
    asio::post(executor, [&] { in_a_handler.set_value(is_refused([&] { (void)group.wait_all(); })); });
    EXPECT_TRUE(in_a_handler.get_future().get());
    std::atomic<int> refused{0};
    group.spawn("plain", [&] { refused += is_refused([&] { (void)group.wait_all(); }); });
    group.spawn("coroutine", [&]() -> awaitable<void> {
      refused += is_refused([&] { (void)group.wait_all(); });
      co_return;
    });
    EXPECT_TRUE(group.wait_all(patience).ok());
    EXPECT_EQ(refused, 2);
  });
}

TEST(task_group, refuses_to_block_also_where_its_executor_counts_as_work) {
  served_context context(1);
  asio::any_io_executor executor =
      asio::require(context.io().get_executor(), asio::execution::outstanding_work.tracked);
  task_group<void> group(executor);
  std::promise<bool> in_a_handler;
  asio::post(executor, [&] { in_a_handler.set_value(is_refused([&] { (void)group.wait_all(patience); })); });
  EXPECT_TRUE(in_a_handler.get_future().get());
  executor = {};
}

TEST(task_group, tells_which_error_was_first) {
  on_each_executor([](const asio::any_io_executor& executor) {
    for (int round = 0; round < 20; ++round) {
      task_group<int> group(executor, {.on_failure = task_failure::cancel_rest});
      for (int i = 0; i < 4; ++i) group.spawn(std::to_string(i), [i]() -> int { throw i; });
      auto results = group.wait_all(patience);
      int failed = 0;
      for (auto& result : results) failed += result.state == task_state::failed;
      EXPECT_GE(failed, 1);
      EXPECT_THROW(results.rethrow_first(), int);
    }
  });
}

TEST(task_group, is_cancelled_while_its_tasks_begin_and_end) {
  const long alive = counted::alive;
  on_each_executor([](const asio::any_io_executor& executor) {
    for (int round = 0; round < 15; ++round) {
      std::atomic<int> inside{0}, begun{0};
      task_group<counted> group(executor);
      std::jthread canceller([&] {
        while (begun < round) std::this_thread::yield();
        group.cancel();
      });
      for (int i = 0; i < 10; ++i) {
        group.spawn("plain", [&inside, &begun, i] {
          ++inside;
          ++begun;
          counted value(i);
          --inside;
          return value;
        });
        group.spawn("coroutine", [&inside, &begun, i]() -> awaitable<counted> {
          ++inside;
          ++begun;
          counted value(i);
          try {
            co_await async_sleep(duration(i));
          } catch (...) {
            --inside;
            throw;
          }
          --inside;
          co_return value;
        });
      }
      auto results = group.wait_all();
      EXPECT_EQ(inside, 0);
      EXPECT_EQ(results.size(), 20u);
      for (auto& result : results) {
        EXPECT_TRUE(result.state == task_state::done || result.state == task_state::cancelled);
        EXPECT_EQ(result.value.has_value(), result.state == task_state::done);
      }
    }
  });
  EXPECT_EQ(counted::alive, alive);
}

TEST(task_group, meets_its_deadline_while_its_tasks_end) {
  const long alive = counted::alive;
  on_each_executor([](const asio::any_io_executor& executor) {
    for (int round = 0; round < 50; ++round) {
      task_group<counted> group(executor);
      for (int i = 0; i < 5; ++i) {
        group.spawn("coroutine", [i]() -> awaitable<counted> {
          co_await async_sleep(std::chrono::microseconds(20 * i));
          co_return counted(i);
        });
      }
      auto results = group.wait_all(std::chrono::microseconds(2 * round));
      for (auto& result : results) {
        EXPECT_TRUE(result.state == task_state::done || result.state == task_state::timed_out);
        EXPECT_EQ(result.value.has_value(), result.state == task_state::done);
      }
    }
  });
  EXPECT_EQ(counted::alive, alive);
}

TEST(task_group, may_be_spawned_into_and_waited_for_by_many_threads) {
  on_each_executor([](const asio::any_io_executor& executor) {
    task_group<int> group(executor);
    std::atomic<bool> gate{false};
    group.spawn("keeps it open", [&]() -> awaitable<int> {
      while (!gate) co_await async_sleep(1ms);
      co_return 0;
    });
    std::vector<std::jthread> waiting;
    std::atomic<std::size_t> seen{0};
    for (int i = 0; i < 2; ++i) waiting.emplace_back([&] { seen += group.wait_all().size(); });
    {
      std::vector<std::jthread> spawning;
      for (int i = 0; i < 3; ++i) {
        spawning.emplace_back([&] {
          for (int n = 0; n < 50; ++n) group.spawn("n", [n] { return n; });
        });
      }
    }
    gate = true;
    waiting.clear();
    EXPECT_EQ(seen, 2u * 151u);
  });
}

TEST(task_group, keeps_its_tasks_on_the_strand_it_was_given) {
  served_context context(2);
  const auto strand = asio::make_strand(context.io());
  int unguarded = 0;
  task_group<void> group{asio::any_io_executor(strand)};
  for (int i = 0; i < 20; ++i) {
    group.spawn("plain", [&] { ++unguarded; });
    group.spawn("coroutine", [&]() -> awaitable<void> {
      for (int n = 0; n < 10; ++n) {
        ++unguarded;
        co_await asio::post(asio::use_awaitable);
      }
    });
  }
  EXPECT_TRUE(group.wait_all(patience).ok());
  EXPECT_EQ(unguarded, 220);
}

TEST(task_group, works_in_a_stage_of_a_pipeline) {
  runtime rt({.cpu_workers = 1});
  std::atomic<int> sum{0};
  const auto r = rt.run({"with groups", producer({.name = "count"}, std::vector{1, 2, 3}),
                         async_consumer({.name = "gather"}, [&](int n) -> awaitable<void> {
                           task_group_options options;
                           auto results = co_await with_task_group<int>(std::move(options),
                                                                        [n](task_group<int>& group) -> awaitable<void> {
                                                                          for (int i = 0; i < n; ++i)
                                                                            group.spawn("i", [i] { return i; });
                                                                          co_return;
                                                                        });
                           for (auto& result : results) sum += result.get();
                         })});
  EXPECT_TRUE(r.ok()) << r;
  EXPECT_EQ(sum, 0 + 1 + 3);
}

}  // namespace
