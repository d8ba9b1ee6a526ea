// Behaviours that CPython's suites of its two queues check, restated for ours with every way to wait:
//   python/cpython, Lib/test/test_queue.py (BaseQueueTestMixin, FailingQueueTest)
//   python/cpython, Lib/test/test_asyncio/test_queues.py (QueueBasicTests, QueueGetTests, QueuePutTests,
//   _QueueJoinTestMixin, _QueueShutdownTestMixin)
//
// Not ours: LifoQueue, PriorityQueue and SimpleQueue (other queues); a maxsize of 0, below 0 or a fraction (0 is
// refused, and `unbounded` has to be written); repr, format, generic aliases, pickling and event loops; queues whose
// own _put or _get throws (moving an item must not throw); iteration over a queue. Differs: after an immediate shutdown
// theirs refuses task_done and join, ours takes both, because items that were taken before still owe their task_done.
#include "waiters.hpp"

namespace conformance {
namespace {

template <class Wait>
class python_queue : public queue_suite<Wait> {};
TYPED_TEST_SUITE(python_queue, some_ways_to_wait);

// ---- both suites: basics ----

TYPED_TEST(python_queue, can_be_filled_and_emptied_twice_over_with_every_kind_of_call) {
  constexpr int size = 5;
  typename TestFixture::queue q(size);
  for (int twice = 0; twice < 2; ++twice) {
    EXPECT_TRUE(q.now().empty());
    ASSERT_TRUE(q.put(111));
    ASSERT_TRUE(q.put(222));
    EXPECT_EQ(*q.get(), 111);
    EXPECT_EQ(*q.get(), 222);
    for (int i = 0; i < size - 1; ++i) {
      ASSERT_TRUE(q.put(int{i}));
      EXPECT_FALSE(q.now().empty());
    }
    EXPECT_FALSE(q.now().full());
    ASSERT_TRUE(q.put(99));
    EXPECT_TRUE(q.now().full());
    EXPECT_EQ(q.try_put(100).how, answer::full);
    EXPECT_EQ(q.put(100, {.within = 1ms}).how, answer::timed_out);
    auto waiting_put = elsewhere([&] { return q.put(100); });
    until_putters_wait(q, 1);
    EXPECT_EQ(*q.get(), 0);
    EXPECT_TRUE(answer_of(waiting_put));
    auto timed_put = elsewhere([&] { return q.put(101, {.within = 1h}); });
    until_putters_wait(q, 1);
    EXPECT_EQ(*q.get(), 1);
    EXPECT_TRUE(answer_of(timed_put));
    for (int i = 0; i < size; ++i) ASSERT_TRUE(q.get());
    EXPECT_TRUE(q.now().empty());
    EXPECT_EQ(q.try_get().how, answer::empty);
    EXPECT_EQ(q.get({.within = 1ms}).how, answer::timed_out);
    auto waiting_get = elsewhere([&] { return q.get(); });
    until_getters_wait(q, 1);
    ASSERT_TRUE(q.put(102));
    EXPECT_EQ(*answer_of(waiting_get), 102);
    auto timed_get = elsewhere([&] { return q.get({.within = 1h}); });
    until_getters_wait(q, 1);
    ASSERT_TRUE(q.put(103));
    EXPECT_EQ(*answer_of(timed_get), 103);
  }
}

TYPED_TEST(python_queue, gives_items_in_the_order_in_which_they_came_not_in_their_own) {
  typename TestFixture::queue q;
  for (const int i : {1, 3, 2}) ASSERT_TRUE(q.try_put(int{i}));
  EXPECT_EQ(all_of(q), (std::vector{1, 3, 2}));
}

TYPED_TEST(python_queue, lets_a_putter_run_ahead_by_its_size_and_no_further) {
  typename TestFixture::queue q(2);
  penstock_tests::count_up have_been_put;
  auto putter = elsewhere([&] {
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(q.put(int{i}));
      have_been_put.add();
    }
  });
  until_putters_wait(q, 1);
  EXPECT_EQ(have_been_put.value(), 2);
  EXPECT_EQ(*q.try_get(), 0);
  answer_of(putter);
  EXPECT_EQ(have_been_put.value(), 3);
  EXPECT_EQ(all_of(q), (std::vector{1, 2}));
}

TYPED_TEST(python_queue, with_a_negative_timeout_does_not_wait) {
  typename TestFixture::queue q(1);
  EXPECT_EQ(q.get({.within = -1s}).how, answer::timed_out);
  ASSERT_TRUE(q.put(1));
  EXPECT_EQ(q.put(2, {.within = -1s}).how, answer::timed_out);
}

TYPED_TEST(python_queue, that_shrinks_below_its_size_wakes_the_putter_for_each_place) {
  typename TestFixture::queue q(2);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(q.put(int{i}));
  auto b = elsewhere([&] { return q.put(2); });
  until_putters_wait(q, 1);
  auto c = elsewhere([&] { return q.put(3); });
  until_putters_wait(q, 2);
  ASSERT_TRUE(q.get());
  EXPECT_TRUE(answer_of(b));
  EXPECT_EQ(q.now().waiting_putters, 1U);
  ASSERT_TRUE(q.get());
  EXPECT_TRUE(answer_of(c));
  EXPECT_EQ(all_of(q), (std::vector{2, 3}));
}

// ---- test_queues.py: waiters that give up ----

TYPED_TEST(python_queue, serves_a_getter_that_had_a_timeout_and_was_in_time) {
  typename TestFixture::queue q;
  auto getter = elsewhere([&] { return q.get({.within = 1h}); });
  until_getters_wait(q, 1);
  ASSERT_TRUE(q.try_put(1));
  EXPECT_EQ(*answer_of(getter), 1);
}

TYPED_TEST(python_queue, gives_the_item_to_the_second_getter_when_the_first_was_cancelled) {
  typename TestFixture::queue q;
  penstock::stop_source first_goes;
  auto first = elsewhere([&] { return q.get({.stop = first_goes.token()}); });
  until_getters_wait(q, 1);
  auto second = elsewhere([&] { return q.get(); });
  until_getters_wait(q, 2);
  first_goes.request_stop();
  EXPECT_EQ(answer_of(first).how, answer::cancelled);
  ASSERT_TRUE(q.try_put(7));
  EXPECT_EQ(*answer_of(second), 7);
}

TYPED_TEST(python_queue, keeps_the_other_putters_when_one_of_them_is_cancelled) {
  typename TestFixture::queue q(1);
  ASSERT_TRUE(q.try_put(1));
  auto b = elsewhere([&] { return q.put(2); });
  until_putters_wait(q, 1);
  penstock::stop_source x_goes;
  auto x = elsewhere([&] { return q.put(666, {.stop = x_goes.token()}); });
  until_putters_wait(q, 2);
  x_goes.request_stop();
  EXPECT_EQ(answer_of(x).how, answer::cancelled);
  EXPECT_EQ(*q.get(), 1);
  EXPECT_TRUE(answer_of(b));
  EXPECT_EQ(all_of(q), (std::vector{2}));
}

TYPED_TEST(python_queue, does_not_block_its_putters_for_ever_when_the_first_of_them_leaves) {
  typename TestFixture::queue q(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(q.try_put(int{i}));
  penstock::stop_source first_goes;
  auto first = elsewhere([&] { return q.put(10, {.stop = first_goes.token()}); });
  until_putters_wait(q, 1);
  auto second = elsewhere([&] { return q.put(11); });
  until_putters_wait(q, 2);
  first_goes.request_stop();
  EXPECT_EQ(answer_of(first).how, answer::cancelled);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(*q.try_get(), i);
  EXPECT_TRUE(answer_of(second));
  ASSERT_TRUE(q.put(12));
  EXPECT_EQ(all_of(q), (std::vector{11, 12}));
}

TYPED_TEST(python_queue, does_not_lose_the_wake_of_a_putter_that_gives_up_just_then) {
  for (int round = 0; round < 60; ++round) {
    typename TestFixture::queue q(1);
    ASSERT_TRUE(q.try_put(0));
    penstock::stop_source goes;
    auto maybe = elsewhere([&] { return q.put(1, {.stop = goes.token()}); });
    until_putters_wait(q, 1);
    auto surely = elsewhere([&] { return q.put(2); });
    until_putters_wait(q, 2);
    std::thread other([&] { goes.request_stop(); });
    EXPECT_EQ(*q.get(), 0);
    other.join();
    if (answer_of(maybe)) {
      EXPECT_EQ(*q.get(), 1);
    }
    EXPECT_TRUE(answer_of(surely));
    EXPECT_EQ(*q.get(), 2);
  }
}

TYPED_TEST(python_queue, lets_every_putter_through_while_getters_come_one_by_one) {
  typename TestFixture::queue q(1);
  std::vector<std::future<adapter::moved>> putters;
  for (int i = 0; i < 5; ++i) putters.push_back(elsewhere([&q, i] { return q.put(int{i}); }));
  int sum = 0;
  for (int i = 0; i < 5; ++i) sum += *q.get();
  EXPECT_EQ(sum, 10);
  for (auto& p : putters) EXPECT_TRUE(answer_of(p));
}

TYPED_TEST(python_queue, gives_an_item_to_a_getter_even_when_a_putter_is_stopped_at_that_moment) {
  typename TestFixture::queue q(1);
  auto getter = elsewhere([&] { return q.get(); });
  until_getters_wait(q, 1);
  ASSERT_TRUE(q.put(1));
  EXPECT_EQ(*answer_of(getter), 1);
  EXPECT_TRUE(q.now().empty()) << "it went from hand to hand";
}

// ---- both suites: join and task_done ----

TYPED_TEST(python_queue, refuses_task_done_when_nothing_was_put) {
  typename TestFixture::queue q;
  EXPECT_THROW(q.task_done(), std::system_error);
}

TYPED_TEST(python_queue, joins_when_two_workers_have_done_a_hundred_items) {
  for (int twice = 0; twice < 2; ++twice) {
    typename TestFixture::queue q;
    std::atomic<int> sum{0};
    std::vector<std::future<void>> workers;
    for (int w = 0; w < 2; ++w) {
      workers.push_back(elsewhere([&] {
        while (auto item = q.get()) {
          sum += *item;
          q.task_done();
        }
      }));
    }
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(q.put(int{i}));
    EXPECT_TRUE(q.join());
    EXPECT_EQ(sum, 4950) << "join came back before all was done";
    EXPECT_TRUE(q.join()) << "and again at once";
    q.close();
    for (auto& w : workers) answer_of(w);
    EXPECT_THROW(q.task_done(), std::system_error);
  }
}

// ---- both suites: shutdown is our close, immediate shutdown our cancel ----

TYPED_TEST(python_queue, that_is_shut_down_while_empty_refuses_both_sides) {
  for (const bool at_once : {false, true}) {
    typename TestFixture::queue q;
    at_once ? q.cancel() : q.close();
    const auto ended_as = at_once ? answer::cancelled : answer::closed;
    EXPECT_EQ(q.put(1).how, ended_as);
    EXPECT_EQ(q.try_put(1).how, ended_as);
    EXPECT_EQ(q.put(1, {.within = 1h}).how, ended_as);
    EXPECT_EQ(q.get().how, ended_as);
    EXPECT_EQ(q.try_get().how, ended_as);
    EXPECT_EQ(q.get({.within = 1h}).how, ended_as);
  }
}

TYPED_TEST(python_queue, that_is_shut_down_gives_what_it_has_and_then_no_more) {
  typename TestFixture::queue q;
  ASSERT_TRUE(q.put(1));
  ASSERT_TRUE(q.try_put(2));
  q.close();
  EXPECT_EQ(*q.get(), 1);
  q.task_done();
  EXPECT_EQ(*q.try_get(), 2);
  q.task_done();
  EXPECT_TRUE(q.join());
  EXPECT_EQ(q.get().how, answer::closed);
}

TYPED_TEST(python_queue, that_is_shut_down_at_once_gives_nothing_and_owes_nothing) {
  typename TestFixture::queue q;
  ASSERT_TRUE(q.put(1));
  ASSERT_TRUE(q.put(2));
  q.cancel();
  EXPECT_EQ(q.get().how, answer::cancelled);
  EXPECT_EQ(q.size(), 0U);
  EXPECT_TRUE(q.join());
}

TYPED_TEST(python_queue, goes_from_alive_to_shut_down_to_shut_down_at_once_and_never_back) {
  typename TestFixture::queue q;
  EXPECT_FALSE(q.now().closed);
  EXPECT_TRUE(q.close());
  EXPECT_TRUE(q.now().closed);
  EXPECT_FALSE(q.now().cancelled);
  EXPECT_TRUE(q.cancel());
  EXPECT_TRUE(q.now().cancelled);
  EXPECT_FALSE(q.close());
  EXPECT_TRUE(q.now().cancelled);
}

TYPED_TEST(python_queue, that_is_shut_down_wakes_putters_and_leaves_none_in_line) {
  for (const bool at_once : {false, true}) {
    typename TestFixture::queue q(2);
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(q.put(int{i}));
    auto putter = elsewhere([&] { return q.put(3); });
    until_putters_wait(q, 1);
    at_once ? q.cancel() : q.close();
    EXPECT_EQ(answer_of(putter).how, at_once ? answer::cancelled : answer::closed);
    EXPECT_EQ(q.now().waiting_putters, 0U);
  }
}

TYPED_TEST(python_queue, that_is_shut_down_wakes_getters_though_an_item_is_still_owed) {
  for (const bool at_once : {false, true}) {
    typename TestFixture::queue q(1);
    ASSERT_TRUE(q.put(1));
    EXPECT_EQ(*q.get(), 1);
    auto getter = elsewhere([&] { return q.get(); });
    until_getters_wait(q, 1);
    at_once ? q.cancel() : q.close();
    EXPECT_EQ(answer_of(getter).how, at_once ? answer::cancelled : answer::closed);
    EXPECT_EQ(q.now().unfinished, 1U);
    q.task_done();
    EXPECT_TRUE(q.join());
  }
}

TYPED_TEST(python_queue, that_is_shut_down_releases_joiners_when_the_rest_is_done) {
  typename TestFixture::queue q(2);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(q.put(int{i}));
  std::vector<std::future<adapter::moved>> joiners;
  for (int i = 0; i < 2; ++i) joiners.push_back(elsewhere([&] { return q.join(); }));
  until_joiners_wait(q, 2);
  q.close();
  std::vector<std::future<int>> workers;
  for (int i = 0; i < 2; ++i) {
    workers.push_back(elsewhere([&] {
      const int item = *q.get();
      q.task_done();
      return item;
    }));
  }
  for (auto& j : joiners) EXPECT_TRUE(answer_of(j));
  EXPECT_EQ(answer_of(workers[0]) + answer_of(workers[1]), 1);
  EXPECT_EQ(q.now().unfinished, 0U);
}

TYPED_TEST(python_queue, that_is_shut_down_at_once_releases_joiners_at_once) {
  typename TestFixture::queue q(2);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(q.put(int{i}));
  auto joiner = elsewhere([&] { return q.join(); });
  until_joiners_wait(q, 1);
  auto refused = elsewhere([&] { return q.put(3); });
  until_putters_wait(q, 1);
  q.cancel();
  EXPECT_TRUE(answer_of(joiner));
  EXPECT_EQ(answer_of(refused).how, answer::cancelled);
}

TYPED_TEST(python_queue, that_is_shut_down_among_many_loses_nothing_it_accepted) {
  for (const bool at_once : {false, true}) {
    typename TestFixture::queue q(4);
    std::atomic<std::uint64_t> put{0}, got{0};
    std::vector<std::future<void>> everybody;
    for (int i = 0; i < 3; ++i) {
      everybody.push_back(elsewhere([&] {
        for (int n = 0; n < 200 && q.put(int{n}); ++n) ++put;
      }));
      everybody.push_back(elsewhere([&] {
        while (q.get()) {
          ++got;
          q.task_done();
        }
      }));
    }
    until([&] { return got >= 50; });
    at_once ? q.cancel() : q.close();
    EXPECT_TRUE(q.join());
    for (auto& e : everybody) answer_of(e);
    const auto c = q.now();
    EXPECT_EQ(put.load(), c.put);
    EXPECT_EQ(got + c.dropped, put);
    EXPECT_TRUE(at_once || c.dropped == 0);
    expect_adds_up(c);
  }
}

}  // namespace
}  // namespace conformance
