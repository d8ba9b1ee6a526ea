// From a queue into a run, and from a run into a queue.
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

void fill(queue<int>& q, int count) {
  for (int n = 0; n < count; ++n) {
    int item = n;
    ASSERT_TRUE(q.put(std::move(item)));
  }
}

/// Every item was paid for, exactly once: nothing is unfinished, and one payment more would be refused.
template <class T>
void expect_paid(queue<T>& q) {
  EXPECT_EQ(q.snapshot().unfinished, 0U);
  EXPECT_TRUE(q.join(within(0s)));
  EXPECT_THROW(q.task_done(), error);
}

TEST(queue_source, gives_all_items_in_order_and_ends_when_the_queue_is_closed) {
  for (const std::size_t threads : {1U, 2U}) {
    for (const std::size_t capacity : {1U, 7U, 1024U}) {
      runtime rt({.cpu_workers = threads});
      queue<int> q(16);
      std::vector<int> got;
      const auto run = rt.start({"out", producer({.name = "queue"}, q),
                                 consumer({.name = "sink", .capacity = capacity}, [&](int n) { got.push_back(n); })});
      fill(q, 5000);
      q.close();
      const auto r = finish(run);
      EXPECT_TRUE(r.ok());
      EXPECT_TRUE(std::ranges::equal(got, std::views::iota(0, 5000)));
      expect_paid(q);
    }
  }
}

TEST(queue_source, of_a_closed_and_empty_queue_is_an_empty_input) {
  runtime rt({.cpu_workers = 1});
  queue<int> q(16);
  q.close();
  EXPECT_TRUE(finish(rt, {"out", producer({.name = "queue"}, q), consumer({.name = "sink"}, [](int) {})}).ok());
}

TEST(queue_source, pays_for_an_item_only_when_all_that_was_made_of_it_is_gone) {
  runtime rt({.cpu_workers = 2});
  queue<int> q(16);
  event inside, go_on;
  const auto run = rt.start({"out", producer({.name = "queue"}, q),
                             flat_map({.name = "split"}, [](int n) { return std::vector(3, n); }),
                             consumer({.name = "sink"}, [&, seen = 0](int) mutable {
                               if (++seen < 3) return;
                               inside.set();
                               go_on.wait();
                             })});
  fill(q, 1);
  inside.wait();
  EXPECT_EQ(q.snapshot().unfinished, 1U);
  go_on.set();
  EXPECT_TRUE(q.join(within(patience)));
  q.close();
  EXPECT_TRUE(finish(run).ok());
}

/// A queue through `line`, given 300 items; every one of them must be paid for in the end.
template <class... Stages>
checked_report paid_through(std::size_t threads, Stages... stages) {
  runtime rt({.cpu_workers = threads});
  queue<int> q(32);
  const auto run = rt.start({"paid", producer({.name = "queue"}, q), std::move(stages)...});
  fill(q, 300);
  EXPECT_TRUE(q.join(within(patience))) << "join returns while the run goes on";
  q.close();
  auto r = finish(run);
  expect_paid(q);
  return r;
}

TEST(queue_source, pays_exactly_once_for_every_outcome) {
  const auto odd_is_bad = [](int n) {
    if (n % 2 == 1) throw std::runtime_error("odd");
    return n;
  };
  const auto sink = consumer({.name = "sink", .capacity = 4}, [](int) {});
  for (const std::size_t threads : {1U, 2U}) {
    for (const std::size_t workers : {1U, 3U}) {
      for (const auto ordering : {order::any, order::kept}) {
        SCOPED_TRACE(std::to_string(threads) + " threads, " + std::to_string(workers) + " workers, order " +
                     (ordering == order::any ? "any" : "kept"));
        const transform_options how{
            .name = "mid", .workers = workers, .capacity = 5, .order = ordering, .on_error = skip};
        paid_through(threads, transform(how, [](int n) { return n; }), sink);
        paid_through(threads, transform(how, odd_is_bad), sink);
        paid_through(threads, filter(how, [](int n) { return n % 3 == 0; }), sink);
        paid_through(threads, filter(how, [=](int n) { return odd_is_bad(n) % 3 == 0; }), sink);
        paid_through(threads, filter_map(how, [](int n) { return n % 3 == 0 ? std::optional(n) : std::nullopt; }),
                     sink);
        paid_through(threads, flat_map(how, [](int n) { return std::vector<int>(static_cast<std::size_t>(n % 4)); }),
                     sink);
        paid_through(threads,
                     flat_map(how, [=](int n) { return std::vector<int>(static_cast<std::size_t>(odd_is_bad(n))); }),
                     sink);
        const async_transform_options await{
            .name = "mid", .workers = workers, .capacity = 5, .order = ordering, .on_error = skip};
        paid_through(threads,
                     async_transform(await,
                                     [](int n) -> asio::awaitable<int> {
                                       if (n % 2 == 0) co_await async_sleep(0s);
                                       co_return n;
                                     }),
                     sink);
        paid_through(threads, async_transform(await, [=](int n) -> asio::awaitable<int> { co_return odd_is_bad(n); }),
                     sink);
      }
      paid_through(threads,
                   consumer({.name = "sink", .workers = workers, .on_error = skip}, [=](int n) { odd_is_bad(n); }));
      paid_through(threads, async_consumer({.name = "sink", .workers = workers, .on_error = skip},
                                           [=](int n) -> asio::awaitable<void> {
                                             co_await async_sleep(0s);
                                             odd_is_bad(n);
                                           }));
    }
    paid_through(threads, flat_map({.name = "split"}, [](int n) { return std::vector(3, n); }),
                 flat_map({.name = "again"}, [](int n) { return std::vector(2, n); }),
                 batch({.name = "page", .count = 7, .within = 1ms}),
                 transform({.name = "first"}, [](const std::vector<int>& v) { return v.front(); }), sink);
    paid_through(threads, batch({.name = "page", .count = 10}),
                 consumer({.name = "sink"}, [](const std::vector<int>&) {}));
  }
}

TEST(queue_source, pays_for_what_a_cancel_drops) {
  for (int i = 0; i < 50; ++i) {
    runtime rt({.cpu_workers = 2});
    queue<int> q(64);
    fill(q, 64);
    event inside;
    const auto run = rt.start({"paid", producer({.name = "queue"}, q),
                               flat_map({.name = "split", .capacity = 8}, [](int n) { return std::vector(3, n); }),
                               batch({.name = "page", .count = 5, .capacity = 8}),
                               consumer({.name = "sink", .capacity = 2}, [&](const std::vector<int>&, context& c) {
                                 inside.set();
                                 wait_until_told(c);
                               })});
    inside.wait();
    run.cancel();
    const auto r = finish(run);
    EXPECT_EQ(r.state(), end_state::cancelled);
    const auto left = q.snapshot();
    EXPECT_EQ(left.unfinished, left.size) << "only what is still in the queue is owed";
    EXPECT_EQ(r.stage("queue").in + left.size, 64U);
    q.cancel();
    expect_paid(q);
  }
}

TEST(queue_source, fails_the_run_with_the_error_that_closed_the_queue_after_the_items_before_it) {
  runtime rt({.cpu_workers = 2});
  queue<int> q(2000);
  fill(q, 1000);
  q.close(std::make_exception_ptr(std::out_of_range("broken")));
  long got = 0;
  const auto r =
      finish(rt, {"out", producer({.name = "queue"}, q), transform({.name = "same"}, [](int n) { return n; }),
                  consumer({.name = "sink"}, [&](int) { ++got; })});
  EXPECT_EQ(got, 1000);
  EXPECT_EQ(r.state(), end_state::failed);
  EXPECT_EQ(r.dropped(), 0U);
  EXPECT_THROW(r.rethrow(), std::out_of_range);
  EXPECT_EQ(r.errors.at(0).stage, "queue");
  EXPECT_FALSE(r.errors.at(0).of_item);
}

TEST(queue_source, fails_the_run_also_when_the_error_comes_while_it_waits) {
  runtime rt({.cpu_workers = 1});
  queue<int> q(8);
  event seen;
  const auto run =
      rt.start({"out", producer({.name = "queue"}, q), consumer({.name = "sink"}, [&](int) { seen.set(); })});
  fill(q, 1);
  seen.wait();
  q.close(std::make_exception_ptr(std::out_of_range("broken")));
  EXPECT_EQ(finish(run).state(), end_state::failed);
}

TEST(queue_source, that_waits_in_an_empty_queue_ends_at_a_stop_and_at_a_cancel_and_leaves_the_queue_usable) {
  for (int i = 0; i < 100; ++i) {
    runtime rt({.cpu_workers = 1});
    queue<int> q(8);
    const auto run = rt.start({"out", producer({.name = "queue"}, q), consumer({.name = "sink"}, [](int) {})});
    if (i % 4 >= 2) {
      fill(q, 1);
      EXPECT_TRUE(q.join(within(patience)));
    }
    i % 2 == 0 ? run.stop() : run.cancel();
    EXPECT_EQ(finish(run).state(), i % 2 == 0 ? end_state::stopped : end_state::cancelled);
    EXPECT_EQ(q.snapshot().waiting_getters, 0U);
    fill(q, 1);
    EXPECT_EQ(*q.get(), 0);
    q.task_done();
    expect_paid(q);
  }
}

TEST(queue_source, loses_no_item_when_a_stop_meets_a_put) {
  for (int i = 0; i < 300; ++i) {
    runtime rt({.cpu_workers = 1});
    queue<int> q(8);
    std::atomic<long> got{0};
    const auto run = rt.start({"out", producer({.name = "queue"}, q), consumer({.name = "sink"}, [&](int) { ++got; })});
    std::jthread putting([&] { fill(q, 5); });
    run.stop();
    const auto r = finish(run);
    putting.join();
    EXPECT_EQ(r.state(), end_state::stopped);
    const auto left = q.snapshot();
    EXPECT_EQ(static_cast<std::size_t>(got) + left.size, 5U);
    EXPECT_EQ(left.unfinished, left.size);
  }
}

TEST(queue_source, may_be_shared_by_several_runs) {
  runtime rt({.cpu_workers = 2});
  queue<int> q(8);
  std::atomic<long> sum{0};
  const pipeline line{"out", producer({.name = "queue"}, q), consumer({.name = "sink"}, [&](int n) { sum += n; })};
  const auto a = rt.start(line);
  const auto b = rt.start(line);
  fill(q, 2000);
  EXPECT_TRUE(q.join(within(patience)));
  q.close();
  const auto ra = finish(a);
  const auto rb = finish(b);
  EXPECT_EQ(ra.stage("sink").done + rb.stage("sink").done, 2000U);
  EXPECT_EQ(sum, 1999 * 1000);
  expect_paid(q);
}

TEST(queue_source, ends_when_its_queue_was_destroyed_before_or_during_the_run) {
  runtime rt({.cpu_workers = 1});
  auto q = std::make_unique<queue<int>>(8);
  event seen;
  const pipeline line{"out", producer({.name = "queue"}, *q), consumer({.name = "sink"}, [&](int) { seen.set(); })};
  const auto during = rt.start(line);
  fill(*q, 1);
  seen.wait();
  q.reset();
  finish(during);
  finish(rt, line);
}

TEST(queue_sink, puts_everything_in_order_and_does_not_close_the_queue) {
  for (const std::size_t threads : {1U, 2U}) {
    runtime rt({.cpu_workers = threads});
    queue<int> q(4);
    const auto run = rt.start({"in", producer({.name = "count"}, std::views::iota(0, 5000)),
                               consumer({.name = "queue", .capacity = 3}, into(q))});
    for (int n = 0; n < 5000; ++n) {
      const auto got = q.get(within(patience));
      ASSERT_TRUE(got);
      ASSERT_EQ(*got, n);
    }
    const auto r = finish(run);
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r.stage("queue").done, 5000U);
    int more = 7;
    EXPECT_TRUE(q.put(std::move(more)));
  }
}

TEST(queue_sink, whose_queue_is_closed_leaves_and_what_comes_before_it_ends) {
  for (int i = 0; i < 100; ++i) {
    runtime rt({.cpu_workers = 2});
    queue<int> q(4);
    const auto run = rt.start({"in", producer({.name = "count"}, endless()),
                               transform({.name = "same", .workers = 2}, [](int n) { return n; }),
                               consumer({.name = "queue", .capacity = 3}, into(q))});
    if (i % 2 == 0) {
      EXPECT_TRUE(q.get(within(patience)));
    }
    q.close();
    const auto r = finish(run);
    EXPECT_EQ(r.state(), end_state::completed) << "a reader that has enough is no error";
    EXPECT_GT(r.dropped(), 0U);
    EXPECT_EQ(r.stage("queue").done, q.snapshot().size + (i % 2 == 0 ? 1 : 0));
    EXPECT_EQ(q.snapshot().waiting_putters, 0U);
  }
}

TEST(queue_sink, whose_queue_is_cancelled_or_destroyed_leaves) {
  for (const bool destroys : {false, true}) {
    runtime rt({.cpu_workers = 2});
    auto q = std::make_unique<queue<int>>(4);
    const pipeline line{"in", producer({.name = "count"}, endless()), consumer({.name = "queue"}, into(*q))};
    const auto run = rt.start(line);
    EXPECT_TRUE(q->get(within(patience)));
    destroys ? q.reset() : static_cast<void>(q->cancel());
    finish(run);
    finish(rt, line);
  }
}

TEST(queue_sink, that_waits_at_a_full_queue_finishes_on_a_stop_when_there_is_room_again) {
  runtime rt({.cpu_workers = 1});
  queue<int> q(1);
  const auto run =
      rt.start({"in", producer({.name = "count"}, endless()), consumer({.name = "queue", .capacity = 2}, into(q))});
  EXPECT_TRUE(q.get(within(patience)));
  run.stop();
  long got = 1;
  while (!run.wait_for(0s)) got += q.get(within(1ms)).state() == state::ok;
  while (q.try_get()) ++got;
  const auto r = finish(run);
  EXPECT_EQ(r.state(), end_state::stopped);
  EXPECT_EQ(r.stage("count").done, static_cast<std::uint64_t>(got));
}

TEST(queue_sink, that_waits_at_a_full_queue_gives_up_when_the_drain_runs_out) {
  runtime rt({.cpu_workers = 1});
  queue<int> q(1);
  const auto run =
      rt.start({"in", producer({.name = "count"}, endless()), consumer({.name = "queue", .capacity = 2}, into(q))});
  EXPECT_TRUE(q.get(within(patience)));
  while (q.snapshot().waiting_putters == 0) std::this_thread::yield();
  run.drain(5ms);
  const auto r = finish(run);
  EXPECT_EQ(r.state(), end_state::cancelled);
  EXPECT_EQ(r.reason, stop_reason::deadline);
  EXPECT_EQ(q.snapshot().waiting_putters, 0U);
  EXPECT_EQ(r.stage("queue").done, 1U + q.snapshot().size);
}

TEST(queues, join_runs_to_one_line_and_every_item_is_paid_for) {
  runtime rt({.cpu_workers = 2});
  // [joined]
  queue<std::unique_ptr<int>> a(8), b(3);
  std::atomic<long> sum{0};
  const auto first = rt.start({"first", producer({.name = "a"}, a), consumer({.name = "b"}, into(b))});
  const auto second = rt.start(
      {"second", producer({.name = "b"}, b),
       transform({.name = "read", .workers = 2, .order = order::kept}, [](std::unique_ptr<int> p) { return *p; }),
       consumer({.name = "sink"}, [&](int n) { sum += n; })});
  for (int n = 0; n < 3000; ++n) ASSERT_TRUE(a.put(std::make_unique<int>(n)));
  EXPECT_TRUE(a.join(within(patience)));
  EXPECT_TRUE(b.join(within(patience)));
  EXPECT_EQ(sum, 2999 * 1500);
  a.close();
  EXPECT_TRUE(finish(first).ok());
  b.close();
  // [/joined]
  EXPECT_TRUE(finish(second).ok());
  expect_paid(a);
  expect_paid(b);
}

}  // namespace
