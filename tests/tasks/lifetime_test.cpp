// Who outlives whom: groups, tasks, waits, threads and contexts, and everything made is destroyed.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "core/counted.hpp"
#include "penstock/penstock.hpp"
#include "penstock/testing/manual_runtime.hpp"

namespace {

using namespace penstock;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::awaitable;
using penstock::testing::counted;
using names = std::vector<std::string>;

/// Alive as long as the coroutine's frame.
awaitable<counted> sleeper(duration d) {
  counted value(1);
  co_await async_sleep(d);
  co_return value;
}

struct abandoned {
  names left;
  task_group_options options() {
    return {.on_abandoned = [this](const names& n) { left = n; }};
  }
};

TEST(task_group_destructor, cancels_and_waits_for_tasks_that_others_run) {
  const long alive = counted::alive;
  for (const std::size_t threads : {1U, 2U}) {
    asio::thread_pool pool(threads);
    for (int round = 0; round < 50; ++round) {
      abandoned none;
      std::atomic<int> inside{0};
      {
        task_group<counted> group(pool, none.options());
        group.spawn("coroutine", [held = counted(2)] { return sleeper(24h); });
        group.spawn("plain", [&inside, held = counted(3)](stop_token token) {
          ++inside;
          while (!token.stop_requested()) std::this_thread::yield();
          --inside;
          return counted(4);
        });
        if (round % 2) {
          while (group.snapshot()[0].state == task_state::waiting) std::this_thread::yield();
        }
      }
      EXPECT_EQ(inside, 0);
      EXPECT_EQ(counted::alive, alive);
      EXPECT_EQ(none.left, names{});
    }
  }
}

TEST(task_group_destructor, meets_tasks_that_begin_and_end) {
  const long alive = counted::alive;
  for (const std::size_t threads : {1U, 2U}) {
    asio::thread_pool pool(threads);
    for (int round = 0; round < 200; ++round) {
      std::atomic<int> inside{0}, begun{0};
      {
        task_group<counted> group(pool);
        for (int i = 0; i < 4; ++i) {
          group.spawn("coroutine", [&inside, &begun, i]() -> awaitable<counted> {
            struct visit {
              std::atomic<int>& count;
              explicit visit(std::atomic<int>& c) : count(c) { ++count; }
              ~visit() { --count; }
            } const here(inside);
            ++begun;
            co_await async_sleep(std::chrono::microseconds(i));
            co_return counted(i);
          });
        }
        while (begun < round % 5) std::this_thread::yield();
      }
      EXPECT_EQ(inside, 0);
      EXPECT_EQ(counted::alive, alive);
    }
  }
}

TEST(task_group_destructor, does_not_wait_on_the_thread_that_its_tasks_need_and_says_who_is_left) {
  const long alive = counted::alive;
  abandoned two;
  {
    asio::io_context io;
    bool over = false;
    asio::post(io, [&] {
      auto group = std::make_unique<task_group<counted>>(io, two.options());
      group->spawn("begun", [] { return sleeper(24h); });
      asio::post(io, [&, group = std::move(group)]() mutable {
        group->spawn("never begun", [] { return sleeper(24h); });
        group.reset();
        over = true;
      });
    });
    io.run();
    EXPECT_TRUE(over);
    EXPECT_EQ(counted::alive, alive) << "what was left has ended all the same";
  }
  EXPECT_EQ(two.left, names{"begun"});
}

TEST(task_group_destructor, in_a_body_of_its_own_does_not_wait) {
  abandoned one;
  asio::thread_pool pool(1);
  auto group = std::make_shared<task_group<void>>(pool, one.options());
  std::binary_semaphore begin(0);
  group->spawn("owner", [&]() {
    begin.acquire();
    group.reset();
  });
  auto* const last = group.get();
  EXPECT_EQ(last->size(), 1u);
  begin.release();
  pool.join();
  EXPECT_EQ(one.left, names{"owner"});
}

TEST(task_group_destructor, does_not_hang_where_the_context_was_stopped) {
  const long alive = counted::alive;
  abandoned one;
  {
    asio::io_context io;
    task_group<counted> group(io, one.options());
    group.spawn("begun", [] { return sleeper(24h); });
    io.poll();
    group.spawn("never begun", [] { return sleeper(24h); });
    io.stop();
  }
  EXPECT_EQ(one.left, names{"begun"});
  EXPECT_EQ(counted::alive, alive);
}

TEST(task_group_destructor, does_not_hang_where_nobody_runs_the_context) {
  const long alive = counted::alive;
  abandoned one;
  {
    asio::io_context io;
    task_group<counted> group(io, one.options());
    group.spawn("begun", [] { return sleeper(24h); });
    io.poll();
  }
  EXPECT_EQ(one.left, names{"begun"});
  EXPECT_EQ(counted::alive, alive);
}

TEST(task_group_destructor, needs_nobody_to_end_tasks_that_have_not_begun) {
  const long alive = counted::alive;
  asio::io_context io;
  abandoned none;
  {
    task_group<counted> group(io, none.options());
    group.spawn("coroutine", [held = counted(1)] { return sleeper(24h); });
    group.spawn("plain", [held = counted(1)] { return counted(2); });
    group.spawn("called already", sleeper(24h));
  }
  EXPECT_EQ(counted::alive, alive);
  EXPECT_EQ(none.left, names{});
  io.run();
}

TEST(task_group_destructor, under_a_manual_runtime_leaves_the_tasks_to_it) {
  const long alive = counted::alive;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    manual_runtime rt(seed);
    abandoned one;
    {
      task_group<counted> group(rt.io(), one.options());
      group.spawn("begun", [] { return sleeper(24h); });
      rt.run_until_idle();
      EXPECT_THROW((void)group.wait_all(), std::system_error);
    }
    EXPECT_EQ(one.left, names{"begun"});
    rt.run_until_idle();
    EXPECT_EQ(counted::alive, alive);
  }
}

TEST(task_group, whose_context_goes_first_ends_its_tasks_and_takes_no_more) {
  const long alive = counted::alive;
  for (const bool begun : {true, false}) {
    SCOPED_TRACE(begun);
    auto io = std::make_unique<asio::io_context>();
    task_group<counted> group{asio::any_io_executor(asio::make_strand(*io))};
    group.spawn("coroutine", [held = counted(1)] { return sleeper(24h); });
    group.spawn("plain", [held = counted(1)] { return counted(2); });
    if (begun) io->poll();
    io.reset();
    EXPECT_EQ(group.pending(), 0u);
    group.spawn("after", [] { return counted(3); });
    auto results = group.wait_all();
    EXPECT_EQ(results[0].state, task_state::cancelled);
    EXPECT_EQ(results[1].state, begun ? task_state::done : task_state::cancelled);
    EXPECT_EQ(results[2].state, task_state::cancelled);
    EXPECT_FALSE(results[0].value);
  }
  EXPECT_EQ(counted::alive, alive);
}

TEST(task_group, whose_context_goes_while_a_thread_waits_tells_it) {
  auto pool = std::make_unique<asio::thread_pool>(1);
  task_group<counted> group(*pool);
  group.spawn("coroutine", [] { return sleeper(24h); });
  while (group.snapshot()[0].state == task_state::waiting) std::this_thread::yield();
  std::binary_semaphore waits(0);
  task_results<counted> results;
  std::jthread waiter([&] {
    waits.release();
    results = group.wait_all();
  });
  waits.acquire();
  pool->stop();
  pool->join();
  pool.reset();
  waiter.join();
  EXPECT_EQ(results[0].state, task_state::cancelled);
}

TEST(task_group, that_lives_in_a_coroutine_goes_with_its_context) {
  const long alive = counted::alive;
  for (const int steps : {1, 2, 3, 100}) {
    SCOPED_TRACE(steps);
    std::optional<names> left;
    asio::io_context io;
    asio::co_spawn(
        io,
        [&]() -> awaitable<void> {
          task_group_options options;
          options.on_abandoned = [&](const names& n) { left = n; };
          auto results =
              co_await with_task_group<counted>(std::move(options), [](task_group<counted>& group) -> awaitable<void> {
                for (int i = 0; i < 3; ++i) group.spawn("sleeper", [held = counted(i)] { return sleeper(24h); });
                co_return;
              });
          ADD_FAILURE() << "the wait ended";
        },
        asio::detached);
    for (int i = 0; i < steps; ++i) io.poll_one();
    EXPECT_FALSE(left);
  }
  EXPECT_EQ(counted::alive, alive);
}

TEST(task_group, is_waited_for_in_another_context_that_goes_first) {
  asio::io_context tasks;
  task_group<int> group(tasks);
  group.spawn("one", [] { return 1; });
  {
    asio::io_context waiting;
    group.async_wait_all(1h, asio::bind_executor(waiting, [](const task_results<int>&) { ADD_FAILURE(); }));
    waiting.poll();
  }
  tasks.run();
  EXPECT_EQ(group.wait_all()[0].get(), 1);
}

TEST(task_group, gives_results_that_outlive_it) {
  const long alive = counted::alive;
  {
    first_result<counted> first;
    task_results<counted> results;
    asio::thread_pool pool(1);
    {
      task_group<counted> group(pool);
      group.spawn("one", [] { return counted(1); });
      results = group.wait_all();
      first = group.wait_first();
    }
    EXPECT_EQ(results[0].get().value, 1);
    const counted moved = std::move(results[0]).get();
    EXPECT_EQ(moved.value, 1);
    EXPECT_EQ(first->get().value, counted::taken);
  }
  EXPECT_EQ(counted::alive, alive);
}

TEST(task_group, is_refused_without_an_executor) {
  EXPECT_THROW(task_group<int>{asio::any_io_executor()}, declaration_error);
}

}  // namespace
