// How a queue ends, whoever waits in it by whatever means: closed, closed with an error, cancelled, destroyed. And what
// its overflow policies do. Of docs/contract.md: close and cancel, destruction, a full queue.
#include "waiters.hpp"

namespace conformance {
namespace {

template <class Wait>
class any_ending : public queue_suite<Wait> {};
TYPED_TEST_SUITE(any_ending, all_ways_to_wait);

// ---- close ----

TYPED_TEST(any_ending, by_close_lets_what_is_there_be_got_and_then_says_so_again_and_again) {
  typename TestFixture::queue q(4);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(q.put(int{i}));
  EXPECT_TRUE(q.close());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(*q.get(), i);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(q.get().how, answer::closed);
    EXPECT_EQ(q.try_get().how, answer::closed);
    EXPECT_EQ(q.get({.within = 0ns}).how, answer::closed) << "the end, not a time-out";
    std::vector<int> none;
    EXPECT_EQ(q.get_some(none, 2).how, answer::closed);
  }
}

TYPED_TEST(any_ending, by_close_refuses_every_put_and_leaves_the_item) {
  typename TestFixture::template queue_of<std::unique_ptr<int>> q(2);
  q.close();
  auto mine = std::make_unique<int>(1);
  EXPECT_EQ(q.try_put(std::move(mine)).how, answer::closed);
  EXPECT_EQ(q.put(std::move(mine)).how, answer::closed);
  EXPECT_EQ(q.put(std::move(mine), {.within = 1h}).how, answer::closed);
  EXPECT_EQ(q.put(std::move(mine), {.within = 0ns}).how, answer::closed);
  ASSERT_TRUE(mine);
  std::vector<std::unique_ptr<int>> many;
  many.push_back(std::move(mine));
  EXPECT_EQ(q.put_all(many).how, answer::closed);
  EXPECT_EQ(q.try_put_all(many).how, answer::closed);
  ASSERT_TRUE(many.front());
  EXPECT_EQ(q.now().put, 0U);
}

TYPED_TEST(any_ending, by_close_wakes_everybody_who_waits_for_an_item) {
  typename TestFixture::queue q(1);
  std::vector<std::future<adapter::taken<int>>> getters;
  for (std::size_t i = 0; i < 6; ++i) getters.push_back(elsewhere([&] { return q.get(); }));
  until_getters_wait(q, 6);
  EXPECT_TRUE(q.close());
  for (auto& g : getters) EXPECT_EQ(answer_of(g).how, answer::closed);
  expect_adds_up(q.now());
}

TYPED_TEST(any_ending, by_close_wakes_everybody_who_waits_for_room_with_his_item) {
  typename TestFixture::template queue_of<std::unique_ptr<int>> q(1);
  ASSERT_TRUE(q.try_put(std::make_unique<int>(0)));
  std::vector<std::unique_ptr<int>> items(6);
  std::vector<std::future<adapter::moved>> putters;
  for (auto& item : items) {
    item = std::make_unique<int>(7);
    putters.push_back(elsewhere([&q, &item] { return q.put(std::move(item)); }));
  }
  until_putters_wait(q, 6);
  EXPECT_TRUE(q.close());
  for (auto& p : putters) EXPECT_EQ(answer_of(p).how, answer::closed);
  for (auto& item : items) EXPECT_TRUE(item);
  EXPECT_EQ(**q.get(), 0);
  expect_adds_up(q.now());
}

TYPED_TEST(any_ending, by_close_leaves_joiners_waiting_for_what_is_owed) {
  typename TestFixture::queue q(2);
  ASSERT_TRUE(q.put(1));
  auto joiner = elsewhere([&] { return q.join(); });
  until_joiners_wait(q, 1);
  q.close();
  EXPECT_EQ(q.now().waiting_joiners, 1U);
  EXPECT_EQ(*q.get(), 1);
  q.task_done();
  EXPECT_TRUE(answer_of(joiner));
}

TYPED_TEST(any_ending, is_said_by_the_first_call_only_and_only_goes_one_way) {
  typename TestFixture::queue q(2);
  ASSERT_TRUE(q.put(1));
  EXPECT_TRUE(q.close());
  EXPECT_FALSE(q.close());
  EXPECT_FALSE(q.close(broken()));
  EXPECT_TRUE(q.cancel());
  EXPECT_FALSE(q.cancel());
  EXPECT_FALSE(q.close());
  EXPECT_EQ(q.get().how, answer::cancelled);
  EXPECT_TRUE(q.now().closed);
  EXPECT_TRUE(q.now().cancelled);
}

// ---- close with an error ----

TYPED_TEST(any_ending, by_an_error_gives_it_after_the_last_item) {
  typename TestFixture::queue q(2);
  ASSERT_TRUE(q.put(1));
  EXPECT_TRUE(q.close(broken("the cable")));
  EXPECT_EQ(*q.get(), 1);
  for (int i = 0; i < 2; ++i) {
    const auto end = q.get();
    EXPECT_EQ(end.how, answer::failed);
    EXPECT_EQ(what(end.error), "the cable");
  }
  EXPECT_EQ(q.put(2).how, answer::closed);
}

TYPED_TEST(any_ending, by_an_error_tells_everybody_who_waits) {
  typename TestFixture::queue q(1);
  std::vector<std::future<adapter::taken<int>>> getters;
  for (std::size_t i = 0; i < 4; ++i) getters.push_back(elsewhere([&] { return q.get(); }));
  until_getters_wait(q, 4);
  EXPECT_TRUE(q.close(broken("once")));
  EXPECT_FALSE(q.close(broken("twice")));
  for (auto& g : getters) {
    const auto end = answer_of(g);
    EXPECT_EQ(end.how, answer::failed);
    EXPECT_EQ(what(end.error), "once");
  }
}

// ---- cancel ----

TYPED_TEST(any_ending, by_cancel_drops_what_is_there_and_counts_it) {
  const long before = counted::alive;
  typename TestFixture::template queue_of<counted> q(4);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(q.put(counted(i)));
  EXPECT_TRUE(q.cancel());
  EXPECT_EQ(counted::alive, before);
  EXPECT_EQ(q.now().dropped, 3U);
  EXPECT_EQ(q.now().unfinished, 0U);
  EXPECT_TRUE(q.join());
  EXPECT_EQ(q.get().how, answer::cancelled);
  EXPECT_EQ(q.try_get().how, answer::cancelled);
  counted refused(9);
  EXPECT_EQ(q.put(std::move(refused)).how, answer::cancelled);
  EXPECT_EQ(refused.value, 9);
  expect_adds_up(q.now());
}

TYPED_TEST(any_ending, by_cancel_wakes_getters_putters_and_those_joiners_who_are_owed_nothing_more) {
  typename TestFixture::queue empty(1);
  typename TestFixture::queue full(1);
  ASSERT_TRUE(full.try_put(1));
  auto getter = elsewhere([&] { return empty.get(); });
  auto putter = elsewhere([&] { return full.put(2); });
  auto joiner = elsewhere([&] { return full.join(); });
  until_getters_wait(empty, 1);
  until_putters_wait(full, 1);
  until_joiners_wait(full, 1);
  EXPECT_TRUE(empty.cancel());
  EXPECT_TRUE(full.cancel());
  EXPECT_EQ(answer_of(getter).how, answer::cancelled);
  EXPECT_EQ(answer_of(putter).how, answer::cancelled);
  EXPECT_TRUE(answer_of(joiner));
}

TYPED_TEST(any_ending, by_cancel_still_waits_for_what_was_taken_before) {
  typename TestFixture::queue q(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(q.put(int{i}));
  ASSERT_TRUE(q.get());
  q.cancel();
  EXPECT_EQ(q.now().unfinished, 1U);
  auto joiner = elsewhere([&] { return q.join(); });
  until_joiners_wait(q, 1);
  q.task_done();
  EXPECT_TRUE(answer_of(joiner));
  EXPECT_THROW(q.task_done(), std::system_error);
}

TYPED_TEST(any_ending, by_cancel_after_an_early_task_done_counts_nothing_twice) {
  typename TestFixture::queue q(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(q.put(int{i}));
  q.task_done(2);
  q.cancel();
  EXPECT_EQ(q.now().unfinished, 0U);
  EXPECT_TRUE(q.join());
  expect_adds_up(q.now());
}

TYPED_TEST(any_ending, meets_puts_and_gets_and_every_item_is_in_one_place) {
  const long before = counted::alive;
  for (int round = 0; round < 40; ++round) {
    typename TestFixture::template queue_of<counted> q(2);
    std::atomic<std::uint64_t> put{0}, got{0}, kept{0};
    std::vector<std::future<void>> work;
    for (int p = 0; p < 2; ++p) {
      work.push_back(elsewhere([&] {
        for (int i = 0; i < 20; ++i) {
          counted item(i);
          const auto answered = q.put(std::move(item));
          ++(answered ? put : kept);
          EXPECT_EQ(item.value, answered ? counted::taken : i);
        }
      }));
      work.push_back(elsewhere([&] {
        while (q.get()) ++got;
      }));
    }
    while (q.now().put < static_cast<std::uint64_t>(round % 20)) std::this_thread::yield();
    round % 2 == 0 ? q.close() : q.cancel();
    for (auto& w : work) answer_of(w);
    const auto c = q.now();
    expect_adds_up(c);
    EXPECT_EQ(c.put, put.load());
    EXPECT_EQ(c.got, got.load());
    EXPECT_EQ(put + kept, 40U);
    if (round % 2 == 0) {
      EXPECT_EQ(c.dropped, 0U);
    }
  }
  EXPECT_EQ(counted::alive, before);
}

// ---- destruction ----

TYPED_TEST(any_ending, by_destruction_destroys_what_is_inside) {
  const long before = counted::alive;
  {
    typename TestFixture::template queue_of<counted> q(4);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(q.put(counted(i)));
    EXPECT_EQ((*q.get()).value, 0);
  }
  EXPECT_EQ(counted::alive, before);
}

TYPED_TEST(any_ending, by_destruction_cancels_everybody_who_waits) {
  auto empty = std::make_unique<typename TestFixture::queue>(1);
  auto full = std::make_unique<typename TestFixture::queue>(1);
  ASSERT_TRUE(full->try_put(1));
  std::vector<std::future<adapter::taken<int>>> getters;
  for (int i = 0; i < 3; ++i) getters.push_back(elsewhere([&q = *empty] { return q.get(); }));
  getters.push_back(elsewhere([&q = *empty] { return q.get({.within = 1h}); }));
  auto putter = elsewhere([&q = *full] { return q.put(2); });
  auto joiner = elsewhere([&q = *full] { return q.join(); });
  until_getters_wait(*empty, 4);
  until_putters_wait(*full, 1);
  until_joiners_wait(*full, 1);
  empty.reset();
  full.reset();
  for (auto& g : getters) EXPECT_EQ(answer_of(g).how, answer::cancelled);
  EXPECT_EQ(answer_of(putter).how, answer::cancelled);
  EXPECT_EQ(answer_of(joiner).how, answer::cancelled);
}

// ---- a full queue ----

TYPED_TEST(any_ending, is_not_needed_to_drop_the_oldest) {
  typename TestFixture::queue q(3, when_full::drop_oldest);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(q.put(int{i}));
  EXPECT_EQ(q.now().dropped, 7U);
  EXPECT_EQ(q.now().unfinished, 3U) << "what was dropped is done";
  EXPECT_EQ(all_of(q), (std::vector{7, 8, 9}));
  expect_adds_up(q.now());
}

TYPED_TEST(any_ending, is_not_needed_to_drop_the_newest) {
  typename TestFixture::queue q(3, when_full::drop_newest);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(q.put(int{i}));
  EXPECT_EQ(q.now().dropped, 7U);
  EXPECT_EQ(all_of(q), (std::vector{0, 1, 2}));
  expect_adds_up(q.now());
}

TYPED_TEST(any_ending, is_not_needed_to_refuse_what_does_not_fit) {
  typename TestFixture::template queue_of<counted> q(2, when_full::fail);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(q.put(counted(i)));
  counted third(3);
  EXPECT_EQ(q.put(std::move(third)).how, answer::full);
  EXPECT_EQ(third.value, 3);
  EXPECT_EQ(q.now().waiting_putters, 0U);
  ASSERT_TRUE(q.get());
  EXPECT_TRUE(q.put(std::move(third)));
}

}  // namespace
}  // namespace conformance
