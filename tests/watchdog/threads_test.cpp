// Watchdogs where there are threads: what hangs is released by a handshake after it was told.
#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <optional>
#include <ranges>
#include <thread>
#include <vector>

#include "penstock/base/thread_role.hpp"
#include "support/runs.hpp"
#include "watchdog/told.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

/// Short: every test that waits for it waits for something that does not move anyhow.
constexpr auto soon = 20ms;

void a_body_that_waits_is_named(std::size_t threads, place where) {
  runtime rt({.cpu_workers = threads});
  event go_on;
  told_stalls told;
  const auto run = rt.start({"hang", producer({.name = "count"}, std::views::iota(0, 100)),
                             transform({.name = "hang", .capacity = 4, .on = where},
                                       [&](int n) {
                                         if (n == 10) go_on.wait();
                                         return n;
                                       }),
                             consumer({.name = "sink"}, [](int) {})},
                            {.watchdog = {.after = soon, .on_stall = told.hook()}});
  // It may be told before that body began, if the machine is busy elsewhere: then of something that moved since.
  auto s = told.wait_for(0);
  for (std::size_t i = 1; s.report.edges[0].taken != 11; ++i) s = told.wait_for(i);
  EXPECT_EQ(s.cause, stall_cause::body_under_way);
  EXPECT_EQ(s.report.stage("hang").doing, activity::running);
  EXPECT_EQ(s.report.stage("hang").under_way, 1U);
  EXPECT_GE(s.quiet, soon);
  const auto live = run.report();
  EXPECT_EQ(live.stage("hang").under_way, 1U);
  EXPECT_GT(live.stage("hang").longest, duration::zero());
  go_on.set();
  EXPECT_EQ(finish(run).stage("sink").done, 100U);
}

TEST(watchdog_threads, name_a_plain_body_that_does_not_return) {
  for (const std::size_t threads : {1U, 2U}) a_body_that_waits_is_named(threads, place::cpu);
}

TEST(watchdog_threads, name_a_blocking_body_that_does_not_return) { a_body_that_waits_is_named(1, place::blocking); }

TEST(watchdog_threads, name_a_borrowed_context_that_nobody_runs_until_somebody_does) {
  for (const std::size_t threads : {1U, 2U}) {
    asio::io_context io;
    runtime rt({.cpu_workers = threads, .io = &io});
    told_stalls told;
    const auto run =
        rt.start({"not run", producer({.name = "count"}, std::views::iota(0, 100)),
                  async_consumer({.name = "async", .capacity = 4}, [](int) -> asio::awaitable<void> { co_return; })},
                 {.watchdog = {.after = soon, .on_stall = told.hook()}});
    const auto s = told.wait_for(0);
    EXPECT_EQ(s.cause, stall_cause::context_not_run);
    EXPECT_EQ(s.report.stage("async").doing, activity::queued);
    auto work = asio::make_work_guard(io);
    std::thread host([&] { io.run(); });
    EXPECT_EQ(finish(run).stage("async").done, 100U);
    work.reset();
    host.join();
  }
}

TEST(watchdog_threads, name_a_borrowed_context_that_is_run_no_more_while_bodies_are_under_way) {
  asio::io_context io;
  runtime rt({.cpu_workers = 1, .io = &io});
  told_stalls told;
  bool begun = false;
  queue<int> gate(1);
  const auto run = rt.start({"not run", producer({.name = "count"}, std::views::iota(0, 1)),
                             async_consumer({.name = "async", .workers = 1},
                                            [&](int) -> asio::awaitable<void> {
                                              begun = true;
                                              static_cast<void>(co_await gate.async_get());
                                            })},
                            {.watchdog = {.after = soon, .on_stall = told.hook()}});
  while (!begun) {
    io.restart();
    io.run_for(1ms);
  }
  // The last of the stalls: while the machine was slow there may have been others.
  auto s = told.wait_for(0);
  for (std::size_t i = 1; s.report.stage("async").under_way == 0; ++i) s = told.wait_for(i);
  EXPECT_EQ(s.cause, stall_cause::context_not_run);
  gate.close();
  auto work = asio::make_work_guard(io);
  std::thread host([&] {
    io.restart();
    io.run();
  });
  EXPECT_TRUE(finish(run).ok());
  work.reset();
  host.join();
}

TEST(watchdog_threads, tell_a_body_and_not_the_context_while_that_is_run) {
  asio::io_context io;
  auto work = asio::make_work_guard(io);
  std::thread host([&] { io.run(); });
  {
    runtime rt({.cpu_workers = 1, .io = &io});
    told_stalls told;
    queue<int> gate(1);
    const auto run =
        rt.start({"waits", producer({.name = "count"}, std::views::iota(0, 1)),
                  async_consumer({.name = "async", .workers = 1},
                                 [&](int) -> asio::awaitable<void> { static_cast<void>(co_await gate.async_get()); })},
                 {.watchdog = {.after = 200ms, .on_stall = told.hook()}});
    EXPECT_EQ(told.wait_for(0).cause, stall_cause::body_under_way);
    gate.close();
    EXPECT_TRUE(finish(run).ok());
  }
  work.reset();
  host.join();
}

TEST(watchdog_threads, say_that_the_workers_are_with_another_run) {
  runtime rt({.cpu_workers = 1});
  event inside, go_on;
  told_stalls told;
  const auto greedy =
      rt.start({"greedy", producer({.name = "give"}, std::vector<int>{1}), consumer({.name = "sink"}, [&](int) {
                  inside.set();
                  go_on.wait();
                })});
  inside.wait();
  const auto run =
      rt.start({"starved", producer({.name = "give"}, std::vector<int>{1}), consumer({.name = "sink"}, [](int) {})},
               {.watchdog = {.after = soon, .on_stall = told.hook()}});
  const auto s = told.wait_for(0);
  EXPECT_EQ(s.cause, stall_cause::workers_busy);
  EXPECT_EQ(s.report.stage("give").doing, activity::queued);
  go_on.set();
  EXPECT_TRUE(finish(run).ok());
  EXPECT_TRUE(finish(greedy).ok());
}

TEST(watchdog_threads, call_their_hook_on_no_worker_and_let_it_cancel_the_run) {
  runtime rt({.cpu_workers = 1});
  event started;
  std::optional<thread_role> role;
  penstock::run run;
  run = rt.start({"hang", producer({.name = "count"}, std::views::iota(0, 100)),
                  consumer({.name = "hang"}, [](int, context& c) { wait_until_told(c); })},
                 {.watchdog = {.after = soon, .on_stall = [&](const stall&) {
                                 started.wait();  // `run` is assigned
                                 role = current_thread_role();
                                 run.cancel();
                               }}});
  started.set();
  EXPECT_EQ(finish(run).state(), end_state::cancelled);
  EXPECT_EQ(role, thread_role::foreign);
}

TEST(watchdog_threads, delay_no_drain_by_a_hook_that_takes_long) {
  runtime rt({.cpu_workers = 2});
  event hooked, go_on, hang;
  const auto watched = rt.start(
      {"hang", producer({.name = "give"}, std::vector<int>{1}), consumer({.name = "hang"}, [&](int) { hang.wait(); })},
      {.watchdog = {.after = soon, .on_stall = [&](const stall&) {
                      hooked.set();
                      go_on.wait();
                    }}});
  hooked.wait();
  event inside;
  const auto drained =
      rt.start({"endless", producer({.name = "count"}, endless()), consumer({.name = "wait"}, [&](int, context& c) {
                  inside.set();
                  wait_until_told(c);
                })});
  inside.wait();
  drained.drain(1ms);
  EXPECT_EQ(finish(drained).state(), end_state::cancelled);
  go_on.set();
  hang.set();
  EXPECT_TRUE(finish(watched).ok());
}

TEST(watchdog_threads, have_called_their_hook_for_the_last_time_when_the_wait_returns) {
  for (int i = 0; i < 50; ++i) {
    runtime rt({.cpu_workers = 1});
    std::atomic<bool> over{false};
    std::atomic<int> late{0};
    {
      const auto run = rt.start({"short", producer({.name = "count"}, std::views::iota(0, 3)),
                                 consumer({.name = "sleep"}, [](int) { std::this_thread::sleep_for(2ms); })},
                                {.watchdog = {.after = 1ms, .on_stall = [&](const stall&) {
                                                std::this_thread::yield();
                                                if (over) ++late;
                                              }}});
      EXPECT_TRUE(finish(run).ok());
      over = true;
    }
    EXPECT_EQ(late, 0);
  }
}

long threads_now() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

/// A thread that was joined may be listed for a moment.
void expect_threads(long expected) {
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (threads_now() != expected && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_EQ(threads_now(), expected);
}

TEST(watchdog_threads, are_one_for_all_runs_while_any_is_watched_and_gone_afterwards) {
  runtime rt({.cpu_workers = 1});
  told_stalls told;
  const auto line = [](queue<int>& in) {
    return pipeline{"unfed", producer({.name = "from"}, in), consumer({.name = "sink"}, [](int) {})};
  };
  const auto before = threads_now();
  queue<int> first(1), second(1);
  const auto one = rt.start(line(first), {.watchdog = {.after = 1ms, .on_stall = told.hook()}});
  const auto two = rt.start(line(second), {.watchdog = {.after = 1h, .on_stall = told.hook()}});
  static_cast<void>(told.wait_for(0));
  expect_threads(before + 1);
  first.close();
  EXPECT_TRUE(finish(one).ok());
  expect_threads(before + 1);
  second.close();
  EXPECT_TRUE(finish(two).ok());
  expect_threads(before);
  EXPECT_TRUE(finish(rt, {"unwatched", producer({.name = "count"}, std::views::iota(0, 3)),
                          consumer({.name = "sink"}, [](int) {})})
                  .ok());
  expect_threads(before);
}

TEST(report, of_a_live_run_says_which_stages_have_a_body_under_way) {
  runtime rt({.cpu_workers = 1});
  event inside, go_on;
  const auto run = rt.start({"one", producer({.name = "give"}, std::vector<int>{1}),
                             transform({.name = "same"}, [](int n) { return n; }),
                             consumer({.name = "never returns", .on = place::blocking}, [&](int) {
                               inside.set();
                               go_on.wait();
                             })});
  inside.wait();
  EXPECT_FALSE(run.wait_for(0s));
  const auto r = run.report();
  EXPECT_EQ(r.stage("never returns").under_way, 1U);
  EXPECT_EQ(r.stage("never returns").doing, activity::running);
  std::ostringstream text;
  text << r;
  EXPECT_NE(text.str().find("under way in 'never returns': 1 body for"), std::string::npos) << text.str();
  go_on.set();
  const auto last = finish(run);
  EXPECT_EQ(last.stage("never returns").under_way, 0U);
  EXPECT_EQ(last.stage("never returns").doing, activity::left);
}

}  // namespace
