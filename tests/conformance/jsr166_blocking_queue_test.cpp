// Behaviours that JSR-166's suite of Java's blocking queues checks, restated for our queue with every way to wait:
//   openjdk/jdk, test/jdk/java/util/concurrent/tck/BlockingQueueTest.java, ArrayBlockingQueueTest.java,
//   LinkedBlockingQueueTest.java
//
// An interrupt there is a stop token here. Not ours: null items (a null pointer is an item), `peek`, `element`,
// `contains`, `remove(x)`, `toArray`, iterators, streams and spliterators (what is inside is nobody's until it is got),
// `clear` apart from `cancel`, fairness as an option (it is always fair), construction from a collection,
// serialization, toString; `add` that throws (a refusal is a value). drainTo is our batch get.
#include "waiters.hpp"

namespace conformance {
namespace {

constexpr int size = 20;

template <class Wait>
class jsr166_blocking_queue : public queue_suite<Wait> {
 public:
  /// 0, 1, …, n - 1 inside, and full.
  static auto populated(int n) {
    auto q = std::make_unique<typename queue_suite<Wait>::queue>(static_cast<std::size_t>(n));
    EXPECT_TRUE(q->now().empty());
    for (int i = 0; i < n; ++i) EXPECT_TRUE(q->try_put(int{i}));
    EXPECT_TRUE(q->now().full());
    return q;
  }
};
TYPED_TEST_SUITE(jsr166_blocking_queue, some_ways_to_wait);

template <class Queue>
std::size_t room_in(const Queue& q) {
  const auto c = q.now();
  return c.capacity - c.size;
}

TYPED_TEST(jsr166_blocking_queue, has_the_capacity_it_was_given_or_no_bound) {
  EXPECT_EQ(room_in(typename TestFixture::queue(size)), static_cast<std::size_t>(size));
  EXPECT_EQ(room_in(typename TestFixture::queue()), SIZE_MAX);
  EXPECT_THROW(typename TestFixture::queue(0), std::invalid_argument);
}

TYPED_TEST(jsr166_blocking_queue, goes_from_empty_to_full) {
  typename TestFixture::queue q(2);
  EXPECT_TRUE(q.now().empty());
  EXPECT_EQ(room_in(q), 2U);
  ASSERT_TRUE(q.try_put(1));
  EXPECT_FALSE(q.now().empty());
  ASSERT_TRUE(q.try_put(2));
  EXPECT_EQ(room_in(q), 0U);
  EXPECT_EQ(q.try_put(3).how, answer::full);
}

TYPED_TEST(jsr166_blocking_queue, has_less_room_with_each_put_and_more_with_each_get) {
  const auto q = TestFixture::populated(size);
  for (int i = 0; i < size; ++i) {
    EXPECT_EQ(room_in(*q), static_cast<std::size_t>(i));
    EXPECT_EQ(*q->try_get(), i);
  }
  for (int i = 0; i < size; ++i) {
    EXPECT_EQ(room_in(*q), static_cast<std::size_t>(size - i));
    ASSERT_TRUE(q->try_put(int{i}));
  }
}

TYPED_TEST(jsr166_blocking_queue, takes_a_whole_batch_that_fits_in_order_and_the_front_of_one_that_does_not) {
  typename TestFixture::queue q(size);
  std::vector<int> none, all(size);
  EXPECT_TRUE(q.try_put_all(none));
  for (int i = 0; i < size; ++i) all[static_cast<std::size_t>(i)] = i;
  EXPECT_TRUE(q.try_put_all(all));
  for (int i = 0; i < size; ++i) EXPECT_EQ(*q.try_get(), i);
  typename TestFixture::queue small(size - 1);
  const auto part = small.try_put_all(all);
  EXPECT_EQ(part.how, answer::full);
  EXPECT_EQ(part.count, static_cast<std::size_t>(size - 1));
}

TYPED_TEST(jsr166_blocking_queue, does_not_begin_a_put_after_an_interrupt_though_there_is_room) {
  typename TestFixture::queue q(size);
  std::stop_source interrupt;
  interrupt.request_stop();
  EXPECT_EQ(q.put(99, {.stop = interrupt.get_token()}).how, answer::cancelled);
  EXPECT_EQ(q.put(99, {.within = 1h, .stop = interrupt.get_token()}).how, answer::cancelled);
  EXPECT_TRUE(q.now().empty());
}

TYPED_TEST(jsr166_blocking_queue, blocks_a_put_when_full_until_it_is_interrupted) {
  const auto q = TestFixture::populated(size);
  std::stop_source interrupt;
  auto put = elsewhere([&] { return q->put(99, {.stop = interrupt.get_token()}); });
  until_putters_wait(*q, 1);
  interrupt.request_stop();
  EXPECT_EQ(answer_of(put).how, answer::cancelled);
  EXPECT_EQ(room_in(*q), 0U);
  EXPECT_EQ(q->size(), static_cast<std::size_t>(size));
}

TYPED_TEST(jsr166_blocking_queue, lets_a_blocked_put_through_when_something_is_taken) {
  const auto q = TestFixture::populated(2);
  auto put = elsewhere([&] { return q->put(86); });
  until_putters_wait(*q, 1);
  EXPECT_EQ(*q->get(), 0);
  EXPECT_TRUE(answer_of(put));
  std::stop_source interrupt;
  auto another = elsewhere([&] { return q->put(99, {.stop = interrupt.get_token()}); });
  until_putters_wait(*q, 1);
  interrupt.request_stop();
  EXPECT_EQ(answer_of(another).how, answer::cancelled);
  EXPECT_EQ(all_of(*q), (std::vector{1, 86}));
}

TYPED_TEST(jsr166_blocking_queue, times_a_put_out_when_nothing_is_taken_but_not_before) {
  const auto q = TestFixture::populated(2);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(q->put(3, {.within = 3ms}).how, answer::timed_out);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 3ms);
  std::stop_source interrupt;
  auto timed = elsewhere([&] { return q->put(3, {.within = 1h, .stop = interrupt.get_token()}); });
  until_putters_wait(*q, 1);
  interrupt.request_stop();
  EXPECT_EQ(answer_of(timed).how, answer::cancelled) << "an interrupt ends a timed wait too";
}

TYPED_TEST(jsr166_blocking_queue, gives_what_it_has_in_order_and_then_blocks_until_interrupted) {
  const auto q = TestFixture::populated(size);
  std::stop_source interrupt;
  auto takes = elsewhere([&] {
    for (int i = 0; i < size; ++i) EXPECT_EQ(*q->get(), i);
    return q->get({.stop = interrupt.get_token()}).how;
  });
  until_getters_wait(*q, 1);
  interrupt.request_stop();
  EXPECT_EQ(answer_of(takes), answer::cancelled);
}

TYPED_TEST(jsr166_blocking_queue, takes_nothing_after_an_interrupt_whether_it_is_empty_or_not) {
  std::stop_source interrupt;
  interrupt.request_stop();
  typename TestFixture::queue empty(size);
  EXPECT_EQ(empty.get({.stop = interrupt.get_token()}).how, answer::cancelled);
  EXPECT_EQ(empty.get({.within = 1h, .stop = interrupt.get_token()}).how, answer::cancelled);
  const auto q = TestFixture::populated(size);
  EXPECT_EQ(q->get({.stop = interrupt.get_token()}).how, answer::cancelled);
  EXPECT_EQ(q->size(), static_cast<std::size_t>(size));
}

TYPED_TEST(jsr166_blocking_queue, gives_items_to_tries_until_there_are_none) {
  const auto q = TestFixture::populated(size);
  for (int i = 0; i < size; ++i) EXPECT_EQ(*q->try_get(), i);
  EXPECT_EQ(q->try_get().how, answer::empty);
}

TYPED_TEST(jsr166_blocking_queue, gives_items_with_no_time_to_wait_and_with_much_until_there_are_none) {
  for (const auto patience : {std::chrono::nanoseconds(0), std::chrono::nanoseconds(1h)}) {
    const auto q = TestFixture::populated(size);
    for (int i = 0; i < size; ++i) EXPECT_EQ(*q->get({.within = patience}), i);
    EXPECT_EQ(q->get({.within = 0ns}).how, answer::timed_out);
    EXPECT_EQ(q->get({.within = 1ms}).how, answer::timed_out);
    EXPECT_TRUE(q->now().empty());
  }
}

TYPED_TEST(jsr166_blocking_queue, times_out_before_an_offer_succeeds_after_it_and_hears_an_interrupt_then) {
  typename TestFixture::queue q(2);
  EXPECT_EQ(q.get({.within = 1ms}).how, answer::timed_out);
  auto waits = elsewhere([&] { return q.get({.within = 1h}); });
  until_getters_wait(q, 1);
  ASSERT_TRUE(q.put(0, {.within = 1h}));
  EXPECT_EQ(*answer_of(waits), 0);
  std::stop_source interrupt;
  auto interrupted = elsewhere([&] { return q.get({.within = 1h, .stop = interrupt.get_token()}); });
  until_getters_wait(q, 1);
  interrupt.request_stop();
  EXPECT_EQ(answer_of(interrupted).how, answer::cancelled);
}

TYPED_TEST(jsr166_blocking_queue, is_the_same_after_an_interrupt_as_before) {
  typename TestFixture::queue q(1);
  for (int round = 0; round < 20; ++round) {
    std::stop_source interrupt;
    auto gone = elsewhere([&] { return q.get({.stop = interrupt.get_token()}); });
    if (round % 2 == 0) until_getters_wait(q, 1);
    interrupt.request_stop();
    EXPECT_EQ(answer_of(gone).how, answer::cancelled);
    EXPECT_EQ(q.now().waiting_getters, 0U);
    ASSERT_TRUE(q.put(int{round}));
    EXPECT_EQ(*q.get(), round);
  }
}

TYPED_TEST(jsr166_blocking_queue, moves_an_item_between_threads_when_the_full_one_is_offered_to_in_time) {
  const auto q = TestFixture::populated(2);
  auto offers = elsewhere([&] {
    EXPECT_EQ(q->try_put(2).how, answer::full);
    return q->put(2, {.within = 1h});
  });
  until_putters_wait(*q, 1);
  EXPECT_EQ(*q->get(), 0);
  EXPECT_TRUE(answer_of(offers));
}

TYPED_TEST(jsr166_blocking_queue, moves_an_item_between_threads_when_the_empty_one_is_polled_in_time) {
  typename TestFixture::queue q(2);
  auto polls = elsewhere([&] {
    EXPECT_EQ(q.try_get().how, answer::empty);
    return q.get({.within = 1h});
  });
  until_getters_wait(q, 1);
  ASSERT_TRUE(q.put(1));
  EXPECT_EQ(*answer_of(polls), 1);
  EXPECT_TRUE(q.now().empty());
}

TYPED_TEST(jsr166_blocking_queue, is_drained_of_everything_and_can_be_filled_again) {
  const auto q = TestFixture::populated(size);
  std::vector<int> drained;
  EXPECT_EQ(q->try_get_some(drained, SIZE_MAX).count, static_cast<std::size_t>(size));
  EXPECT_TRUE(q->now().empty());
  for (int i = 0; i < size; ++i) EXPECT_EQ(drained[static_cast<std::size_t>(i)], i);
  ASSERT_TRUE(q->try_put(0));
  ASSERT_TRUE(q->try_put(1));
  EXPECT_EQ(q->try_get_some(drained, SIZE_MAX).count, 2U);
  EXPECT_EQ(drained.size(), static_cast<std::size_t>(size) + 2);
}

TYPED_TEST(jsr166_blocking_queue, is_drained_of_at_most_what_was_asked_for) {
  typename TestFixture::queue q(size);
  for (int most = 0; most < size + 2; ++most) {
    for (int i = 0; i < size; ++i) ASSERT_TRUE(q.try_put(int{i}));
    std::vector<int> drained;
    const int expected = std::min(most, size);
    EXPECT_EQ(q.try_get_some(drained, static_cast<std::size_t>(most)).count, static_cast<std::size_t>(expected));
    EXPECT_EQ(drained.size(), static_cast<std::size_t>(expected));
    EXPECT_EQ(q.size(), static_cast<std::size_t>(size - expected));
    for (std::size_t i = 0; i < drained.size(); ++i) EXPECT_EQ(drained[i], static_cast<int>(i));
    while (q.try_get()) {
    }
  }
}

TYPED_TEST(jsr166_blocking_queue, wakes_the_put_that_waits_when_it_is_drained) {
  const auto q = TestFixture::populated(size);
  auto put = elsewhere([&] { return q->put(size + 1); });
  until_putters_wait(*q, 1);
  std::vector<int> drained;
  EXPECT_GE(q->try_get_some(drained, SIZE_MAX).count, static_cast<std::size_t>(size));
  EXPECT_TRUE(answer_of(put));
  q->try_get_some(drained, SIZE_MAX);
  EXPECT_EQ(drained.size(), static_cast<std::size_t>(size) + 1);
  EXPECT_EQ(drained.back(), size + 1);
}

TYPED_TEST(jsr166_blocking_queue, serves_those_who_wait_in_the_order_in_which_they_came_as_a_fair_one_does) {
  typename TestFixture::queue q(1);
  ASSERT_TRUE(q.put(0));
  std::vector<std::future<adapter::moved>> producers;
  for (int i = 1; i <= 5; ++i) {
    producers.push_back(elsewhere([&q, i] { return q.put(int{i}); }));
    until_putters_wait(q, static_cast<std::size_t>(i));
  }
  for (int i = 0; i <= 5; ++i) EXPECT_EQ(*q.get(), i);
  for (auto& p : producers) EXPECT_TRUE(answer_of(p));
}

}  // namespace
}  // namespace conformance
