// Waiting for a run, on threads and in coroutines, and its report before and after the end.
#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

struct gated {
  event inside;
  event go_on;
  pipeline line{"gated", producer({.name = "count"}, std::views::iota(0, 100)),
                consumer({.name = "sink"}, [this](int n) {
                  if (n != 40) return;
                  inside.set();
                  go_on.wait();
                })};
};

// [throwing]
pipeline throwing(int at) {
  return {"throwing", producer({.name = "count"}, std::views::iota(0, 100)), consumer({.name = "sink"}, [at](int n) {
            if (n == at) throw std::out_of_range("item " + std::to_string(n));
          })};
}
// [/throwing]

TEST(wait, says_the_same_again_and_again) {
  runtime rt({.cpu_workers = 2});
  const auto run = rt.start(
      {"short", producer({.name = "count"}, std::views::iota(0, 100)), consumer({.name = "sink"}, [](int) {})});
  const auto first = run.wait();
  const auto second = run.wait();
  expect_adds_up(first);
  EXPECT_EQ(first.json(), second.json());
  EXPECT_EQ(first.json(), run.report().json());
}

TEST(wait, throws_what_failed_the_run_again_and_again) {
  runtime rt({.cpu_workers = 2});
  // [rethrown]
  const auto run = rt.start(throwing(7));
  for (int i = 0; i < 3; ++i) {
    try {
      static_cast<void>(run.wait());
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::out_of_range& e) {
      EXPECT_STREQ(e.what(), "item 7");
    }
  }
  // [/rethrown]
}

TEST(wait, may_be_done_by_many_threads_at_once) {
  runtime rt({.cpu_workers = 2});
  gated it;
  const auto run = rt.start(it.line);
  std::atomic<int> ends{0};
  {
    std::vector<std::jthread> waiting;
    for (int i = 0; i < 8; ++i) waiting.emplace_back([&] { ends += run.wait().ok(); });
    it.inside.wait();
    it.go_on.set();
  }
  EXPECT_EQ(ends, 8);
}

TEST(wait_for, says_whether_the_run_has_ended) {
  runtime rt({.cpu_workers = 2});
  gated it;
  const auto run = rt.start(it.line);
  it.inside.wait();
  EXPECT_FALSE(run.wait_for(0s));
  EXPECT_FALSE(run.wait_for(-1s));
  EXPECT_FALSE(run.wait_for(1ms));
  it.go_on.set();
  EXPECT_TRUE(run.wait_for(duration::max()));
  EXPECT_TRUE(run.wait_for(0s));
}

TEST(report, of_a_live_run_is_a_snapshot_that_names_the_stage_that_still_runs) {
  runtime rt({.cpu_workers = 2});
  gated it;
  const auto run = rt.start(it.line);
  it.inside.wait();
  const auto live = run.report();
  EXPECT_FALSE(live.ended);
  EXPECT_FALSE(live.ok());
  EXPECT_EQ(live.stages.size(), 2U);
  EXPECT_LE(live.stage("sink").done, 40U);
  it.go_on.set();
  EXPECT_EQ(finish(run).stage("sink").done, 100U);
}

TEST(report, of_a_live_run_shows_a_body_under_way_as_in_flight) {
  runtime rt({.cpu_workers = 1});
  event inside, go_on;
  const auto run =
      rt.start({"one", producer({.name = "give"}, std::vector<int>{1}), consumer({.name = "sink"}, [&](int) {
                  inside.set();
                  go_on.wait();
                })});
  inside.wait();
  EXPECT_EQ(run.report().stage("sink").in_flight(), 1U);
  go_on.set();
  EXPECT_EQ(finish(run).stage("sink").in_flight(), 0U);
}

template <class Coroutine>
void on_a_context(Coroutine coroutine) {
  asio::io_context io;
  std::exception_ptr error;
  asio::co_spawn(io, std::move(coroutine), [&](std::exception_ptr e) { error = e; });
  io.run_for(patience);
  ASSERT_TRUE(io.stopped()) << "the coroutine did not end";
  if (error) std::rethrow_exception(error);
}

TEST(async_wait, gives_the_report_to_a_coroutine) {
  runtime rt({.cpu_workers = 2});
  gated it;
  const auto run = rt.start(it.line);
  it.inside.wait();
  bool seen = false;
  it.go_on.set();
  on_a_context([&]() -> asio::awaitable<void> {
    const auto r = co_await run.async_wait();
    expect_adds_up(r);
    const auto again = co_await run.async_wait();
    EXPECT_EQ(r.json(), again.json());
    seen = true;
  });
  EXPECT_TRUE(seen);
}

TEST(async_wait, throws_what_failed_the_run) {
  runtime rt({.cpu_workers = 2});
  const auto run = rt.start(throwing(99));
  EXPECT_THROW(on_a_context([&]() -> asio::awaitable<void> { static_cast<void>(co_await run.async_wait()); }),
               std::out_of_range);
}

TEST(async_wait, gives_the_report_of_a_failed_run_to_a_handler) {
  runtime rt({.cpu_workers = 2});
  const auto run = rt.start(throwing(99));
  asio::io_context io;
  std::optional<report> seen;
  run.async_wait(asio::bind_executor(io, [&](report r) { seen = std::move(r); }));
  io.run_for(patience);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->state(), end_state::failed);
}

TEST(async_wait, that_is_cancelled_leaves_the_run_alone) {
  runtime rt({.cpu_workers = 2});
  gated it;
  const auto run = rt.start(it.line);
  it.inside.wait();
  asio::io_context io;
  asio::cancellation_signal cancel;
  asio::co_spawn(
      io, [&]() -> asio::awaitable<void> { static_cast<void>(co_await run.async_wait()); },
      asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
  asio::post(io, [&] {
    cancel.emit(asio::cancellation_type::terminal);
    EXPECT_FALSE(run.stop_requested());
    it.go_on.set();
  });
  io.run_for(patience);
  EXPECT_TRUE(finish(run).ok());
}

TEST(async_run, gives_the_report_to_a_coroutine) {
  runtime rt({.cpu_workers = 2});
  // [awaited]
  long sum = 0;
  on_a_context([&]() -> asio::awaitable<void> {
    const pipeline line{"sum", producer({.name = "count"}, std::views::iota(0, 100)),
                        consumer({.name = "add"}, [&](int n) { sum += n; })};
    const auto r = co_await rt.async_run(line, {}, asio::use_awaitable);
    expect_adds_up(r);
    EXPECT_TRUE(r.ok());
  });
  EXPECT_EQ(sum, 4950);
  // [/awaited]
}

TEST(async_run, whose_operation_is_cancelled_cancels_the_run_and_completes_when_that_has_ended) {
  runtime rt({.cpu_workers = 2});
  asio::io_context io;
  asio::cancellation_signal cancel;
  event inside;
  std::optional<report> seen;
  const pipeline line{"stuck", producer({.name = "count"}, endless()), consumer({.name = "sink"}, [&](int, context& c) {
                        inside.set();
                        wait_until_told(c);
                      })};
  rt.async_run(
      line, {},
      asio::bind_cancellation_slot(cancel.slot(), asio::bind_executor(io, [&](report r) { seen = std::move(r); })));
  inside.wait();
  cancel.emit(asio::cancellation_type::terminal);
  io.run_for(patience);
  ASSERT_TRUE(seen);
  expect_adds_up(*seen);
  EXPECT_EQ(seen->state(), end_state::cancelled);
}

TEST(async_run, throws_from_the_await_for_a_declaration_that_cannot_work) {
  runtime rt({.cpu_workers = 1});
  EXPECT_THROW(on_a_context([&]() -> asio::awaitable<void> {
                 const pipeline line{"bad", producer({.name = "same"}, endless()),
                                     consumer({.name = "same"}, [](int) {})};
                 static_cast<void>(co_await rt.async_run(line, {}, asio::use_awaitable));
               }),
               declaration_error);
}

TEST(wait, on_a_cpu_worker_of_another_run_is_refused) {
  runtime rt({.cpu_workers = 2});
  gated it;
  const auto other = rt.start(it.line);
  it.inside.wait();
  std::error_code wait_code, wait_for_code;
  finish(rt, {"asks", producer({.name = "give"}, std::vector<int>{1}), consumer({.name = "ask"}, [&](int) {
                try {
                  static_cast<void>(other.wait());
                } catch (const std::system_error& e) {
                  wait_code = e.code();
                }
                try {
                  static_cast<void>(other.wait_for(1h));
                } catch (const std::system_error& e) {
                  wait_for_code = e.code();
                }
              })});
  EXPECT_EQ(wait_code, std::errc::resource_deadlock_would_occur);
  EXPECT_EQ(wait_for_code, std::errc::resource_deadlock_would_occur);
  it.go_on.set();
  finish(other);
}

TEST(wait, on_an_io_worker_is_refused_and_so_is_run) {
  runtime rt({.cpu_workers = 2});
  gated it;
  const auto other = rt.start(it.line);
  it.inside.wait();
  std::error_code wait_code, run_code;
  finish(rt, {"asks", producer({.name = "give"}, std::vector<int>{1}),
              async_consumer({.name = "ask"}, [&](int) -> asio::awaitable<void> {
                co_await async_sleep(0s);
                try {
                  static_cast<void>(other.wait());
                } catch (const std::system_error& e) {
                  wait_code = e.code();
                }
                try {
                  static_cast<void>(rt.run(throwing(0)));
                } catch (const std::system_error& e) {
                  run_code = e.code();
                }
              })});
  EXPECT_EQ(wait_code, std::errc::resource_deadlock_would_occur);
  EXPECT_EQ(run_code, std::errc::resource_deadlock_would_occur);
  it.go_on.set();
  finish(other);
}

TEST(wait, in_a_body_for_the_run_that_the_body_belongs_to_is_refused_also_on_a_blocking_thread) {
  runtime rt({.cpu_workers = 2});
  for (const auto where : {place::cpu, place::blocking}) {
    std::promise<const run*> itself;
    auto known = itself.get_future().share();
    std::error_code code;
    run r = rt.start(
        {"asks", producer({.name = "give"}, std::vector<int>{1}), consumer({.name = "ask", .on = where}, [&](int) {
           try {
             static_cast<void>(known.get()->wait());
           } catch (const std::system_error& e) {
             code = e.code();
           }
         })});
    itself.set_value(&r);
    EXPECT_TRUE(finish(r).ok());
    EXPECT_EQ(code, std::errc::resource_deadlock_would_occur);
  }
}

}  // namespace
