// A run inside a body of another.
#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <vector>

#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

pipeline sum_below(int end, std::atomic<long>& sum, place where = place::cpu) {
  return {"sum", producer({.name = "count"}, std::views::iota(0, end)),
          transform({.name = "same", .workers = 2, .capacity = 4}, [](int n) { return n; }),
          consumer({.name = "add", .capacity = 4, .on = where}, [&sum](int n) { sum += n; })};
}

TEST(inner_run, works_in_a_body_whatever_the_number_of_workers) {
  for (const std::size_t threads : {1U, 2U, 4U}) {
    for (const auto where : {place::cpu, place::blocking}) {
      for (const std::size_t outer_workers : {1U, 3U}) {
        runtime rt({.cpu_workers = threads});
        std::atomic<long> sum{0};
        const auto r = finish(rt, {"outer", producer({.name = "count"}, std::views::iota(0, 20)),
                                   transform({.name = "nest", .workers = outer_workers, .on = where},
                                             [&](int n) {
                                               expect_adds_up(rt.run(sum_below(100, sum)));
                                               return n;
                                             }),
                                   consumer({.name = "sink"}, [](int) {})});
        EXPECT_TRUE(r.ok());
        EXPECT_EQ(sum, 20 * 4950);
      }
    }
  }
}

TEST(inner_run, may_have_blocking_and_async_stages_on_the_only_worker) {
  runtime rt({.cpu_workers = 1});
  std::atomic<long> sum{0};
  const auto r =
      finish(rt, {"outer", producer({.name = "count"}, std::views::iota(0, 10)), consumer({.name = "nest"}, [&](int) {
                    rt.run({"inner", producer({.name = "count"}, std::views::iota(0, 100)),
                            async_transform({.name = "wait", .workers = 8},
                                            [](int n) -> asio::awaitable<int> {
                                              co_await async_sleep(0s);
                                              co_return n;
                                            }),
                            transform({.name = "same"}, [](int n) { return n; }),
                            consumer({.name = "add", .on = place::blocking}, [&](int n) { sum += n; })})
                        .rethrow();
                  })});
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(sum, 10 * 4950);
}

void nest(runtime& rt, int depth, std::atomic<long>& leaves) {
  const auto r =
      rt.run({"level", producer({.name = "count"}, std::views::iota(0, 3)),
              transform({.name = "same"}, [](int n) { return n; }), consumer({.name = "deeper"}, [&, depth](int) {
                if (depth == 1) {
                  ++leaves;
                } else {
                  nest(rt, depth - 1, leaves);
                }
              })});
  expect_adds_up(r);
  r.rethrow();
}

TEST(inner_run, works_five_deep) {
  for (const std::size_t threads : {1U, 2U}) {
    runtime rt({.cpu_workers = threads});
    std::atomic<long> leaves{0};
    nest(rt, 5, leaves);
    EXPECT_EQ(leaves, 243);
  }
}

TEST(inner_run, may_be_started_and_waited_for_while_its_body_does_something_else) {
  runtime rt({.cpu_workers = 1});
  std::atomic<long> sum{0};
  const auto r =
      finish(rt, {"outer", producer({.name = "count"}, std::views::iota(0, 5)), consumer({.name = "nest"}, [&](int) {
                    const auto a = rt.start(sum_below(100, sum));
                    const auto b = rt.start(sum_below(10, sum));
                    static_cast<void>(b.wait());
                    static_cast<void>(a.wait());
                    static_cast<void>(a.wait());
                  })});
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(sum, 5 * (4950 + 45));
}

TEST(inner_run, that_is_not_waited_for_is_cancelled_and_joined_when_its_handle_goes) {
  runtime rt({.cpu_workers = 1});
  const auto r = finish(
      rt, {"outer", producer({.name = "count"}, std::views::iota(0, 5)), consumer({.name = "nest"}, [&](int) {
             const auto inner =
                 rt.start({"endless", producer({.name = "count"}, endless()), consumer({.name = "sink"}, [](int) {})});
           })});
  EXPECT_TRUE(r.ok());
}

TEST(inner_run, hears_the_cancel_of_the_outer) {
  for (const std::size_t threads : {1U, 2U}) {
    runtime rt({.cpu_workers = threads});
    event inside;
    std::optional<end_state> inner;
    const auto outer =
        rt.start({"outer", producer({.name = "count"}, endless()), consumer({.name = "nest"}, [&](int) {
                    const auto r =
                        rt.run({"inner", producer({.name = "count"}, endless()), consumer({.name = "sink"}, [&](int n) {
                                  if (n == 1000) inside.set();
                                })});
                    expect_adds_up(r);
                    inner = r.state();
                  })});
    inside.wait();
    outer.cancel();
    EXPECT_EQ(finish(outer).state(), end_state::cancelled);
    EXPECT_EQ(inner, end_state::cancelled);
  }
}

TEST(inner_run, hears_a_cancel_that_came_before_it_was_started) {
  runtime rt({.cpu_workers = 1});
  std::optional<end_state> inner;
  const auto r = finish(
      rt,
      {"outer", producer({.name = "count"}, endless()), consumer({.name = "nest"}, [&](int, context& c) {
         c.cancel();
         inner =
             rt.run({"inner", producer({.name = "count"}, endless()), consumer({.name = "sink"}, [](int) {})}).state();
       })});
  EXPECT_EQ(r.state(), end_state::cancelled);
  EXPECT_EQ(inner, end_state::cancelled);
}

TEST(inner_run, does_not_hear_a_stop_of_the_outer_because_it_is_work_that_was_accepted) {
  runtime rt({.cpu_workers = 1});
  std::atomic<long> sum{0};
  const auto r = finish(rt, {"outer", producer({.name = "count"}, endless()),
                             consumer({.name = "nest", .capacity = 2}, [&](int n, context& c) {
                               if (n > 0) return;
                               c.stop();
                               EXPECT_TRUE(rt.run(sum_below(1000, sum)).ok());
                             })});
  EXPECT_EQ(r.state(), end_state::stopped);
  EXPECT_EQ(sum, 499'500);
}

TEST(inner_run, that_fails_and_is_waited_for_fails_the_outer_with_the_same_exception) {
  for (const std::size_t threads : {1U, 2U}) {
    runtime rt({.cpu_workers = threads});
    const pipeline bad{"inner", producer({.name = "count"}, std::views::iota(0, 10)),
                       consumer({.name = "sink"}, [](int n) {
                         if (n == 5) throw std::out_of_range("the sixth");
                       })};
    const auto outer = rt.start({"outer", producer({.name = "count"}, endless()), consumer({.name = "nest"}, [&](int) {
                                   const auto inner = rt.start(bad);
                                   static_cast<void>(inner.wait());
                                 })});
    const auto r = finish(outer);
    EXPECT_EQ(r.state(), end_state::failed);
    EXPECT_THROW(r.rethrow(), std::out_of_range);
  }
}

TEST(inner_run, in_an_async_body_is_awaited_and_hears_the_cancel_of_the_outer) {
  runtime rt({.cpu_workers = 1});
  event inside;
  const pipeline inner{"inner", producer({.name = "count"}, endless()), consumer({.name = "sink"}, [&](int n) {
                         if (n == 1000) inside.set();
                       })};
  const auto outer = rt.start({"outer", producer({.name = "count"}, std::views::iota(0, 3)),
                               async_consumer({.name = "nest", .workers = 3}, [&](int) -> asio::awaitable<void> {
                                 co_await async_sleep(0s);
                                 static_cast<void>(co_await rt.async_run(inner, {}, asio::use_awaitable));
                               })});
  inside.wait();
  outer.cancel();
  EXPECT_EQ(finish(outer).state(), end_state::cancelled);
}

TEST(inner_run, of_another_runtime_works_too) {
  runtime outer_rt({.cpu_workers = 1});
  runtime inner_rt({.cpu_workers = 1});
  std::atomic<long> sum{0};
  const auto r = finish(outer_rt, {"outer", producer({.name = "count"}, std::views::iota(0, 3)),
                                   consumer({.name = "nest", .on = place::blocking},
                                            [&](int) { inner_rt.run(sum_below(100, sum)).rethrow(); })});
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(sum, 3 * 4950);
}

TEST(live_run, is_cancelled_and_joined_when_its_handle_goes) {
  runtime rt({.cpu_workers = 2});
  std::atomic<bool> gone{false};
  std::atomic<long> after{0};
  for (int i = 0; i < 50; ++i) {
    gone = false;
    event inside;
    {
      const auto run =
          rt.start({"endless", producer({.name = "count"}, endless()),
                    transform({.name = "same", .workers = 2, .capacity = 3}, [](int n) { return n; }),
                    consumer({.name = "sink", .on = i % 2 == 0 ? place::cpu : place::blocking}, [&](int n) {
                      if (gone) ++after;
                      if (n == 3) inside.set();
                    })});
      if (i % 3 != 0) inside.wait();
    }
    gone = true;
  }
  EXPECT_EQ(after, 0) << "nothing of a run runs after its handle has gone";
}

TEST(live_run, may_be_destroyed_in_one_of_its_own_bodies) {
  for (const auto where : {place::cpu, place::blocking}) {
    event destroyed;
    {
      runtime rt({.cpu_workers = 1});
      run itself;
      event assigned;
      itself = rt.start(
          {"suicide", producer({.name = "count"}, endless()), consumer({.name = "sink", .on = where}, [&](int n) {
             if (n != 0) return;
             assigned.wait();
             itself = run();
             destroyed.set();
           })});
      assigned.set();
      destroyed.wait();
    }
  }
}

TEST(live_run, may_be_destroyed_in_one_of_its_own_async_bodies_also_after_a_wait) {
  for (const bool waits : {false, true}) {
    event destroyed;
    {
      runtime rt({.cpu_workers = 1});
      run itself;
      event assigned;
      itself = rt.start({"suicide", producer({.name = "count"}, endless()),
                         async_consumer({.name = "sink", .workers = 2}, [&, waits](int n) -> asio::awaitable<void> {
                           if (n != 0) co_return;
                           assigned.wait();
                           if (waits) co_await async_sleep(1ms);
                           itself = run();
                           destroyed.set();
                         })});
      assigned.set();
      destroyed.wait();
    }
  }
}

TEST(live_run, may_end_by_its_alarm_while_the_runtime_goes) {
  for (int i = 0; i < 300; ++i) {
    asio::io_context io;
    stop_source parent;
    bool told = false;
    {
      event inside;
      runtime rt({.cpu_workers = 1});
      rt.async_run({"drained", producer({.name = "give"}, std::vector<int>{1}),
                    consumer({.name = "wait"},
                             [&](int, context& c) {
                               inside.set();
                               wait_until_told(c);
                             })},
                   {.stop = parent.token(), .drain_within = 0s}, asio::bind_executor(io, [&](report) { told = true; }));
      inside.wait();
      parent.request_stop(stop_reason::stop);
    }
    io.run_for(patience);
    ASSERT_TRUE(told);
  }
}

TEST(live_run, is_cancelled_and_waited_for_when_the_runtime_goes) {
  for (int i = 0; i < 20; ++i) {
    asio::io_context io;
    std::vector<report> ended;
    event inside;
    {
      runtime rt({.cpu_workers = 2});
      const pipeline line{"endless", producer({.name = "count"}, endless()),
                          async_transform({.name = "wait"},
                                          [](int n) -> asio::awaitable<int> {
                                            co_await async_sleep(0s);
                                            co_return n;
                                          }),
                          consumer({.name = "sink", .on = place::blocking}, [&](int n) {
                            if (n == 10) inside.set();
                          })};
      for (int k = 0; k < 3; ++k)
        rt.async_run(line, {}, asio::bind_executor(io, [&](report r) { ended.push_back(std::move(r)); }));
      inside.wait();
    }
    io.run_for(patience);
    ASSERT_EQ(ended.size(), 3U);
    for (const auto& r : ended) {
      expect_adds_up(r);
      EXPECT_EQ(r.state(), end_state::cancelled) << (r.errors.empty() ? "" : r.errors[0].message);
    }
  }
}

}  // namespace
