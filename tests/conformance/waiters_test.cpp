// Whoever waits in a queue, by whatever means: the same line, the same limits. Of docs/contract.md: order, stops and
// deadlines, batches.
#include "waiters.hpp"

namespace conformance {
namespace {

template <class Wait>
class any_waiter : public queue_suite<Wait> {};
TYPED_TEST_SUITE(any_waiter, all_ways_to_wait);

// ---- order ----

TYPED_TEST(any_waiter, gets_the_items_in_the_order_in_which_they_were_put) {
  typename TestFixture::queue q(8);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(q.put(int{i}));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(*q.get(), i);
  expect_adds_up(q.now());
}

TYPED_TEST(any_waiter, that_gets_is_served_in_the_order_in_which_it_came) {
  typename TestFixture::queue q(1);
  std::vector<std::future<adapter::taken<int>>> line;
  for (std::size_t i = 0; i < 6; ++i) {
    line.push_back(elsewhere([&] { return q.get(); }));
    until_getters_wait(q, i + 1);
  }
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(q.try_put(int{i}));
    EXPECT_EQ(*answer_of(line[static_cast<std::size_t>(i)]), i);
  }
}

TYPED_TEST(any_waiter, that_puts_is_served_in_the_order_in_which_it_came) {
  typename TestFixture::queue q(1);
  ASSERT_TRUE(q.try_put(-1));
  std::vector<std::future<adapter::moved>> line;
  for (std::size_t i = 0; i < 6; ++i) {
    line.push_back(elsewhere([&q, i] { return q.put(static_cast<int>(i)); }));
    until_putters_wait(q, i + 1);
  }
  for (int i = -1; i < 6; ++i) EXPECT_EQ(*q.try_get(), i);
  for (auto& put : line) EXPECT_TRUE(answer_of(put));
}

TYPED_TEST(any_waiter, that_puts_is_overtaken_by_nobody_whether_he_tries_or_waits_a_little) {
  typename TestFixture::queue q(1);
  ASSERT_TRUE(q.try_put(1));
  auto waits = elsewhere([&] { return q.put(2); });
  until_putters_wait(q, 1);
  EXPECT_EQ(q.try_put(3).how, answer::full);
  EXPECT_EQ(q.put(3, {.within = 0ns}).how, answer::timed_out);
  EXPECT_EQ(*q.try_get(), 1);
  EXPECT_EQ(q.try_put(3).how, answer::full) << "the place went to the one who waited";
  EXPECT_TRUE(answer_of(waits));
  EXPECT_EQ(*q.try_get(), 2);
}

TYPED_TEST(any_waiter, that_gets_is_overtaken_by_nobody_who_comes_later) {
  typename TestFixture::queue q(4);
  auto first = elsewhere([&] { return q.get(); });
  until_getters_wait(q, 1);
  auto second = elsewhere([&] { return q.get(); });
  until_getters_wait(q, 2);
  ASSERT_TRUE(q.try_put(1));
  EXPECT_EQ(q.try_get().how, answer::empty) << "the item went to the first";
  EXPECT_EQ(*answer_of(first), 1);
  ASSERT_TRUE(q.try_put(2));
  EXPECT_EQ(*answer_of(second), 2);
}

TYPED_TEST(any_waiter, finds_the_item_at_once_where_there_is_one) {
  typename TestFixture::queue q(2);
  ASSERT_TRUE(q.put(1, {.within = 0ns}));
  EXPECT_EQ(*q.get({.within = 0ns}), 1);
  EXPECT_EQ(q.now().waiting_getters, 0U);
}

TYPED_TEST(any_waiter, of_one_kind_is_woken_by_every_kind_of_call) {
  typename TestFixture::queue q(1);
  for (int round = 0; round < 9; ++round) {
    auto getter = elsewhere([&] { return q.get(); });
    until_getters_wait(q, 1);
    ASSERT_TRUE(q.put(int{round}));
    EXPECT_EQ(*answer_of(getter), round);
    ASSERT_TRUE(q.put(100));
    auto putter = elsewhere([&q, round] { return q.put(int{round}); });
    until_putters_wait(q, 1);
    EXPECT_EQ(*q.get(), 100);
    EXPECT_TRUE(answer_of(putter));
    EXPECT_EQ(*q.get(), round);
  }
  expect_adds_up(q.now());
}

// ---- deadlines ----

TYPED_TEST(any_waiter, whose_time_is_up_has_taken_nothing_and_put_nothing) {
  typename TestFixture::queue q(1);
  EXPECT_EQ(q.get({.within = 1ms}).how, answer::timed_out);
  ASSERT_TRUE(q.put(1));
  EXPECT_EQ(q.put(2, {.within = 1ms}).how, answer::timed_out);
  EXPECT_EQ(q.join({.within = 1ms}).how, answer::timed_out);
  EXPECT_EQ(all_of(q), (std::vector{1}));
  EXPECT_EQ(q.now().put, 1U);
  expect_adds_up(q.now());
}

TYPED_TEST(any_waiter, waits_as_long_as_it_was_told) {
  typename TestFixture::queue q(1);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(q.get({.within = 5ms}).how, answer::timed_out);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 5ms);
}

TYPED_TEST(any_waiter, without_time_succeeds_where_it_can_at_once) {
  typename TestFixture::queue q(1);
  EXPECT_TRUE(q.put(1, {.within = -1h}));
  EXPECT_EQ(q.put(2, {.within = -1h}).how, answer::timed_out);
  EXPECT_EQ(*q.get({.within = -1h}), 1);
  EXPECT_EQ(q.get({.within = -1h}).how, answer::timed_out);
  q.task_done();
  EXPECT_TRUE(q.join({.within = -1h}));
}

TYPED_TEST(any_waiter, with_a_deadline_is_served_when_something_comes_before_it) {
  typename TestFixture::queue q(1);
  auto getter = elsewhere([&] { return q.get({.within = 1h}); });
  until_getters_wait(q, 1);
  ASSERT_TRUE(q.put(7));
  EXPECT_EQ(*answer_of(getter), 7);
  ASSERT_TRUE(q.put(8));
  auto putter = elsewhere([&] { return q.put(9, {.within = 1h}); });
  until_putters_wait(q, 1);
  EXPECT_EQ(*q.get(), 8);
  EXPECT_TRUE(answer_of(putter));
}

TYPED_TEST(any_waiter, that_leaves_does_not_move_the_others_of_the_line) {
  typename TestFixture::queue q(1);
  penstock::stop_source second_leaves;
  auto first = elsewhere([&] { return q.get(); });
  until_getters_wait(q, 1);
  auto second = elsewhere([&] { return q.get({.stop = second_leaves.token()}); });
  until_getters_wait(q, 2);
  auto third = elsewhere([&] { return q.get(); });
  until_getters_wait(q, 3);
  second_leaves.request_stop();
  EXPECT_EQ(answer_of(second).how, answer::cancelled);
  ASSERT_TRUE(q.try_put(1));
  EXPECT_EQ(*answer_of(first), 1);
  ASSERT_TRUE(q.try_put(3));
  EXPECT_EQ(*answer_of(third), 3);
}

// ---- stops ----

TYPED_TEST(any_waiter, that_was_asked_to_stop_before_it_began_does_nothing) {
  typename TestFixture::queue q(2);
  ASSERT_TRUE(q.put(1));
  penstock::stop_source stopped;
  stopped.request_stop();
  EXPECT_EQ(q.get({.stop = stopped.token()}).how, answer::cancelled);
  EXPECT_EQ(q.put(2, {.stop = stopped.token()}).how, answer::cancelled);
  EXPECT_EQ(q.join({.stop = stopped.token()}).how, answer::cancelled);
  std::vector<int> items{3};
  EXPECT_EQ(q.put_all(items, {.stop = stopped.token()}).how, answer::cancelled);
  EXPECT_EQ(all_of(q), (std::vector{1}));
}

TYPED_TEST(any_waiter, that_is_asked_to_stop_leaves_without_effect) {
  typename TestFixture::queue q(1);
  penstock::stop_source stops;
  auto getter = elsewhere([&] { return q.get({.stop = stops.token()}); });
  until_getters_wait(q, 1);
  stops.request_stop();
  EXPECT_EQ(answer_of(getter).how, answer::cancelled);

  ASSERT_TRUE(q.put(1));
  penstock::stop_source others;
  auto putter = elsewhere([&] { return q.put(2, {.stop = others.token()}); });
  auto joiner = elsewhere([&] { return q.join({.stop = others.token()}); });
  until_putters_wait(q, 1);
  until_joiners_wait(q, 1);
  others.request_stop();
  EXPECT_EQ(answer_of(putter).how, answer::cancelled);
  EXPECT_EQ(answer_of(joiner).how, answer::cancelled);
  EXPECT_EQ(all_of(q), (std::vector{1}));
  EXPECT_EQ(q.now().waiting_joiners, 0U);
  expect_adds_up(q.now());
}

TYPED_TEST(any_waiter, hears_the_tokens_of_the_standard_library) {
  typename TestFixture::queue q(1);
  std::stop_source stops;
  auto getter = elsewhere([&] { return q.get({.stop = stops.get_token()}); });
  until_getters_wait(q, 1);
  stops.request_stop();
  EXPECT_EQ(answer_of(getter).how, answer::cancelled);
}

TYPED_TEST(any_waiter, that_was_stopped_swallows_neither_the_item_nor_the_place_of_the_next) {
  typename TestFixture::queue q(1);
  penstock::stop_source gone;
  std::vector<std::future<adapter::taken<int>>> getters;
  for (std::size_t i = 0; i < 4; ++i) getters.push_back(elsewhere([&] { return q.get({.stop = gone.token()}); }));
  until_getters_wait(q, 4);
  auto next = elsewhere([&] { return q.get(); });
  until_getters_wait(q, 5);
  gone.request_stop();
  ASSERT_TRUE(q.try_put(1));
  EXPECT_EQ(*answer_of(next), 1);
  for (auto& g : getters) EXPECT_EQ(answer_of(g).how, answer::cancelled);

  ASSERT_TRUE(q.try_put(2));
  penstock::stop_source gone_too;
  std::vector<std::future<adapter::moved>> putters;
  for (std::size_t i = 0; i < 4; ++i)
    putters.push_back(elsewhere([&] { return q.put(9, {.stop = gone_too.token()}); }));
  until_putters_wait(q, 4);
  auto last = elsewhere([&] { return q.put(3); });
  until_putters_wait(q, 5);
  gone_too.request_stop();
  EXPECT_EQ(*q.try_get(), 2);
  EXPECT_TRUE(answer_of(last));
  for (auto& p : putters) EXPECT_EQ(answer_of(p).how, answer::cancelled);
  EXPECT_EQ(all_of(q), (std::vector{3}));
}

TYPED_TEST(any_waiter, stopped_at_the_moment_of_the_hand_off_either_has_the_item_or_left_it) {
  for (int round = 0; round < 200; ++round) {
    typename TestFixture::queue q(1);
    penstock::stop_source stops;
    auto getter = elsewhere([&] { return q.get({.stop = stops.token()}); });
    if (round % 2 == 0) until_getters_wait(q, 1);
    std::thread stopper([&] { stops.request_stop(); });
    ASSERT_TRUE(q.try_put(int{round}));
    stopper.join();
    auto got = answer_of(getter);
    if (got) {
      EXPECT_EQ(*got, round);
      EXPECT_EQ(q.size(), 0U);
    } else {
      EXPECT_EQ(got.how, answer::cancelled);
      EXPECT_EQ(all_of(q), (std::vector{round}));
    }
    expect_adds_up(q.now());
  }
}

TYPED_TEST(any_waiter, timed_out_at_the_moment_of_the_hand_off_either_has_put_the_item_or_kept_it) {
  for (int round = 0; round < 100; ++round) {
    typename TestFixture::template queue_of<std::unique_ptr<int>> q(1);
    ASSERT_TRUE(q.try_put(std::make_unique<int>(-1)));
    auto mine = std::make_unique<int>(round);
    auto putter = elsewhere([&] { return q.put(std::move(mine), {.within = 50us}); });
    EXPECT_EQ(**q.get(), -1);
    const auto put = answer_of(putter);
    EXPECT_EQ(mine == nullptr, put.how == answer::ok);
    EXPECT_EQ(q.size(), put.how == answer::ok ? 1U : 0U);
    expect_adds_up(q.now());
  }
}

// ---- batches ----

TYPED_TEST(any_waiter, of_a_batch_gets_one_item_and_then_what_is_there) {
  typename TestFixture::queue q(8);
  std::vector<int> got;
  auto getter = elsewhere([&] { return q.get_some(got, 5); });
  until_getters_wait(q, 1);
  ASSERT_TRUE(q.try_put(1));
  EXPECT_EQ(answer_of(getter).count, 1U);
  std::vector<int> more{2, 3, 4};
  ASSERT_TRUE(q.put_all(more));
  EXPECT_EQ(q.get_some(got, 2).count, 2U);
  EXPECT_EQ(q.get_some(got, 2).count, 1U);
  EXPECT_EQ(got, (std::vector{1, 2, 3, 4}));
}

TYPED_TEST(any_waiter, is_woken_for_every_item_of_a_batch) {
  typename TestFixture::queue q(8);
  std::vector<std::future<adapter::taken<int>>> getters;
  for (std::size_t i = 0; i < 5; ++i) getters.push_back(elsewhere([&] { return q.get(); }));
  until_getters_wait(q, 5);
  std::vector<int> items{1, 2, 4};
  EXPECT_EQ(q.try_put_all(items).count, 3U);
  until_getters_wait(q, 2);
  std::vector<int> rest{8, 16, 32};
  EXPECT_EQ(q.try_put_all(rest).count, 3U);
  int sum = 0;
  for (auto& g : getters) sum += *answer_of(g);
  EXPECT_EQ(sum, 31);
  EXPECT_EQ(all_of(q), (std::vector{32}));
}

TYPED_TEST(any_waiter, is_woken_for_every_place_that_a_batch_leaves) {
  typename TestFixture::queue q(3);
  std::vector<int> items{0, 1, 2};
  ASSERT_TRUE(q.put_all(items));
  std::vector<std::future<adapter::moved>> putters;
  for (std::size_t i = 0; i < 4; ++i) {
    putters.push_back(elsewhere([&q, i] { return q.put(static_cast<int>(10 + i)); }));
    until_putters_wait(q, i + 1);
  }
  std::vector<int> got;
  EXPECT_EQ(q.try_get_some(got, 3).count, 3U);
  until_putters_wait(q, 1);
  EXPECT_EQ(q.try_get_some(got, 9).count, 3U);
  until_putters_wait(q, 0);
  EXPECT_EQ(q.try_get_some(got, 9).count, 1U);
  EXPECT_EQ(got, (std::vector{0, 1, 2, 10, 11, 12, 13}));
  for (auto& p : putters) EXPECT_TRUE(answer_of(p));
}

TYPED_TEST(any_waiter, with_a_batch_larger_than_the_queue_puts_it_in_chunks) {
  typename TestFixture::queue q(3);
  std::vector<int> items;
  for (int i = 0; i < 50; ++i) items.push_back(i);
  auto putter = elsewhere([&] { return q.put_all(items); });
  std::vector<int> got;
  while (got.size() < items.size()) ASSERT_TRUE(q.get_some(got, 2));
  EXPECT_EQ(got, items);
  EXPECT_EQ(answer_of(putter).count, 50U);
  EXPECT_LE(q.now().peak, 3U);
}

TYPED_TEST(any_waiter, whose_batch_is_cut_short_says_which_prefix_is_in) {
  for (const bool by_close : {true, false}) {
    typename TestFixture::queue q(2);
    penstock::stop_source stops;
    std::vector<int> items{0, 1, 2, 3, 4};
    auto putter = elsewhere([&] { return q.put_all(items, {.stop = stops.token()}); });
    until_putters_wait(q, 1);
    EXPECT_EQ(*q.try_get(), 0);
    until([&] { return q.now().put == 3 && q.now().waiting_putters == 1; });
    by_close ? (void)q.close() : (void)stops.request_stop();
    const auto put = answer_of(putter);
    EXPECT_EQ(put.how, by_close ? answer::closed : answer::cancelled);
    EXPECT_EQ(put.count, 3U);
    EXPECT_EQ(all_of(q), (std::vector{1, 2}));
  }
}

TYPED_TEST(any_waiter, has_nothing_to_wait_for_with_an_empty_batch) {
  typename TestFixture::queue q(1);
  std::vector<int> nothing;
  EXPECT_TRUE(q.put_all(nothing));
  EXPECT_EQ(q.get_some(nothing, 0).count, 0U);
  EXPECT_TRUE(nothing.empty());
}

TEST(thread_waiter, with_a_batch_keeps_its_place_in_line_until_all_are_in) {
  adapter::thread_queue<int> q(1);
  ASSERT_TRUE(q.try_put(0));
  std::vector<int> items{1, 2, 3};
  auto batch = elsewhere([&] { return q.put_all(items); });
  until_putters_wait(q, 1);
  auto behind = elsewhere([&] { return q.put(4); });
  until_putters_wait(q, 2);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(*q.try_get(), i);
  EXPECT_EQ(answer_of(batch).count, 3U);
  EXPECT_TRUE(answer_of(behind));
}

// ---- all kinds at once ----

TYPED_TEST(any_waiter, keeps_the_order_of_each_putter_among_many) {
  typename TestFixture::queue q(3);
  constexpr int each = 300;
  std::vector<std::future<void>> work;
  for (int p = 0; p < 3; ++p) {
    work.push_back(elsewhere([&q, p] {
      for (int i = 0; i < each; ++i) ASSERT_TRUE(q.put(p * 1000 + i));
    }));
  }
  std::vector<std::vector<int>> seen(3);
  std::vector<std::future<void>> readers;
  for (auto& mine : seen) {
    readers.push_back(elsewhere([&q, &mine] {
      while (auto item = q.get()) {
        mine.push_back(*item);
        q.task_done();
      }
    }));
  }
  for (auto& w : work) answer_of(w);
  EXPECT_TRUE(q.join());
  q.close();
  for (auto& r : readers) answer_of(r);
  std::size_t all = 0;
  for (const auto& mine : seen) {
    all += mine.size();
    std::vector<int> last(3, -1);
    for (const int item : mine) {
      int& before = last[static_cast<std::size_t>(item / 1000)];
      EXPECT_LT(before, item % 1000);
      before = item % 1000;
    }
  }
  EXPECT_EQ(all, 3U * each);
  expect_adds_up(q.now());
}

}  // namespace
}  // namespace conformance
