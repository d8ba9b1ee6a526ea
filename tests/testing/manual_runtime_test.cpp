// A runtime that does nothing unless asked: one thread, virtual time, a schedule decided by a seed.
#include "penstock/testing/manual_runtime.hpp"

#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <chrono>
#include <optional>
#include <ranges>
#include <string>
#include <thread>
#include <vector>

#include "penstock/penstock.hpp"

namespace {

using namespace penstock;
using namespace std::chrono_literals;
namespace asio = boost::asio;

TEST(manual_runtime, runs_a_pipeline_of_all_kinds_of_stages_on_the_calling_thread) {
  manual_runtime rt;
  const auto me = std::this_thread::get_id();
  std::vector<int> seen;
  const auto here = [me](int n) {
    EXPECT_EQ(std::this_thread::get_id(), me);
    return n;
  };
  const auto r = rt.run({"all", producer({.name = "count"}, std::views::iota(0, 100)),
                         transform({.name = "blocking", .on = place::blocking}, here),
                         transform({.name = "parallel", .workers = 3, .order = order::kept}, here),
                         async_transform({.name = "async", .workers = 5, .order = order::kept},
                                         [here](int n) -> asio::awaitable<int> { co_return here(n); }),
                         consumer({.name = "sink"}, [&](int n) { seen.push_back(n); })});
  EXPECT_EQ(r.state(), end_state::completed);
  EXPECT_TRUE(r.balanced()) << r;
  EXPECT_TRUE(std::ranges::equal(seen, std::views::iota(0, 100)));
}

TEST(manual_runtime, does_nothing_before_it_is_asked_and_then_one_thing_at_a_time) {
  manual_runtime rt;
  int made = 0, seen = 0;
  const auto run = rt.start({"two",
                             producer({.name = "make"},
                                      [&]() -> std::optional<int> {
                                        if (made == 3) return std::nullopt;
                                        return made++;
                                      }),
                             consumer({.name = "see"}, [&](int) { ++seen; })});
  EXPECT_EQ(made, 0);
  EXPECT_TRUE(rt.step());
  EXPECT_LE(made, 1) << "the first activation of a stage takes one item";
  EXPECT_GT(rt.run_until_idle(), 1u);
  EXPECT_EQ(seen, 3);
  EXPECT_FALSE(rt.step());
  EXPECT_TRUE(run.report().ended);
}

std::string schedule_of(std::uint64_t seed) {
  manual_runtime rt(seed);
  std::string trace;
  const auto note = [&trace](char stage) {
    return [&trace, stage](int n) {
      trace += stage + std::to_string(n) + " ";
      return n;
    };
  };
  const auto r = rt.run({"traced", producer({.name = "count"}, std::views::iota(0, 12)),
                         transform({.name = "a", .workers = 2}, note('a')),
                         async_transform({.name = "b", .workers = 2},
                                         [&](int n) -> asio::awaitable<int> {
                                           note('b')(n);
                                           const auto d = std::chrono::milliseconds(n % 3);
                                           co_await async_sleep(d);
                                           co_return n;
                                         }),
                         consumer({.name = "c"}, note('c'))});
  EXPECT_TRUE(r.ok());
  return trace;
}

TEST(manual_runtime, does_the_same_for_the_same_seed_and_something_else_for_another) {
  const auto first = schedule_of(1);
  EXPECT_EQ(schedule_of(1), first);
  int different = 0;
  for (std::uint64_t seed = 2; seed < 12; ++seed) different += schedule_of(seed) != first ? 1 : 0;
  EXPECT_GE(different, 8);
}

TEST(manual_runtime, lets_bodies_sleep_for_hours_in_no_time) {
  const auto began = std::chrono::steady_clock::now();
  manual_runtime rt;
  const auto start = rt.now();
  const auto r = rt.run({"slow", producer({.name = "count"}, std::views::iota(0, 24)),
                         async_consumer({.name = "sleep", .workers = 1}, [](int) -> asio::awaitable<void> {
                           const duration d = 1h;
                           co_await async_sleep(d);
                         })});
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(rt.now() - start, 24h);
  EXPECT_EQ(clock::now(), rt.now());
  EXPECT_EQ(r.elapsed, 24h);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1h);
}

TEST(manual_runtime, moves_time_only_as_far_as_it_is_told) {
  // [time]
  manual_runtime rt;
  std::vector<std::size_t> pages;
  queue<int> input(10);
  const auto run =
      rt.start({"pages", producer({.name = "read"}, input), batch({.name = "page", .count = 100, .within = 50ms}),
                consumer({.name = "write"}, [&](std::vector<int> p) { pages.push_back(p.size()); })});
  for (int n = 0; n < 3; ++n) EXPECT_EQ(input.try_put(std::move(n)).state, state::ok);
  rt.advance(49ms);
  EXPECT_TRUE(pages.empty());
  rt.advance(1ms);
  EXPECT_EQ(pages, std::vector<std::size_t>{3});
  input.close();
  EXPECT_TRUE(run.wait().ok());
  // [/time]
}

TEST(manual_runtime, cancels_at_the_deadline_of_a_drain) {
  manual_runtime rt;
  const auto run = rt.start({"endless", producer({.name = "count"}, std::views::iota(0, 5)),
                             async_consumer({.name = "wait", .workers = 1}, [](int) -> asio::awaitable<void> {
                               const duration d = 24h;
                               co_await async_sleep(d);
                             })});
  rt.run_until_idle();
  run.drain(10s);
  rt.advance(9'999ms);
  EXPECT_FALSE(run.report().ended);
  rt.advance(1ms);
  const auto r = run.wait();
  EXPECT_EQ(r.state(), end_state::cancelled);
  EXPECT_EQ(r.reason, stop_reason::deadline);
  EXPECT_TRUE(r.balanced()) << r;
}

TEST(manual_runtime, keeps_the_deadlines_of_queues) {
  manual_runtime rt;
  queue<int> never_filled(1);
  std::optional<state> how;
  asio::co_spawn(
      rt.io(),
      [&]() -> asio::awaitable<void> {
        const auto limits = within(2s);
        auto got = co_await never_filled.async_get(limits);
        how = got.state();
      },
      asio::detached);
  rt.advance(1'999ms);
  EXPECT_FALSE(how);
  rt.advance(1ms);
  EXPECT_EQ(how, state::timed_out);
}

TEST(manual_runtime, says_when_a_run_is_stuck_and_shows_its_stages) {
  manual_runtime rt;
  queue<int> never_filled(1);
  const auto run = rt.start({"stuck", producer({.name = "count"}, std::views::iota(0, 5)),
                             async_consumer({.name = "wait for ever", .workers = 1}, [&](int) -> asio::awaitable<void> {
                               static_cast<void>(co_await never_filled.async_get());
                             })});
  try {
    static_cast<void>(run.wait());
    ADD_FAILURE() << "the run cannot end";
  } catch (const stuck_error& e) {
    EXPECT_NE(std::string(e.what()).find("wait for ever"), std::string::npos) << e.what();
  }
}

TEST(manual_runtime, waits_for_a_run_at_most_as_long_as_it_is_told) {
  manual_runtime rt;
  const auto run = rt.start({"slow", producer({.name = "count"}, std::views::iota(0, 1)),
                             async_consumer({.name = "sleep"}, [](int) -> asio::awaitable<void> {
                               const duration d = 5s;
                               co_await async_sleep(d);
                             })});
  EXPECT_FALSE(run.wait_for(4s));
  EXPECT_TRUE(run.wait_for(1s));
}

TEST(manual_runtime, never_moves_time_back) {
  manual_runtime rt;
  const auto before = rt.now();
  rt.advance(-1s);
  const auto run = rt.start({"slow", producer({.name = "count"}, std::views::iota(0, 1)),
                             async_consumer({.name = "sleep"}, [](int) -> asio::awaitable<void> {
                               const duration d = 5s;
                               co_await async_sleep(d);
                             })});
  EXPECT_FALSE(run.wait_for(-1s));
  EXPECT_EQ(rt.now(), before);
}

TEST(manual_runtime, runs_an_inner_run_inside_a_body) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    manual_runtime rt(seed);
    int sum = 0;
    const auto r =
        rt.run({"outer", producer({.name = "count"}, std::views::iota(0, 5)), consumer({.name = "nest"}, [&](int) {
                  const auto inner =
                      rt.run({"inner", producer({.name = "count"}, std::views::iota(0, 10)),
                              async_transform({.name = "a"}, [](int n) -> asio::awaitable<int> { co_return n; }),
                              consumer({.name = "add"}, [&](int n) { sum += n; })});
                  EXPECT_TRUE(inner.ok());
                })});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(sum, 5 * 45);
  }
}

TEST(manual_runtime, cancels_a_live_run_whose_handle_goes) {
  manual_runtime rt;
  long seen = 0;
  {
    const auto run =
        rt.start({"endless", producer({.name = "count"}, [n = 0]() mutable -> std::optional<int> { return n++; }),
                  consumer({.name = "see"}, [&](int) { ++seen; })});
    for (int i = 0; i < 100; ++i) rt.step();
  }
  const auto before = seen;
  EXPECT_GT(before, 0);
  rt.run_until_idle();
  EXPECT_EQ(seen, before);
}

TEST(manual_runtime, goes_although_a_body_will_never_end) {
  queue<int> never_filled(1);
  manual_runtime rt;
  auto run = std::make_unique<penstock::run>(
      rt.start({"stubborn", producer({.name = "count"}, std::views::iota(0, 5)),
                async_consumer({.name = "wait"}, [&](int) -> asio::awaitable<void> {
                  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
                  static_cast<void>(co_await never_filled.async_get());
                })}));
  rt.run_until_idle();
  run.reset();
}

TEST(manual_runtime, refuses_what_would_block_its_only_thread) {
  manual_runtime rt;
  queue<int> empty(1);
  const auto r =
      rt.run({"blocks", producer({.name = "count"}, std::views::iota(0, 1)),
              consumer({.name = "block", .on = place::blocking}, [&](int) { static_cast<void>(empty.get()); })});
  EXPECT_EQ(r.state(), end_state::failed);
  EXPECT_THROW(r.rethrow(), std::system_error);
}

TEST(manual_runtime, is_the_only_one_on_its_thread_and_gives_the_time_back) {
  {
    manual_runtime rt;
    EXPECT_THROW(manual_runtime(2), std::logic_error);
  }
  const auto before = std::chrono::steady_clock::now();
  EXPECT_GE(clock::now(), before);
}

}  // namespace
