// What may be an item, and who owes what for it, whoever waits by whatever means. Of docs/contract.md: where is an
// item, what may it be, how many can there be, task_done and join.
#include "waiters.hpp"

namespace conformance {
namespace {

using penstock::testing::wide;

template <class Wait>
class any_queue : public queue_suite<Wait> {};
TYPED_TEST_SUITE(any_queue, all_ways_to_wait);

// ---- making one ----

TYPED_TEST(any_queue, needs_a_capacity) {
  EXPECT_THROW(typename TestFixture::queue(0), std::invalid_argument);
  EXPECT_EQ(typename TestFixture::queue(3).now().capacity, 3U);
}

TYPED_TEST(any_queue, holds_no_more_than_its_capacity) {
  typename TestFixture::queue q(3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(q.now().full());
    ASSERT_TRUE(q.put(int{i}));
    EXPECT_EQ(q.size(), static_cast<std::size_t>(i) + 1);
  }
  EXPECT_TRUE(q.now().full());
  EXPECT_EQ(q.try_put(3).how, answer::full);
  ASSERT_TRUE(q.get());
  EXPECT_FALSE(q.now().full()) << "a get frees its place at the hand-off, before the item is done";
  ASSERT_TRUE(q.put(3));
  EXPECT_EQ(q.now().peak, 3U);
  EXPECT_EQ(q.now().unfinished, 4U);
}

TYPED_TEST(any_queue, without_a_bound_takes_whatever_comes) {
  typename TestFixture::queue q;
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(q.try_put(int{i}));
  EXPECT_FALSE(q.now().full());
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(*q.try_get(), i);
  EXPECT_EQ(q.try_get().how, answer::empty);
}

// ---- items ----

TYPED_TEST(any_queue, moves_items_and_never_copies_or_loses_one) {
  const long before = counted::alive;
  {
    typename TestFixture::template queue_of<counted> q(2);
    auto consumer = elsewhere([&] {
      for (int i = 0; i < 200; ++i) EXPECT_EQ((*q.get()).value, i);
    });
    for (int i = 0; i < 200; ++i) {
      counted item(i);
      ASSERT_TRUE(q.put(std::move(item)));
      EXPECT_EQ(item.value, counted::taken);
    }
    answer_of(consumer);
  }
  EXPECT_EQ(counted::alive, before);
}

TYPED_TEST(any_queue, leaves_a_refused_item_as_it_was) {
  typename TestFixture::template queue_of<std::unique_ptr<int>> q(1);
  ASSERT_TRUE(q.put(std::make_unique<int>(0)));
  auto mine = std::make_unique<int>(1);
  const int* const same = mine.get();
  EXPECT_EQ(q.try_put(std::move(mine)).how, answer::full);
  EXPECT_EQ(q.put(std::move(mine), {.within = 1ms}).how, answer::timed_out);
  penstock::stop_source stopped;
  stopped.request_stop();
  EXPECT_EQ(q.put(std::move(mine), {.stop = stopped.token()}).how, answer::cancelled);
  EXPECT_EQ(mine.get(), same);
  EXPECT_EQ(q.now().unfinished, 1U) << "a refused put owes nothing";
}

TYPED_TEST(any_queue, takes_nothing_and_null_and_zero_for_items) {
  typename TestFixture::template queue_of<std::optional<int>> maybe(2);
  ASSERT_TRUE(maybe.put(std::nullopt));
  auto nothing = maybe.get();
  ASSERT_TRUE(nothing);
  EXPECT_FALSE((*nothing).has_value());
  typename TestFixture::template queue_of<std::shared_ptr<int>> pointers(2);
  ASSERT_TRUE(pointers.put(nullptr));
  ASSERT_TRUE(pointers.get());
  typename TestFixture::queue zeros(2);
  ASSERT_TRUE(zeros.put(0));
  EXPECT_EQ(*zeros.get(), 0);
}

TYPED_TEST(any_queue, keeps_items_aligned) {
  // Not through handlers: g++ has a note about every over-aligned parameter.
  using way =
      std::conditional_t<std::is_same_v<TypeParam, adapter::by_thread>, adapter::by_thread, adapter::by_coroutine>;
  adapter::any_queue<wide, way> q(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(q.put(wide(i)));
  for (int i = 0; i < 3; ++i) {
    const auto item = q.get();
    ASSERT_TRUE(item);
    EXPECT_TRUE(item.item->aligned());
  }
}

// ---- task_done and join ----

TYPED_TEST(any_queue, joins_at_once_when_nothing_is_owed) {
  typename TestFixture::queue q(2);
  EXPECT_TRUE(q.join());
  EXPECT_TRUE(q.join());
}

TYPED_TEST(any_queue, joins_when_the_last_item_is_done_not_when_it_is_got) {
  typename TestFixture::queue q(4);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(q.put(int{i}));
  auto joiner = elsewhere([&] { return q.join(); });
  until_joiners_wait(q, 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(q.now().waiting_joiners, 1U);
    EXPECT_EQ(*q.get(), i);
    q.task_done();
  }
  EXPECT_TRUE(answer_of(joiner));
  EXPECT_EQ(q.now().unfinished, 0U);
}

TYPED_TEST(any_queue, releases_every_joiner_of_that_moment_even_if_more_is_put_at_once) {
  for (int round = 0; round < 20; ++round) {
    typename TestFixture::queue q(2);
    ASSERT_TRUE(q.put(1));
    std::vector<std::future<adapter::moved>> joiners;
    for (std::size_t i = 0; i < 3; ++i) joiners.push_back(elsewhere([&] { return q.join(); }));
    until_joiners_wait(q, 3);
    q.task_done();
    ASSERT_TRUE(q.try_put(2));
    for (auto& j : joiners) EXPECT_TRUE(answer_of(j));
    EXPECT_EQ(q.now().unfinished, 1U);
  }
}

TYPED_TEST(any_queue, refuses_a_task_done_too_many_and_stays_usable) {
  typename TestFixture::queue q(2);
  EXPECT_THROW(q.task_done(), std::system_error);
  ASSERT_TRUE(q.put(1));
  EXPECT_THROW(q.task_done(2), std::system_error);
  EXPECT_EQ(q.now().unfinished, 1U);
  EXPECT_EQ(*q.get(), 1);
  q.task_done();
  EXPECT_THROW(q.task_done(), std::system_error);
  ASSERT_TRUE(q.put(2));
  EXPECT_EQ(*q.get(), 2);
  q.task_done();
  EXPECT_TRUE(q.join());
}

TYPED_TEST(any_queue, lets_task_done_come_before_the_get) {
  typename TestFixture::queue q(2);
  ASSERT_TRUE(q.put(1));
  q.task_done();
  EXPECT_TRUE(q.join());
  EXPECT_EQ(*q.get(), 1);
  EXPECT_EQ(q.now().unfinished, 0U);
}

TYPED_TEST(any_queue, can_be_joined_again_after_it_was) {
  typename TestFixture::queue q(2);
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(q.put(int{round}));
    auto joiner = elsewhere([&] { return q.join(); });
    until_joiners_wait(q, 1);
    ASSERT_TRUE(q.get());
    q.task_done();
    EXPECT_TRUE(answer_of(joiner));
  }
}

// ---- no sooner than a wait ----

TYPED_TEST(any_queue, answers_at_once_what_it_can_answer_at_once) {
  typename TestFixture::queue q(1);
  EXPECT_EQ(q.try_get().how, answer::empty);
  EXPECT_TRUE(q.try_put(1));
  EXPECT_EQ(q.try_put(2).how, answer::full);
  std::vector<int> more{3, 4}, got;
  EXPECT_EQ(q.try_put_all(more).count, 0U);
  EXPECT_EQ(q.try_get_some(got, 9).count, 1U);
  EXPECT_EQ(q.try_get_some(got, 9).how, answer::empty);
  EXPECT_EQ(q.try_put_all(more).count, 1U) << "what fits, from the front";
  EXPECT_EQ(all_of(q), (std::vector{3}));
}

TYPED_TEST(any_queue, serves_the_coroutines_of_a_suite_in_the_same_line) {
  typename TestFixture::queue q(1);
  adapter::loop home;
  auto first = elsewhere([&] { return q.get(); });
  until_getters_wait(q, 1);
  auto second = adapter::asio::co_spawn(home.io(), TestFixture::queue::async_get(q), adapter::asio::use_future);
  until_getters_wait(q, 2);
  ASSERT_TRUE(q.try_put(1));
  ASSERT_TRUE(q.try_put(2));
  EXPECT_EQ(*answer_of(first), 1);
  EXPECT_EQ(*answer_of(second), 2);
  int mine = 3;
  EXPECT_TRUE(home.await(TestFixture::queue::async_put(q, mine)));
  EXPECT_EQ(*q.get(), 3);
  q.task_done(3);
  EXPECT_TRUE(home.await(TestFixture::queue::async_join(q)));
}

}  // namespace
}  // namespace conformance
