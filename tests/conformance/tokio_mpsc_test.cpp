// Behaviours that tokio's suite of its mpsc channel checks, restated for our queue with every way to wait:
//   tokio-rs/tokio, tokio/tests/sync_mpsc.rs
//
// There, the last sender or the receiver that goes away ends the channel; ours ends by `close` (the senders' end) and
// `cancel` (the receiver's). Not ours: permits (`reserve`, an empty place that is held), weak senders, `poll_recv` by
// hand, `same_channel`, `is_debug` and marker traits, compile-time features; panics of a blocking call in an async
// context are our refusal on workers, shown in tests/sync.
#include "waiters.hpp"

namespace conformance {
namespace {

template <class Wait>
class tokio_mpsc : public queue_suite<Wait> {};
TYPED_TEST_SUITE(tokio_mpsc, some_ways_to_wait);

TYPED_TEST(tokio_mpsc, sends_and_receives_until_the_end) {
  typename TestFixture::queue q(16);
  auto sender = elsewhere([&] {
    ASSERT_TRUE(q.put(1));
    ASSERT_TRUE(q.try_put(2));
    q.close();
  });
  EXPECT_EQ(*q.get(), 1);
  EXPECT_EQ(*q.get(), 2);
  EXPECT_EQ(q.get().how, answer::closed);
  answer_of(sender);
}

TYPED_TEST(tokio_mpsc, receives_many_at_a_time_in_order_through_a_small_buffer) {
  typename TestFixture::queue q(2);
  auto sender = elsewhere([&] {
    for (const int i : {1, 2, 7}) ASSERT_TRUE(q.put(int{i}));
    q.close();
  });
  std::vector<int> got;
  while (got.size() < 3) {
    const auto turn = q.get_some(got, 16);
    ASSERT_TRUE(turn);
    EXPECT_GE(turn.count, 1U);
    EXPECT_LE(turn.count, 3U);
  }
  EXPECT_EQ(got, (std::vector{1, 2, 7}));
  EXPECT_EQ(q.get_some(got, 16).how, answer::closed);
  EXPECT_EQ(got.size(), 3U);
  answer_of(sender);
}

TYPED_TEST(tokio_mpsc, receives_many_of_an_unbounded_channel_in_one_turn_and_keeps_what_was_in_the_buffer) {
  typename TestFixture::queue q;
  for (const int i : {7, 13, 100, 1002}) ASSERT_TRUE(q.put(int{i}));
  std::vector<int> got{-1};
  EXPECT_EQ(q.get_some(got, 16).count, 4U);
  EXPECT_EQ(got, (std::vector{-1, 7, 13, 100, 1002}));
}

TYPED_TEST(tokio_mpsc, receives_no_more_at_a_time_than_was_asked_for) {
  typename TestFixture::queue q;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(q.put(int{i}));
  std::vector<int> got;
  EXPECT_EQ(q.get_some(got, 2).count, 2U);
  EXPECT_EQ(q.get_some(got, 0).count, 0U);
  EXPECT_EQ(q.get_some(got, 2).count, 2U);
  EXPECT_EQ(q.get_some(got, 2).count, 1U);
}

TYPED_TEST(tokio_mpsc, gives_the_place_to_the_next_in_line_when_the_first_gave_up) {
  typename TestFixture::queue q(1);
  ASSERT_TRUE(q.try_put(0));
  penstock::stop_source gives_up;
  auto first = elsewhere([&] { return q.put(1, {.stop = gives_up.token()}); });
  until_putters_wait(q, 1);
  auto second = elsewhere([&] { return q.put(2); });
  until_putters_wait(q, 2);
  gives_up.request_stop();
  EXPECT_EQ(answer_of(first).how, answer::cancelled);
  ASSERT_TRUE(q.get());
  EXPECT_TRUE(answer_of(second));
  q.close();
  EXPECT_EQ(*q.get(), 2);
  EXPECT_EQ(q.get().how, answer::closed);
}

TYPED_TEST(tokio_mpsc, refuses_a_buffer_of_nothing) {
  EXPECT_THROW(typename TestFixture::queue(0), std::invalid_argument);
}

TYPED_TEST(tokio_mpsc, needs_nothing_of_an_item_but_that_it_moves) {
  struct plain {
    explicit plain(int) noexcept {}
    plain(plain&&) noexcept = default;
    plain& operator=(plain&&) = delete;
  };
  typename TestFixture::template queue_of<plain> q(100);
  ASSERT_TRUE(q.put(plain(1)));
  EXPECT_TRUE(q.get());
}

TYPED_TEST(tokio_mpsc, does_not_let_a_try_take_the_place_that_was_freed_for_a_waiter) {
  typename TestFixture::queue q(1);
  ASSERT_TRUE(q.put(1));
  auto waits = elsewhere([&] { return q.put(2); });
  until_putters_wait(q, 1);
  ASSERT_TRUE(q.get());
  EXPECT_EQ(q.try_put(1337).how, answer::full);
  EXPECT_TRUE(answer_of(waits));
  EXPECT_EQ(*q.get(), 2);
}

TYPED_TEST(tokio_mpsc, that_the_receiver_closed_while_idle_gives_none_and_takes_none) {
  typename TestFixture::queue q(10);
  q.close();
  EXPECT_EQ(q.get().how, answer::closed);
  EXPECT_EQ(q.put(1).how, answer::closed);
}

TYPED_TEST(tokio_mpsc, that_was_closed_ends_the_wait_of_a_sender_but_not_the_items_before_it) {
  typename TestFixture::queue q(1);
  ASSERT_TRUE(q.put(123));
  auto waits = elsewhere([&] { return q.put(124); });
  until_putters_wait(q, 1);
  q.close();
  EXPECT_EQ(answer_of(waits).how, answer::closed);
  EXPECT_EQ(*q.get(), 123);
  EXPECT_EQ(q.get().how, answer::closed);
}

TYPED_TEST(tokio_mpsc, says_full_to_a_try_and_takes_it_once_there_is_room) {
  typename TestFixture::template queue_of<std::string> q(1);
  ASSERT_TRUE(q.try_put("hello"));
  std::string refused = "fail";
  EXPECT_EQ(q.try_put(std::move(refused)).how, answer::full);
  EXPECT_EQ(refused, "fail");
  EXPECT_EQ(*q.get(), "hello");
  ASSERT_TRUE(q.try_put("goodbye"));
  q.close();
  EXPECT_EQ(*q.try_get(), "goodbye");
  EXPECT_EQ(q.try_get().how, answer::closed);
}

TYPED_TEST(tokio_mpsc, frees_what_was_sent_when_the_receiver_goes) {
  const auto message = std::make_shared<int>(1);
  typename TestFixture::template queue_of<std::shared_ptr<int>> q(100);
  ASSERT_TRUE(q.try_put(std::shared_ptr<int>(message)));
  EXPECT_EQ(message.use_count(), 2);
  q.cancel();
  EXPECT_EQ(message.use_count(), 1);
  auto mine = message;
  EXPECT_EQ(q.try_put(std::move(mine)).how, answer::cancelled);
  EXPECT_EQ(q.put(std::move(mine)).how, answer::cancelled);
  EXPECT_EQ(message.use_count(), 2) << "a refused message is the sender's";
}

TYPED_TEST(tokio_mpsc, frees_what_was_not_received_when_both_sides_are_gone) {
  const auto message = std::make_shared<int>(1);
  {
    typename TestFixture::template queue_of<std::shared_ptr<int>> q(100);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(q.try_put(std::shared_ptr<int>(message)));
    EXPECT_EQ(message.use_count(), 6);
  }
  EXPECT_EQ(message.use_count(), 1);
}

TEST(tokio_mpsc_blocking, receives_in_a_thread_what_a_coroutine_sends_and_the_other_way_round) {
  adapter::mixed_queue<int> q(1);
  adapter::loop home;
  auto receiver = elsewhere([&] { return q.native().get(); });  // a thread for certain
  until_getters_wait(q, 1);
  int ten = 10;
  EXPECT_TRUE(home.await(adapter::mixed_queue<int>::async_put(q, ten)));
  EXPECT_EQ(*answer_of(receiver), 10);

  auto waits = adapter::asio::co_spawn(home.io(), adapter::mixed_queue<int>::async_get(q), adapter::asio::use_future);
  until_getters_wait(q, 1);
  EXPECT_TRUE(q.native().put(11));
  EXPECT_EQ(*answer_of(waits), 11);
}

TYPED_TEST(tokio_mpsc, wakes_a_receiver_that_waits_when_it_is_closed) {
  typename TestFixture::queue q(100);
  auto receiver = elsewhere([&] { return q.get(); });
  until_getters_wait(q, 1);
  q.close();
  EXPECT_EQ(answer_of(receiver).how, answer::closed);
}

TYPED_TEST(tokio_mpsc, takes_and_gives_by_tries_in_every_mixture_up_to_its_size) {
  typename TestFixture::queue q(5);
  const auto send = [&](int n) {
    for (int i = 0; i < n; ++i) ASSERT_TRUE(q.try_put(int{i}));
  };
  const auto receive = [&](int n) {
    for (int i = 0; i < n; ++i) ASSERT_TRUE(q.try_get());
  };
  send(5);
  EXPECT_EQ(q.try_put(9).how, answer::full);
  receive(5);
  EXPECT_EQ(q.try_get().how, answer::empty);
  send(4), receive(1), send(2);
  EXPECT_EQ(q.try_put(9).how, answer::full);
  receive(5);
  EXPECT_EQ(q.try_get().how, answer::empty);
  send(3);
  q.close();
  receive(3);
  EXPECT_EQ(q.try_get().how, answer::closed);
}

TYPED_TEST(tokio_mpsc, without_a_bound_gives_exactly_what_was_sent_whatever_the_number) {
  for (int n = 0; n < 100; ++n) {
    typename TestFixture::queue q;
    for (int i = 0; i < n; ++i) ASSERT_TRUE(q.try_put(int{i}));
    for (int i = 0; i < n; ++i) ASSERT_EQ(*q.try_get(), i);
    EXPECT_EQ(q.try_get().how, answer::empty);
    q.close();
    EXPECT_EQ(q.try_get().how, answer::closed);
  }
}

TYPED_TEST(tokio_mpsc, that_is_empty_and_was_closed_says_so_to_a_try) {
  typename TestFixture::queue q(4);
  EXPECT_EQ(q.try_get().how, answer::empty);
  q.close();
  EXPECT_EQ(q.try_get().how, answer::closed);
}

TYPED_TEST(tokio_mpsc, times_out_a_send_and_a_receive_and_stays_as_it_was) {
  typename TestFixture::queue q(1);
  EXPECT_EQ(q.get({.within = 1ms}).how, answer::timed_out);
  ASSERT_TRUE(q.put(1, {.within = 1ms}));
  EXPECT_EQ(q.put(2, {.within = 1ms}).how, answer::timed_out);
  EXPECT_EQ(*q.get({.within = 1ms}), 1);
  ASSERT_TRUE(q.put(3, {.within = 1ms})) << "the place is free again";
}

TYPED_TEST(tokio_mpsc, tells_how_much_is_in_it_and_that_it_was_closed) {
  typename TestFixture::queue q(100);
  EXPECT_TRUE(q.now().empty());
  ASSERT_TRUE(q.put(1));
  EXPECT_EQ(q.size(), 1U);
  EXPECT_FALSE(q.now().closed);
  q.close();
  EXPECT_TRUE(q.now().closed);
  EXPECT_EQ(q.size(), 1U) << "what is in it can still be received";
  ASSERT_TRUE(q.get());
  EXPECT_EQ(q.size(), 0U);
}

TYPED_TEST(tokio_mpsc, tells_its_capacity_and_what_is_left_of_it) {
  typename TestFixture::queue q(5);
  const auto left = [&] { return q.now().capacity - q.now().size; };
  EXPECT_EQ(left(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(q.put(1));
    EXPECT_EQ(left(), 4 - i);
  }
  ASSERT_TRUE(q.get());
  EXPECT_EQ(left(), 1U);
  EXPECT_EQ(q.now().capacity, 5U);
}

TYPED_TEST(tokio_mpsc, drops_items_whose_destructor_uses_the_channel_itself) {
  struct wakes {
    explicit wakes(std::shared_ptr<std::atomic<int>> n) noexcept : count(std::move(n)) {}
    wakes(wakes&&) noexcept = default;
    wakes& operator=(wakes&&) = delete;
    ~wakes() {
      if (!count) return;
      ++*count;
      if (back) (void)back->now();
    }
    std::shared_ptr<std::atomic<int>> count;
    typename TestFixture::template queue_of<wakes>* back = nullptr;
  };
  auto dropped = std::make_shared<std::atomic<int>>(0);
  typename TestFixture::template queue_of<wakes> q(100);
  for (int i = 0; i < 3; ++i) {
    wakes item(dropped);
    item.back = &q;
    ASSERT_TRUE(q.put(std::move(item)));
  }
  q.cancel();
  EXPECT_EQ(*dropped, 3);
}

}  // namespace
}  // namespace conformance
