// A borrowed oneTBB arena: plain bodies are its tasks.
#include <oneapi/tbb/task_arena.h>
#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <ranges>
#include <vector>

#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

pipeline everything(std::atomic<long>& sum, int items) {
  return {"everything",
          producer({.name = "count"}, std::views::iota(0, items)),
          transform({.name = "parallel", .workers = 3, .capacity = 5}, [](int n) { return n; }),
          transform({.name = "ordered", .workers = 3, .order = order::kept}, [](int n) { return n; }),
          async_transform({.name = "async"},
                          [](int n) -> asio::awaitable<int> {
                            if (n % 10 == 0) co_await async_sleep(0s);
                            co_return n;
                          }),
          batch({.name = "page", .count = 7, .within = 1ms}),
          consumer({.name = "sink", .on = place::blocking}, [&sum](const std::vector<int>& page) {
            for (const int n : page) sum += n;
          })};
}

TEST(borrowed_arena, runs_plain_bodies_whatever_its_slots) {
  for (const int slots : {1, 2, 4}) {
    tbb::task_arena arena(slots, 0);
    runtime rt({.arena = &arena});
    EXPECT_EQ(rt.cpu_workers(), static_cast<std::size_t>(slots));
    for (int i = 0; i < 10; ++i) {
      std::atomic<long> sum{0};
      EXPECT_TRUE(finish(rt, everything(sum, 2000)).ok());
      EXPECT_EQ(sum, 1999 * 1000);
    }
  }
}

TEST(borrowed_arena, may_be_the_arena_in_which_the_caller_waits_elsewhere) {
  tbb::task_arena arena(2, 1);
  runtime rt({.arena = &arena});
  std::atomic<long> sum{0};
  arena.execute([&] { EXPECT_TRUE(finish(rt, everything(sum, 2000)).ok()); });
  EXPECT_EQ(sum, 1999 * 1000);
}

TEST(borrowed_arena, runs_an_inner_run_in_a_body) {
  for (const int slots : {1, 2}) {
    tbb::task_arena arena(slots, 0);
    runtime rt({.arena = &arena});
    std::atomic<long> sum{0};
    EXPECT_TRUE(finish(rt, {"outer", producer({.name = "count"}, std::views::iota(0, 10)),
                            consumer({.name = "nest"}, [&](int) { rt.run(everything(sum, 100)).rethrow(); })})
                    .ok());
    EXPECT_EQ(sum, 10 * 4950);
  }
}

TEST(borrowed_arena, hears_stop_cancel_and_drain) {
  tbb::task_arena arena(1, 0);
  runtime rt({.arena = &arena});
  for (int i = 0; i < 60; ++i) {
    event inside;
    const auto run =
        rt.start({"endless", producer({.name = "count"}, endless()), consumer({.name = "sink"}, [&](int n, context& c) {
                    if (n != 10) return;
                    inside.set();
                    if (i % 3 != 0) wait_until_told(c);
                  })});
    inside.wait();
    if (i % 3 == 0) run.stop();
    if (i % 3 == 1) run.cancel();
    if (i % 3 == 2) run.drain(1ms);
    EXPECT_EQ(finish(run).state(), i % 3 == 0 ? end_state::stopped : end_state::cancelled);
  }
}

TEST(borrowed_arena, may_be_left_by_its_runtime_at_any_time) {
  tbb::task_arena arena(2, 0);
  for (int i = 0; i < 50; ++i) {
    std::atomic<long> sum{0};
    auto rt = std::make_unique<runtime>(runtime_options{.arena = &arena});
    const pipeline line = everything(sum, 1 << 30);
    asio::io_context io;
    std::optional<report> seen;
    rt->async_run(line, {}, asio::bind_executor(io, [&](report r) { seen = std::move(r); }));
    rt.reset();
    io.run_for(patience);
    ASSERT_TRUE(seen);
    expect_adds_up(*seen);
  }
}

}  // namespace
