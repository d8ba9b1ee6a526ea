// Groups of tasks in virtual time, under many schedules.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
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

constexpr std::uint64_t seeds = 200;

/// A coroutine of the test's own; an exception of it fails the test.
template <class Coroutine>
void go(manual_runtime& rt, Coroutine coroutine) {
  asio::co_spawn(rt.io(), std::move(coroutine), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
}

awaitable<int> after_a_while(duration d, int value) {
  co_await async_sleep(d);
  co_return value;
}

awaitable<int> failing(duration d) {
  co_await async_sleep(d);
  throw std::runtime_error("no such page");
}

/// Ends late and with a value, whatever it is told.
awaitable<int> stubborn(duration d, int value) {
  try {
    co_await async_sleep(24h);
  } catch (const boost::system::system_error&) {
  }
  co_await asio::this_coro::reset_cancellation_state();
  co_await async_sleep(d);
  co_return value;
}

TEST(task_group, gives_each_task_a_result_in_the_order_of_spawning) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    auto& io = rt.io();
    bool over = false;
    go(rt, [&]() -> awaitable<void> {
      // [all]
      task_group<int> pages(io);
      pages.spawn("front", [] { return after_a_while(3s, 1); });
      pages.spawn("cover", [] { return 2; });
      pages.spawn("broken", [] { return failing(1s); });
      pages.spawn("endless", [] { return after_a_while(24h, 4); });
      auto results = co_await pages.async_wait_all(10s);

      EXPECT_EQ(results[0].name, "front");
      EXPECT_EQ(results[0].state, task_state::done);
      EXPECT_EQ(results[0].get(), 1);
      EXPECT_EQ(results[0].took, 3s);
      EXPECT_EQ(results[1].get(), 2);
      EXPECT_EQ(results[2].state, task_state::failed);
      EXPECT_THROW(results[2].get(), std::runtime_error);
      EXPECT_EQ(results[3].state, task_state::timed_out);
      EXPECT_EQ(results[3].took, 10s);
      // [/all]
      EXPECT_EQ(results.size(), 4u);
      EXPECT_EQ(results[1].took, 0s);
      EXPECT_EQ(results[2].took, 1s);
      EXPECT_THROW(results.rethrow_first(), std::runtime_error);
      EXPECT_EQ(results.find("endless"), &results[3]);
      EXPECT_EQ(results.find("nobody"), nullptr);
      EXPECT_FALSE(results.ok());
      over = true;
    });
    rt.advance(10s);
    EXPECT_TRUE(over);
  }
}

TEST(task_group, waits_on_after_the_timeout_until_all_have_ended_and_loses_no_value) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    bool over = false;
    go(rt, [&]() -> awaitable<void> {
      task_group<int> group(rt.io());
      group.spawn("stubborn", [] { return stubborn(5s, 7); });
      const auto began = clock::now();
      auto results = co_await group.async_wait_all(2s);
      EXPECT_EQ(clock::now() - began, 7s);
      EXPECT_EQ(results[0].state, task_state::done);
      EXPECT_EQ(results[0].get(), 7);
      EXPECT_EQ(results[0].took, 7s);
      over = true;
    });
    rt.advance(1min);
    EXPECT_TRUE(over);
  }
}

TEST(task_group, of_no_tasks_is_waited_for_at_once) {
  manual_runtime rt;
  bool over = false;
  go(rt, [&]() -> awaitable<void> {
    task_group<void> group(rt.io());
    auto results = co_await group.async_wait_all();
    EXPECT_TRUE(results.empty());
    EXPECT_TRUE(results.ok());
    auto first = co_await group.async_wait_first();
    EXPECT_FALSE(first);
    over = true;
  });
  rt.run_until_idle();
  EXPECT_TRUE(over);
}

TEST(task_group, with_no_time_left_gives_what_is_done_and_cancels_the_rest) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    task_group<int> group(rt.io());
    group.spawn("ready", [] { return 1; });
    group.spawn("late", [] { return after_a_while(1s, 2); });
    rt.run_until_idle();
    bool over = false;
    go(rt, [&]() -> awaitable<void> {
      auto results = co_await group.async_wait_all(duration(0));
      EXPECT_EQ(results[0].state, task_state::done);
      EXPECT_EQ(results[1].state, task_state::timed_out);
      over = true;
    });
    rt.run_until_idle();
    EXPECT_TRUE(over);
  }
}

TEST(task_group, gives_the_first_to_end_and_cancels_the_rest) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    auto& io = rt.io();
    bool over = false;
    go(rt, [&]() -> awaitable<void> {
      // [first]
      task_group<int> mirrors(io);
      mirrors.spawn("slow", [] { return after_a_while(3s, 1); });
      mirrors.spawn("quick", [] { return after_a_while(2s, 2); });
      mirrors.spawn("down", [] { return failing(1s); });
      auto first = co_await mirrors.async_wait_first_done(10s);
      EXPECT_EQ(first->name, "quick");
      EXPECT_EQ(*first->value, 2);

      auto all = co_await mirrors.async_wait_all();
      EXPECT_EQ(all[0].state, task_state::cancelled);
      EXPECT_EQ(all[2].state, task_state::failed);
      // [/first]
      EXPECT_EQ(all[0].took, 2s);
      auto to_end = co_await mirrors.async_wait_first();
      EXPECT_EQ(to_end->name, "down");
      over = true;
    });
    rt.advance(2s);
    EXPECT_TRUE(over);
  }
}

TEST(task_group, waits_for_those_that_lost_the_race_and_keeps_what_they_still_gave) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    bool over = false;
    go(rt, [&]() -> awaitable<void> {
      task_group<int> group(rt.io());
      group.spawn("down", [] { return failing(1s); });
      group.spawn("stubborn", [] { return stubborn(5s, 7); });
      auto first = co_await group.async_wait_first(10s);
      EXPECT_EQ(first->name, "down");
      EXPECT_EQ(first->state, task_state::failed);
      auto all = co_await group.async_wait_all();
      EXPECT_EQ(all[1].get(), 7);
      EXPECT_EQ(all[1].took, 6s);
      over = true;
    });
    rt.advance(6s);
    EXPECT_TRUE(over);
  }
}

TEST(task_group, has_no_first_when_none_came_in_time) {
  manual_runtime rt;
  bool over = false;
  go(rt, [&]() -> awaitable<void> {
    task_group<int> group(rt.io());
    group.spawn("late", [] { return after_a_while(3s, 1); });
    auto first = co_await group.async_wait_first(1s);
    EXPECT_FALSE(first);
    auto all = co_await group.async_wait_all();
    EXPECT_EQ(all[0].state, task_state::timed_out);
    over = true;
  });
  rt.advance(1s);
  EXPECT_TRUE(over);
}

TEST(task_group, cancels_the_rest_after_the_first_failure_where_that_was_asked_for) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    bool over = false;
    go(rt, [&]() -> awaitable<void> {
      task_group<int> group(rt.io(), {.on_failure = task_failure::cancel_rest});
      group.spawn("before", [] { return after_a_while(1s, 1); });
      group.spawn("failing", [] { return failing(2s); });
      group.spawn("after", [] { return after_a_while(3s, 3); });
      auto results = co_await group.async_wait_all();
      EXPECT_EQ(results[0].state, task_state::done);
      EXPECT_EQ(results[1].state, task_state::failed);
      EXPECT_EQ(results[2].state, task_state::cancelled);
      EXPECT_EQ(results[2].took, 2s);
      EXPECT_THROW(results.rethrow_first(), std::runtime_error);
      over = true;
    });
    rt.advance(2s);
    EXPECT_TRUE(over);
  }
}

TEST(task_group, runs_no_body_that_had_not_begun_when_the_cancel_came) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    int begun = 0;
    task_group<void> group(rt.io());
    for (int i = 0; i < 3; ++i) {
      group.spawn("coroutine", [&]() -> awaitable<void> {
        ++begun;
        co_return;
      });
      group.spawn("plain", [&] { ++begun; });
    }
    const auto steps = seed % 5;
    for (std::uint64_t i = 0; i < steps; ++i) rt.step();
    const int before = begun;
    group.cancel();
    group.spawn("after", [&] { ++begun; });
    std::size_t never = 0;
    for (const auto& task : group.snapshot()) never += task.state == task_state::cancelled;
    rt.run_until_idle();
    EXPECT_EQ(begun, before);
    EXPECT_EQ(never + static_cast<std::size_t>(begun), 7u);
    EXPECT_EQ(group.pending(), 0u);
  }
}

TEST(task_group, hears_its_parent_and_tells_plain_bodies_by_their_token) {
  manual_runtime rt;
  stop_source parent;
  task_group<void> group(rt.io(), {.stop = parent.token()});
  stop_token seen;
  std::stop_token seen_by_std;
  group.spawn("ours", [&](stop_token token) { seen = token; });
  group.spawn("the standard's", [&](std::stop_token token) { seen_by_std = token; });
  group.spawn("coroutine", [](stop_token token) -> awaitable<void> {
    co_await async_sleep(1h);
    EXPECT_FALSE(token.stop_requested());
  });
  rt.run_until_idle();
  EXPECT_FALSE(seen.stop_requested());
  parent.request_stop();
  EXPECT_EQ(seen.reason(), stop_reason::cancel);
  EXPECT_TRUE(seen_by_std.stop_requested());
  rt.run_until_idle();
  const auto tasks = group.snapshot();
  EXPECT_EQ(tasks[0].state, task_state::done);
  EXPECT_EQ(tasks[2].state, task_state::cancelled);
}

TEST(task_group, of_a_parent_that_has_stopped_runs_nothing) {
  manual_runtime rt;
  std::stop_source parent;
  parent.request_stop();
  task_group<int> group(rt.io(), {.stop = parent.get_token()});
  group.spawn("never", []() -> int { throw std::logic_error("it ran"); });
  EXPECT_EQ(group.snapshot()[0].state, task_state::cancelled);
  EXPECT_EQ(rt.run_until_idle(), 0u);
}

TEST(task_group, may_be_joined_by_tasks_of_its_own_while_it_is_waited_for_and_by_none_after) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    bool over = false;
    go(rt, [&]() -> awaitable<void> {
      task_group<int> group(rt.io());
      const std::function<awaitable<int>(int)> tree = [&](int depth) -> awaitable<int> {
        co_await async_sleep(1s);
        if (depth > 0) {
          group.spawn("left", [&tree, depth] { return tree(depth - 1); });
          group.spawn("right", [&tree, depth] { return tree(depth - 1); });
        }
        co_return depth;
      };
      group.spawn("root", [&] { return tree(4); });
      auto results = co_await group.async_wait_all();
      EXPECT_EQ(results.size(), 31u);
      EXPECT_TRUE(results.ok());
      try {
        group.spawn("late", [] { return 1; });
        ADD_FAILURE() << "a group that has ended was joined";
      } catch (const error& e) {
        EXPECT_EQ(e.code(), errc::closed);
      }
      auto again = co_await group.async_wait_all();
      EXPECT_EQ(again.size(), 31u);
      over = true;
    });
    rt.advance(5s);
    EXPECT_TRUE(over);
  }
}

TEST(task_group, is_cancelled_with_the_coroutine_that_waits_for_it_and_ends_first) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    asio::cancellation_signal signal;
    bool over = false;
    asio::co_spawn(
        rt.io(),
        [&]() -> awaitable<void> {
          task_group<int> group(rt.io());
          group.spawn("endless", [] { return after_a_while(24h, 1); });
          group.spawn("stubborn", [] { return stubborn(5s, 7); });
          auto results = co_await group.async_wait_all();
          EXPECT_EQ(results[0].state, task_state::cancelled);
          EXPECT_EQ(results[1].state, task_state::done);
          over = true;
        },
        asio::bind_cancellation_slot(signal.slot(), asio::detached));
    rt.advance(1s);
    signal.emit(asio::cancellation_type::terminal);
    rt.run_until_idle();
    EXPECT_FALSE(over);
    rt.advance(5s);
    EXPECT_TRUE(over);
  }
}

TEST(with_task_group, waits_on_every_way_out) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    int living = 0;
    struct guest {
      int& count;
      explicit guest(int& c) : count(c) { ++count; }
      ~guest() { --count; }
    };
    const auto stay = [&living]() -> awaitable<void> {
      const guest here(living);
      co_await async_sleep(2s);
    };
    int ways = 0;
    asio::cancellation_signal signal;
    asio::co_spawn(
        rt.io(),
        [&]() -> awaitable<void> {
          // [nursery]
          auto results = co_await with_task_group<void>([&](task_group<void>& nursery) -> awaitable<void> {
            nursery.spawn("one", stay);
            nursery.spawn("two", stay);
            co_return;
          });
          // [/nursery]
          EXPECT_TRUE(results.ok());
          EXPECT_EQ(living, 0);
          ++ways;
          try {
            auto never = co_await with_task_group<void>([&](task_group<void>& nursery) -> awaitable<void> {
              nursery.spawn("one", stay);
              co_await async_sleep(1s);
              EXPECT_EQ(living, 1);
              throw std::runtime_error("the body itself");
            });
            ADD_FAILURE() << never.size();
          } catch (const std::runtime_error&) {
            ++ways;
          }
          EXPECT_EQ(living, 0);
          try {
            auto never = co_await with_task_group<void>([&](task_group<void>& nursery) -> awaitable<void> {
              nursery.spawn("one", stay);
              co_await async_sleep(1h);
            });
            ADD_FAILURE() << never.size();
          } catch (const boost::system::system_error& e) {
            EXPECT_EQ(e.code(), asio::error::operation_aborted);
            ++ways;
          }
          EXPECT_EQ(living, 0);
        },
        asio::bind_cancellation_slot(signal.slot(), asio::detached));
    rt.advance(4s);
    EXPECT_EQ(ways, 2);
    EXPECT_EQ(living, 1);
    signal.emit(asio::cancellation_type::terminal);
    rt.run_until_idle();
    EXPECT_EQ(ways, 3);
  }
}

TEST(with_task_group, inside_a_task_of_another_hears_its_cancel) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    bool over = false;
    int innermost = 0;
    go(rt, [&]() -> awaitable<void> {
      task_group<void> outer(rt.io());
      for (int i = 0; i < 2; ++i) {
        outer.spawn("outer", [&]() -> awaitable<void> {
          auto inner = co_await with_task_group<int>([&](task_group<int>& group) -> awaitable<void> {
            for (int n = 0; n < 2; ++n) {
              group.spawn("inner", [&]() -> awaitable<int> {
                ++innermost;
                try {
                  co_await async_sleep(1h);
                } catch (...) {
                  --innermost;
                  throw;
                }
                co_return 1;
              });
            }
            co_return;
          });
          for (auto& result : inner) EXPECT_EQ(result.state, task_state::cancelled);
          inner[0].get();
        });
      }
      auto results = co_await outer.async_wait_all(1s);
      for (auto& result : results) EXPECT_EQ(result.state, task_state::timed_out);
      EXPECT_EQ(innermost, 0);
      over = true;
    });
    rt.run_until_idle();
    EXPECT_EQ(innermost, 4);
    rt.advance(1s);
    EXPECT_TRUE(over);
  }
}

TEST(task_group, of_random_tasks_ends_with_a_result_for_each_and_everything_destroyed) {
  for (std::uint64_t seed = 1; seed <= 5 * seeds; ++seed) {
    SCOPED_TRACE(seed);
    const long alive = counted::alive;
    {
      std::mt19937_64 dice(seed);
      manual_runtime rt(seed);
      const auto mode = dice() % 2 ? task_failure::collect : task_failure::cancel_rest;
      const auto timeout = dice() % 3 ? std::chrono::seconds(dice() % 12) : duration::max();
      const auto way = dice() % 5;
      int begun = 0;
      int ended = 0;
      bool over = false;
      go(rt, [&]() -> awaitable<void> {
        task_group<counted> group(rt.io(), {.on_failure = mode});
        const auto tasks = dice() % 8;
        for (std::uint64_t i = 0; i < tasks; ++i) {
          const auto kind = dice() % 5;
          const auto pause = std::chrono::seconds(dice() % 10);
          const auto value = static_cast<int>(i);
          auto luggage = std::make_unique<counted>(value);
          if (kind == 0) {
            group.spawn("plain", [&, value, luggage = std::move(luggage)] {
              ++begun, ++ended;
              return counted(value);
            });
          } else {
            group.spawn("coroutine", [&, kind, pause, value, luggage = std::move(luggage)]() -> awaitable<counted> {
              ++begun;
              struct at_end {
                int& count;
                ~at_end() { ++count; }
              } const last{ended};
              counted made(value);
              if (kind == 1) {
                int got = co_await stubborn(pause, value);
                EXPECT_EQ(got, value);
              } else {
                co_await async_sleep(pause);
              }
              if (kind == 2) throw std::runtime_error("one fails");
              co_return made;
            });
          }
        }
        if (way == 0) {
          co_await async_sleep(std::chrono::seconds(dice() % 5));
          group.cancel();
        } else if (way == 1) {
          auto first = co_await group.async_wait_first(timeout);
          EXPECT_TRUE(!first || first->state == task_state::done || first->state == task_state::failed);
        } else if (way == 2) {
          auto first = co_await group.async_wait_first_done(timeout);
          EXPECT_TRUE(!first || first->state == task_state::done);
        }
        auto results = co_await group.async_wait_all(timeout);
        EXPECT_EQ(results.size(), tasks);
        EXPECT_EQ(begun, ended) << "a body runs after the wait";
        for (std::size_t i = 0; i < results.size(); ++i) {
          auto& result = results[i];
          EXPECT_EQ(result.value.has_value(), result.state == task_state::done);
          EXPECT_EQ(result.error != nullptr, result.state == task_state::failed);
          EXPECT_NE(result.state, task_state::running);
          EXPECT_NE(result.state, task_state::waiting);
          if (result.value) {
            EXPECT_EQ(result.value->value, static_cast<int>(i));
          }
        }
        over = true;
      });
      rt.advance(48h);
      EXPECT_TRUE(over);
    }
    EXPECT_EQ(counted::alive, alive);
  }
}

}  // namespace
