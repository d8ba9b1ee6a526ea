// Behaviours that crossbeam's suite of its channels checks, restated for our queue with every way to wait:
//   crossbeam-rs/crossbeam, crossbeam-channel/tests/array.rs, list.rs, mpsc.rs (ported there from Rust's
//   std::sync::mpsc), iter.rs, thread_locals.rs
//
// Not ours: channels of capacity zero (zero.rs: 0 is refused), `select` over several channels (select.rs,
// select_macro.rs, ready.rs, fairness), channels of time (after.rs, tick.rs, never.rs), `same_channel`, items whose
// destructor panics (it must not throw). What golang.rs ports from Go stands in go_channel_test.cpp. Disconnecting is
// our `close` by the senders and our `cancel` by the receivers.
#include "waiters.hpp"

namespace conformance {
namespace {

template <class Wait>
class crossbeam_channel : public queue_suite<Wait> {};
TYPED_TEST_SUITE(crossbeam_channel, some_ways_to_wait);

TYPED_TEST(crossbeam_channel, gives_back_what_it_was_given_by_every_kind_of_call) {
  typename TestFixture::queue q(1);
  ASSERT_TRUE(q.put(7));
  EXPECT_EQ(*q.try_get(), 7);
  ASSERT_TRUE(q.put(8));
  EXPECT_EQ(*q.get(), 8);
  EXPECT_EQ(q.try_get().how, answer::empty);
  EXPECT_EQ(q.get({.within = 1ms}).how, answer::timed_out);
}

TYPED_TEST(crossbeam_channel, has_the_capacity_that_it_was_made_with) {
  for (std::size_t i = 1; i < 10; ++i) EXPECT_EQ(typename TestFixture::queue(i).now().capacity, i);
}

TYPED_TEST(crossbeam_channel, knows_whether_it_is_empty_or_full) {
  typename TestFixture::queue q(2);
  const auto looks = [&](std::size_t size, bool empty, bool full) {
    const auto c = q.now();
    EXPECT_EQ(c.size, size);
    EXPECT_EQ(c.empty(), empty);
    EXPECT_EQ(c.full(), full);
  };
  looks(0, true, false);
  ASSERT_TRUE(q.put(1));
  looks(1, false, false);
  ASSERT_TRUE(q.put(2));
  looks(2, false, true);
  ASSERT_TRUE(q.get());
  looks(1, false, false);
}

TYPED_TEST(crossbeam_channel, receives_what_comes_while_it_waits_and_then_the_end) {
  typename TestFixture::queue q(100);
  auto receiver = elsewhere([&] {
    std::vector<int> got;
    while (auto item = q.get()) got.push_back(*item);
    return got;
  });
  until_getters_wait(q, 1);
  for (const int i : {7, 8, 9}) ASSERT_TRUE(q.put(int{i}));
  q.close();
  EXPECT_EQ(answer_of(receiver), (std::vector{7, 8, 9}));
}

TYPED_TEST(crossbeam_channel, times_out_then_receives_then_sees_the_end) {
  typename TestFixture::queue q(100);
  EXPECT_EQ(q.get({.within = 1ms}).how, answer::timed_out);
  auto receiver = elsewhere([&] { return q.get({.within = 1h}); });
  until_getters_wait(q, 1);
  ASSERT_TRUE(q.put(7));
  EXPECT_EQ(*answer_of(receiver), 7);
  auto last = elsewhere([&] { return q.get({.within = 1h}); });
  until_getters_wait(q, 1);
  q.close();
  EXPECT_EQ(answer_of(last).how, answer::closed) << "the end comes before the time-out";
}

TYPED_TEST(crossbeam_channel, sends_when_there_is_room_and_gives_the_item_back_when_nobody_will_take_it) {
  typename TestFixture::template queue_of<std::string> q(1);
  ASSERT_TRUE(q.try_put("one"));
  std::string two = "two";
  EXPECT_EQ(q.try_put(std::move(two)).how, answer::full);
  EXPECT_EQ(q.put(std::move(two), {.within = 1ms}).how, answer::timed_out);
  EXPECT_EQ(*q.try_get(), "one");
  ASSERT_TRUE(q.put(std::move(two), {.within = 1h}));
  q.cancel();
  std::string three = "three";
  EXPECT_EQ(q.put(std::move(three)).how, answer::cancelled);
  EXPECT_EQ(q.try_put(std::move(three)).how, answer::cancelled);
  EXPECT_EQ(q.put(std::move(three), {.within = 1h}).how, answer::cancelled);
  EXPECT_EQ(three, "three");
}

TYPED_TEST(crossbeam_channel, gives_what_was_sent_before_the_senders_left) {
  typename TestFixture::queue q(100);
  for (const int i : {1, 2, 3}) ASSERT_TRUE(q.put(int{i}));
  q.close();
  for (const int i : {1, 2, 3}) EXPECT_EQ(*q.get(), i);
  EXPECT_EQ(q.get().how, answer::closed);
}

TYPED_TEST(crossbeam_channel, keeps_count_of_what_is_in_it) {
  constexpr std::size_t capacity = 20;
  typename TestFixture::queue q(capacity);
  for (int turn = 0; turn < 3; ++turn) {
    for (std::size_t i = 0; i < capacity; ++i) {
      ASSERT_TRUE(q.put(1));
      EXPECT_EQ(q.size(), i + 1);
    }
    for (std::size_t i = capacity; i > 0; --i) {
      ASSERT_TRUE(q.get());
      EXPECT_EQ(q.size(), i - 1);
    }
  }
  auto sender = elsewhere([&] {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(q.put(int{i}));
      ASSERT_LE(q.size(), capacity);
    }
  });
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(*q.get(), i);
    ASSERT_LE(q.size(), capacity);
  }
  answer_of(sender);
  EXPECT_EQ(q.size(), 0U);
}

TYPED_TEST(crossbeam_channel, wakes_a_sender_or_a_receiver_when_it_is_disconnected) {
  typename TestFixture::queue q(1);
  ASSERT_TRUE(q.put(1));
  auto sender = elsewhere([&] { return q.put(2); });
  until_putters_wait(q, 1);
  q.cancel();
  EXPECT_EQ(answer_of(sender).how, answer::cancelled);

  typename TestFixture::queue other(1);
  auto receiver = elsewhere([&] { return other.get(); });
  until_getters_wait(other, 1);
  other.close();
  EXPECT_EQ(answer_of(receiver).how, answer::closed);
}

TYPED_TEST(crossbeam_channel, keeps_the_order_between_one_sender_and_one_receiver) {
  typename TestFixture::queue q(3);
  auto sender = elsewhere([&] {
    for (int i = 0; i < 3000; ++i) ASSERT_TRUE(q.put(int{i}));
    q.close();
  });
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(*q.get(), i);
  EXPECT_EQ(q.get().how, answer::closed);
  answer_of(sender);
}

TYPED_TEST(crossbeam_channel, gives_every_item_of_many_senders_to_one_of_many_receivers) {
  constexpr int count = 500;
  constexpr int threads = 4;
  typename TestFixture::queue q(3);
  std::vector<std::atomic<int>> seen(count);
  std::vector<std::future<void>> all;
  for (int t = 0; t < threads; ++t) {
    all.push_back(elsewhere([&] {
      for (int i = 0; i < count; ++i) ++seen[static_cast<std::size_t>(*q.get())];
    }));
    all.push_back(elsewhere([&] {
      for (int i = 0; i < count; ++i) ASSERT_TRUE(q.put(int{i}));
    }));
  }
  for (auto& a : all) answer_of(a);
  for (const auto& n : seen) EXPECT_EQ(n, threads);
  EXPECT_EQ(q.try_get().how, answer::empty);
}

TYPED_TEST(crossbeam_channel, of_one_item_works_a_hundred_times_whoever_comes_first) {
  for (int round = 0; round < 100; ++round) {
    typename TestFixture::queue q(1);
    auto receiver = elsewhere([&] { return q.get(); });
    ASSERT_TRUE(q.put(int{round}));
    EXPECT_EQ(*answer_of(receiver), round);
  }
}

TYPED_TEST(crossbeam_channel, answers_requests_through_two_channels) {
  typename TestFixture::queue requests(1), responses(1);
  auto server = elsewhere([&] {
    while (requests.get()) {
      if (!responses.put(1)) break;
    }
  });
  int sum = 0;
  while (sum < 300) {
    while (auto one = responses.try_get()) sum += *one;
    if (sum < 300) {
      ASSERT_TRUE(requests.put(0));
    }
  }
  requests.close();
  responses.cancel();
  answer_of(server);
}

TYPED_TEST(crossbeam_channel, loses_nothing_to_time_outs_on_both_sides) {
  typename TestFixture::queue q(2);
  auto sender = elsewhere([&] {
    for (int i = 0; i < 100; ++i) {
      while (!q.put(int{i}, {.within = 10us})) {
      }
    }
  });
  for (int i = 0; i < 100; ++i) {
    for (;;) {
      if (auto got = q.get({.within = 10us})) {
        ASSERT_EQ(*got, i);
        break;
      }
    }
  }
  answer_of(sender);
  expect_adds_up(q.now());
}

TYPED_TEST(crossbeam_channel, destroys_every_item_once_whether_it_was_received_or_not) {
  const long before = counted::alive;
  for (const int received : {0, 1, 37, 300}) {
    for (const int left : {0, 1, 49}) {
      typename TestFixture::template queue_of<counted> q(50);
      auto receiver = elsewhere([&] {
        for (int i = 0; i < received; ++i) ASSERT_TRUE(q.get());
      });
      for (int i = 0; i < received; ++i) ASSERT_TRUE(q.put(counted(i)));
      answer_of(receiver);
      EXPECT_EQ(counted::alive, before);
      for (int i = 0; i < left; ++i) ASSERT_TRUE(q.put(counted(i)));
      EXPECT_EQ(counted::alive, before + left);
    }
    EXPECT_EQ(counted::alive, before);
  }
}

TYPED_TEST(crossbeam_channel, gives_a_try_what_the_same_thread_has_sent) {
  constexpr int threads = 4;
  typename TestFixture::queue q(threads);
  std::vector<std::future<void>> all;
  for (int t = 0; t < threads; ++t) {
    all.push_back(elsewhere([&] {
      for (int i = 0; i < 500; ++i) {
        ASSERT_TRUE(q.put(0));
        ASSERT_TRUE(q.try_get());
      }
    }));
  }
  for (auto& a : all) answer_of(a);
}

TYPED_TEST(crossbeam_channel, can_be_sent_through_a_channel) {
  struct link;
  using channel = typename TestFixture::template queue_of<std::shared_ptr<link>>;
  struct link {
    channel next{1};
  };
  auto first = std::make_shared<link>();
  auto sender = elsewhere([first] {
    auto at = first;
    for (int i = 0; i < 30; ++i) {
      auto next = std::make_shared<link>();
      ASSERT_TRUE(at->next.put(std::shared_ptr<link>(next)));
      at = next;
    }
  });
  auto at = first;
  for (int i = 0; i < 30; ++i) {
    auto got = at->next.get();
    ASSERT_TRUE(got);
    at = *got;
  }
  answer_of(sender);
  EXPECT_EQ(at->next.try_get().how, answer::empty);
}

// ---- mpsc.rs ----

TYPED_TEST(crossbeam_channel, may_be_left_full) {
  typename TestFixture::template queue_of<std::unique_ptr<int>> q;
  ASSERT_TRUE(q.put(std::make_unique<int>(1)));
}

TYPED_TEST(crossbeam_channel, may_be_closed_and_left_before_anything_was_sent) {
  for (int round = 0; round < 20; ++round) {
    typename TestFixture::queue q(1);
    auto one = elsewhere([&] { return q.close(); });
    auto other = elsewhere([&] { return q.cancel(); });
    const bool closed = answer_of(one);
    EXPECT_TRUE(answer_of(other));
    EXPECT_TRUE(q.now().closed);
    (void)closed;  // the other may have come first
  }
}

TYPED_TEST(crossbeam_channel, stops_a_sender_that_would_never_stop_when_the_receiver_goes) {
  typename TestFixture::queue q(1);
  auto receiver = elsewhere([&] {
    ASSERT_TRUE(q.get());
    q.cancel();
  });
  while (q.put(1)) {
  }
  answer_of(receiver);
}

TYPED_TEST(crossbeam_channel, stops_two_senders_that_would_never_stop_when_the_receiver_goes) {
  typename TestFixture::queue q(1);
  const auto sends_on = [&] {
    std::uint64_t sent = 0;
    while (q.put(1)) ++sent;
    return sent;
  };
  auto one = elsewhere(sends_on);
  auto two = elsewhere(sends_on);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(q.get());
  q.cancel();
  EXPECT_EQ(answer_of(one) + answer_of(two), q.now().put);
}

TYPED_TEST(crossbeam_channel, ends_the_loop_of_a_receiver_when_the_sender_is_through) {
  typename TestFixture::queue q(4);
  auto counts = elsewhere([&] {
    int n = 0;
    while (auto item = q.get()) n += *item;
    return n;
  });
  for (const int i : {1, 2, 3}) ASSERT_TRUE(q.put(int{i}));
  q.close();
  EXPECT_EQ(answer_of(counts), 6);
}

TYPED_TEST(crossbeam_channel, may_be_left_by_its_receiver_in_the_middle_of_a_loop) {
  typename TestFixture::queue q(1);
  auto reader = elsewhere([&] {
    int n = 0;
    while (auto item = q.get()) {
      if (n >= 3) {
        q.cancel();
        break;
      }
      n += *item;
    }
    return n;
  });
  while (q.put(2)) {
  }
  EXPECT_EQ(answer_of(reader), 4);
}

TYPED_TEST(crossbeam_channel, gives_everything_that_is_there_to_tries_and_does_not_wait_for_more) {
  typename TestFixture::queue q(10);
  for (const int i : {1, 2, 3}) ASSERT_TRUE(q.put(int{i}));
  EXPECT_EQ(all_of(q), (std::vector{1, 2, 3}));
  EXPECT_TRUE(all_of(q).empty());
  EXPECT_FALSE(q.now().closed);
}

TYPED_TEST(crossbeam_channel, wakes_each_of_many_who_wait_for_one_item_of_many) {
  typename TestFixture::queue q(1);
  std::vector<std::future<adapter::taken<int>>> receivers;
  for (std::size_t i = 0; i < 8; ++i) receivers.push_back(elsewhere([&] { return q.get(); }));
  until_getters_wait(q, 8);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(q.try_put(int{i}));
  int sum = 0;
  for (auto& r : receivers) sum += *answer_of(r);
  EXPECT_EQ(sum, 28);
}

// ---- thread_locals.rs ----

TYPED_TEST(crossbeam_channel, can_be_used_by_what_a_thread_destroys_at_its_end) {
  typename TestFixture::queue q(4);
  struct says_goodbye {
    ~says_goodbye() {
      if (to) (void)to->try_put(1);
    }
    typename TestFixture::queue* to = nullptr;
  };
  std::thread([&] {
    thread_local says_goodbye at_the_end;
    at_the_end.to = &q;
    (void)q.put(0);
  }).join();
  EXPECT_EQ(all_of(q), (std::vector{0, 1}));
}

}  // namespace
}  // namespace conformance
