// Stages whose bodies are coroutines.
#include <boost/asio.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

TEST(async_stage, has_ten_thousand_bodies_under_way_on_one_thread) {
  runtime rt({.cpu_workers = 1});
  constexpr int bodies = 10'000;
  for (const auto ordering : {order::any, order::kept}) {
    int started = 0;
    crowd inside;
    // The last one to start lets everybody go: no body ends before all have begun.
    asio::steady_timer gate(rt.io(), asio::steady_timer::time_point::max());
    std::vector<int> got;
    const auto r = finish(
        rt,
        {"many", producer({.name = "count"}, std::views::iota(0, bodies)),
         async_transform(
             {.name = "wait", .workers = bodies, .order = ordering, .window = ordering == order::kept ? bodies : 0U},
             [&](int n) -> asio::awaitable<int> {
               inside.enter();
               if (++started == bodies) {
                 gate.cancel();
               } else {
                 boost::system::error_code opened;
                 co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, opened));
               }
               inside.leave();
               co_return n;
             }),
         consumer({.name = "sink"}, [&](int n) { got.push_back(n); })});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(inside.most(), bodies);
    if (ordering == order::any) std::ranges::sort(got);
    EXPECT_TRUE(std::ranges::equal(got, std::views::iota(0, bodies)));
  }
}

TEST(async_stage, never_has_more_bodies_under_way_than_workers) {
  runtime rt({.cpu_workers = 2});
  for (const std::size_t workers : {1U, 2U, 16U}) {
    for (const std::size_t capacity : {1U, 7U, 1024U}) {
      for (const auto ordering : {order::any, order::kept}) {
        crowd inside;
        std::vector<int> got;
        const auto body = [&](int n) -> asio::awaitable<int> {
          inside.enter();
          for (int i = n % 4; i > 0; --i) co_await async_sleep(0s);
          inside.leave();
          co_return n;
        };
        const auto r = finish(
            rt, {"few", producer({.name = "count"}, std::views::iota(0, 1000)),
                 async_transform({.name = "wait", .workers = workers, .capacity = capacity, .order = ordering}, body),
                 async_transform({.name = "again", .workers = workers, .capacity = capacity, .order = ordering},
                                 [](int n) -> asio::awaitable<int> { co_return n; }),
                 consumer({.name = "sink", .capacity = capacity}, [&](int n) { got.push_back(n); })});
        EXPECT_TRUE(r.ok());
        EXPECT_LE(inside.most(), static_cast<long>(workers));
        if (ordering == order::any && workers > 1) std::ranges::sort(got);
        EXPECT_TRUE(std::ranges::equal(got, std::views::iota(0, 1000)));
      }
    }
  }
}

TEST(async_stage, bodies_of_one_stage_share_state_without_locks) {
  asio::io_context io;
  auto guard = asio::make_work_guard(io);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back([&] { io.run(); });
  {
    runtime rt({.cpu_workers = 1, .io = &io});
    long sum = 0;
    int inside = 0;
    const auto r = finish(rt, {"strand", producer({.name = "count"}, std::views::iota(0, 5000)),
                               async_consumer({.name = "add", .workers = 8}, [&](int n) -> asio::awaitable<void> {
                                 EXPECT_EQ(++inside, 1);
                                 sum += n;
                                 --inside;
                                 if (n % 3 == 0) co_await async_sleep(0s);
                                 sum += n;
                               })});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(sum, 4999L * 5000);
  }
  guard.reset();
}

TEST(async_stage, keeps_the_order_also_when_bodies_end_in_reverse) {
  runtime rt({.cpu_workers = 1});
  std::vector<asio::steady_timer*> asleep;
  std::vector<int> got;
  const auto r =
      finish(rt, {"reverse", producer({.name = "count"}, std::views::iota(0, 64)),
                  async_transform({.name = "wait", .workers = 8, .capacity = 8, .order = order::kept, .window = 8},
                                  [&](int n) -> asio::awaitable<int> {
                                    asio::steady_timer timer(co_await asio::this_coro::executor,
                                                             asio::steady_timer::time_point::max());
                                    if (n % 8 == 7) {
                                      for (auto i = asleep.size(); i > 0; --i) asleep[i - 1]->cancel();
                                      asleep.clear();
                                    } else {
                                      asleep.push_back(&timer);
                                      boost::system::error_code woken;
                                      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
                                    }
                                    co_return n;
                                  }),
                  consumer({.name = "sink"}, [&](int n) { got.push_back(n); })});
  EXPECT_TRUE(r.ok());
  EXPECT_TRUE(std::ranges::equal(got, std::views::iota(0, 64)));
}

TEST(async_stage, that_is_cancelled_reaches_its_bodies_and_counts_them_as_dropped) {
  runtime rt({.cpu_workers = 1});
  for (const bool consumes : {false, true}) {
    for (const auto ordering : {order::any, order::kept}) {
      count_up inside;
      std::atomic<int> aborted{0};
      const auto wait = [&](int) -> asio::awaitable<int> {
        inside.add();
        try {
          co_await async_sleep(24h);
        } catch (const boost::system::system_error& e) {
          if (e.code() == asio::error::operation_aborted) ++aborted;
          throw;
        }
        co_return 0;
      };
      const auto source = producer({.name = "count"}, endless());
      const auto run =
          rt.start(consumes ? pipeline{"wait", source,
                                       async_consumer({.name = "wait", .workers = 50, .capacity = 10},
                                                      [&](int n) -> asio::awaitable<void> { co_await wait(n); })}
                            : pipeline{"wait", source,
                                       async_transform({.name = "wait",
                                                        .workers = 50,
                                                        .capacity = 10,
                                                        .order = ordering,
                                                        .window = ordering == order::kept ? 50U : 0U},
                                                       wait),
                                       consumer({.name = "sink"}, [](int) { FAIL(); })});
      inside.wait_for(50);
      run.cancel();
      const auto r = finish(run);
      EXPECT_EQ(r.state(), end_state::cancelled);
      EXPECT_EQ(aborted, 50);
      EXPECT_EQ(r.stage("wait").dropped, 50U);
      EXPECT_EQ(r.stage("wait").failed, 0U);
      EXPECT_TRUE(r.errors.empty());
    }
  }
}

TEST(async_stage, whose_body_swallows_the_cancel_counts_the_item_as_finished_or_dropped) {
  runtime rt({.cpu_workers = 1});
  // [cancelled]
  event inside;
  const auto run = rt.start({"stubborn", producer({.name = "count"}, endless()),
                             async_consumer({.name = "wait", .workers = 1}, [&](int) -> asio::awaitable<void> {
                               inside.set();
                               try {
                                 co_await async_sleep(24h);
                               } catch (const boost::system::system_error&) {
                               }
                             })});
  inside.wait();
  run.cancel();
  const auto r = finish(run);
  EXPECT_EQ(r.stage("wait").done, 1U);
  // [/cancelled]
}

TEST(async_stage, finishes_bodies_under_way_when_it_is_stopped) {
  runtime rt({.cpu_workers = 1});
  count_up inside;
  asio::steady_timer gate(rt.io(), asio::steady_timer::time_point::max());
  const auto run =
      rt.start({"stop", producer({.name = "count"}, endless()),
                async_consumer({.name = "wait", .workers = 50, .capacity = 10}, [&](int) -> asio::awaitable<void> {
                  inside.add();
                  boost::system::error_code opened;
                  if (inside.value() <= 50) co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, opened));
                })});
  inside.wait_for(50);
  run.stop();
  asio::post(rt.io(), [&] { gate.cancel(); });
  const auto r = finish(run);
  EXPECT_EQ(r.state(), end_state::stopped);
  EXPECT_EQ(r.dropped(), 0U);
}

TEST(async_producer, gives_items_until_it_has_none_and_one_body_at_a_time) {
  for (const std::size_t capacity : {1U, 7U, 1024U}) {
    runtime rt({.cpu_workers = 1});
    crowd inside;
    std::vector<int> got;
    const auto r = finish(rt, {"gives",
                               async_producer({.name = "count"},
                                              [&, n = 0]() mutable -> asio::awaitable<std::optional<int>> {
                                                inside.enter();
                                                if (n % 3 == 0) co_await async_sleep(0s);
                                                inside.leave();
                                                if (n == 2000) co_return std::nullopt;
                                                co_return n++;
                                              }),
                               consumer({.name = "sink", .capacity = capacity}, [&](int n) { got.push_back(n); })});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(inside.most(), 1);
    EXPECT_TRUE(std::ranges::equal(got, std::views::iota(0, 2000)));
  }
}

TEST(async_producer, that_waits_ends_at_a_stop_and_at_a_cancel_and_has_made_nothing) {
  runtime rt({.cpu_workers = 1});
  for (const bool stops : {true, false}) {
    event inside;
    const auto run = rt.start({"waits",
                               async_producer({.name = "wait"},
                                              [&, n = 0]() mutable -> asio::awaitable<std::optional<int>> {
                                                if (n == 10) {
                                                  inside.set();
                                                  co_await async_sleep(24h);
                                                }
                                                co_return n++;
                                              }),
                               consumer({.name = "sink"}, [](int) {})});
    inside.wait();
    stops ? run.stop() : run.cancel();
    const auto r = finish(run);
    EXPECT_EQ(r.state(), stops ? end_state::stopped : end_state::cancelled);
    EXPECT_EQ(r.stage("wait").done, 10U);
    EXPECT_EQ(r.stage("wait").failed, 0U);
  }
}

TEST(async_producer, that_waits_for_room_ends_at_a_cancel_and_finishes_at_a_stop) {
  runtime rt({.cpu_workers = 1});
  for (const bool stops : {true, false}) {
    event inside, go_on;
    const auto run = rt.start(
        {"full",
         async_producer({.name = "count"}, [n = 0]() mutable -> asio::awaitable<std::optional<int>> { co_return n++; }),
         consumer({.name = "sink", .capacity = 1}, [&](int n) {
           if (n > 0) return;
           inside.set();
           go_on.wait();
         })});
    inside.wait();
    stops ? run.stop() : run.cancel();
    go_on.set();
    const auto r = finish(run);
    EXPECT_EQ(r.state(), stops ? end_state::stopped : end_state::cancelled);
    if (stops) {
      EXPECT_EQ(r.dropped(), 0U);
    }
  }
}

// [mixed]
pipeline mixed(std::atomic<long>& sum, int items, std::size_t capacity) {
  return {
      "mixed",
      async_producer({.name = "give"},
                     [n = 0, items]() mutable -> asio::awaitable<std::optional<int>> {
                       if (n % 5 == 0) co_await async_sleep(0s);
                       if (n == items) co_return std::nullopt;
                       co_return n++;
                     }),
      transform({.name = "cpu", .workers = 2, .capacity = capacity, .order = order::kept},
                [](int n) { return std::make_unique<int>(n); }),
      async_transform({.name = "async", .workers = 8, .capacity = capacity, .order = order::kept},
                      [](std::unique_ptr<int> p) -> asio::awaitable<std::unique_ptr<int>> {
                        if (*p % 7 == 0) co_await async_sleep(0s);
                        co_return p;
                      }),
      transform({.name = "blocking", .workers = 2, .capacity = capacity, .order = order::kept, .on = place::blocking},
                [](std::unique_ptr<int> p) { return p; }),
      transform({.name = "cpu again", .capacity = capacity}, [](std::unique_ptr<int> p) { return *p; }),
      async_consumer({.name = "sink", .workers = 2, .capacity = capacity}, [&sum](int n) -> asio::awaitable<void> {
        sum += n;
        co_return;
      })};
}
// [/mixed]

TEST(stages, of_all_places_work_together_on_one_cpu_worker_and_one_io_thread) {
  for (const std::size_t capacity : {1U, 7U, 1024U}) {
    runtime rt({.cpu_workers = 1});
    std::atomic<long> sum{0};
    EXPECT_TRUE(finish(rt, mixed(sum, 2000, capacity)).ok());
    EXPECT_EQ(sum, 1999 * 1000);
  }
}

TEST(stages, of_all_places_end_wherever_a_cancel_finds_them) {
  runtime rt({.cpu_workers = 2});
  for (int i = 0; i < 200; ++i) {
    std::atomic<long> sum{0};
    const auto run = rt.start(mixed(sum, 1 << 30, 1 + static_cast<std::size_t>(i) % 9));
    while (sum < i) std::this_thread::yield();
    i % 2 == 0 ? run.cancel() : run.stop();
    EXPECT_EQ(finish(run).state(), i % 2 == 0 ? end_state::cancelled : end_state::stopped);
  }
}

TEST(borrowed_context, is_run_by_its_host_on_one_or_two_threads) {
  for (const int threads : {1, 2}) {
    asio::io_context io;
    auto guard = asio::make_work_guard(io);
    std::vector<std::jthread> host;
    for (int i = 0; i < threads; ++i) host.emplace_back([&] { io.run(); });
    {
      runtime rt({.cpu_workers = 1, .io = &io});
      EXPECT_EQ(&rt.io(), &io);
      for (int i = 0; i < 10; ++i) {
        std::atomic<long> sum{0};
        EXPECT_TRUE(finish(rt, mixed(sum, 500, 16)).ok());
        EXPECT_EQ(sum, 499 * 250);
      }
    }
    EXPECT_FALSE(io.stopped()) << "the host's context is never stopped";
    guard.reset();
  }
}

TEST(borrowed_context, runs_a_pipeline_inside_its_only_thread) {
  // [borrowed]
  asio::io_context io;
  runtime rt({.cpu_workers = 1, .io = &io});
  std::atomic<long> sum{0};
  std::optional<report> seen;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        const auto line = mixed(sum, 500, 16);
        seen = co_await rt.async_run(line, {}, asio::use_awaitable);
      },
      asio::detached);
  io.run_for(patience);
  ASSERT_TRUE(seen);
  // [/borrowed]
  expect_adds_up(*seen);
  EXPECT_EQ(sum, 499 * 250);
}

}  // namespace
