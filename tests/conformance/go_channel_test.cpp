// Behaviours that Go's tests of its channels check, restated for our queue with every way to wait:
//   golang/go, test/chan/doubleselect.go, fifo.go, goroutines.go, nonblock.go, perm.go, powser1.go, select3.go,
//   select7.go, sieve1.go, sieve2.go, zerosize.go; runtime/chan_test.go as crossbeam-channel/tests/golang.rs
//   (crossbeam-rs/crossbeam) has it
//
// Not ours: `select` over several channels (select.go to select6.go; a `default` branch is our try), channels without a
// buffer (every channel here has a place, so the hand-shakes are by join or by a second queue), nil channels (there is
// no queue that is none), directions in types (perm.go's compile errors), `cap` of nil, sends as statements. A send on
// a closed channel panics there; here it is an answer.
#include "waiters.hpp"

#include <array>

namespace conformance {
namespace {

template <class Wait>
class go_channel : public queue_suite<Wait> {};
TYPED_TEST_SUITE(go_channel, some_ways_to_wait);

// ---- fifo.go ----

TYPED_TEST(go_channel, is_first_in_first_out_with_a_buffer_filled_before) {
  typename TestFixture::queue q(10);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(q.put(int{i}));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(*q.get(), i);
}

TYPED_TEST(go_channel, is_first_in_first_out_for_senders_that_stand_in_line) {
  typename TestFixture::queue q(1);
  ASSERT_TRUE(q.put(0));
  std::vector<std::future<adapter::moved>> chain;
  for (int i = 1; i < 8; ++i) {
    chain.push_back(elsewhere([&q, i] { return q.put(int{i}); }));
    until_putters_wait(q, static_cast<std::size_t>(i));
  }
  for (int i = 0; i < 8; ++i) EXPECT_EQ(*q.get(), i);
  for (auto& c : chain) EXPECT_TRUE(answer_of(c));
}

// ---- goroutines.go ----

TYPED_TEST(go_channel, passes_a_token_through_a_chain_of_many) {
  constexpr std::size_t links = 30;
  std::vector<std::unique_ptr<typename TestFixture::queue>> chain;
  for (std::size_t i = 0; i <= links; ++i) chain.push_back(std::make_unique<typename TestFixture::queue>(1));
  std::vector<std::future<void>> threads;
  for (std::size_t i = 0; i < links; ++i) {
    threads.push_back(elsewhere([&chain, i] { ASSERT_TRUE(chain[i + 1]->put(1 + *chain[i]->get())); }));
  }
  ASSERT_TRUE(chain.front()->put(0));
  EXPECT_EQ(*chain.back()->get(), static_cast<int>(links));
  for (auto& t : threads) answer_of(t);
}

// ---- nonblock.go ----

TYPED_TEST(go_channel, neither_gives_nor_takes_what_would_have_to_wait_for_items_of_any_size) {
  struct big {
    std::array<char, 1000> bytes{};
  };
  const auto check = []<class T>(T value) {
    typename TestFixture::template queue_of<T> q(1);
    EXPECT_EQ(q.try_get().how, answer::empty);
    ASSERT_TRUE(q.try_put(T(value)));
    EXPECT_EQ(q.try_put(T(value)).how, answer::full);
    auto sender = elsewhere([&] { return q.put(T(value)); });
    until_putters_wait(q, 1);
    ASSERT_TRUE(q.try_get()) << "there is somebody who sends";
    ASSERT_TRUE(q.get());
    EXPECT_TRUE(answer_of(sender));
    auto receiver = elsewhere([&] { return static_cast<bool>(q.get()); });
    until_getters_wait(q, 1);
    ASSERT_TRUE(q.try_put(T(value))) << "there is somebody who receives";
    EXPECT_TRUE(answer_of(receiver));
    EXPECT_EQ(q.try_get().how, answer::empty);
  };
  check(1);
  check(big{});
}

// ---- doubleselect.go ----

TYPED_TEST(go_channel, sends_every_value_once_when_two_who_forward_compete_for_it) {
  typename TestFixture::queue in(2), out(2);
  auto sender = elsewhere([&] {
    for (int i = 0; i < 400; ++i) ASSERT_TRUE(in.put(int{i}));
    in.close();
  });
  std::vector<std::future<void>> forwarders;
  for (int f = 0; f < 2; ++f) {
    forwarders.push_back(elsewhere([&] {
      while (auto item = in.get()) ASSERT_TRUE(out.put(std::move(*item)));
    }));
  }
  std::vector<int> seen(400);
  for (int i = 0; i < 400; ++i) ++seen[static_cast<std::size_t>(*out.get())];
  for (const int n : seen) EXPECT_EQ(n, 1);
  answer_of(sender);
  for (auto& f : forwarders) answer_of(f);
  EXPECT_EQ(out.try_get().how, answer::empty);
}

// ---- select3.go: what waits and what does not ----

TYPED_TEST(go_channel, lets_a_receive_of_an_empty_one_wait_and_a_receive_of_a_closed_one_not) {
  typename TestFixture::queue q(10);
  auto waits = elsewhere([&] { return q.get(); });
  until_getters_wait(q, 1);
  q.close();
  EXPECT_EQ(answer_of(waits).how, answer::closed);
  EXPECT_EQ(q.get().how, answer::closed);
  EXPECT_EQ(q.try_get().how, answer::closed);
}

TYPED_TEST(go_channel, lets_a_send_to_a_full_one_wait_and_a_send_to_one_with_room_not) {
  typename TestFixture::queue q(2);
  ASSERT_TRUE(q.put(1));
  ASSERT_TRUE(q.put(2));
  auto waits = elsewhere([&] { return q.put(3); });
  until_putters_wait(q, 1);
  q.close();
  EXPECT_EQ(answer_of(waits).how, answer::closed);
  EXPECT_EQ(q.put(4).how, answer::closed);
}

// ---- select7.go ----

TYPED_TEST(go_channel, hands_over_the_same_whether_the_sender_or_the_receiver_stood_in_line) {
  for (const bool receiver_first : {true, false}) {
    typename TestFixture::queue q(1);
    std::future<adapter::taken<int>> receiver;
    std::future<adapter::moved> sender;
    if (receiver_first) {
      receiver = elsewhere([&] { return q.get(); });
      until_getters_wait(q, 1);
      EXPECT_TRUE(q.try_put(8));
      EXPECT_EQ(*answer_of(receiver), 8);
    } else {
      ASSERT_TRUE(q.try_put(7));
      sender = elsewhere([&] { return q.put(8); });
      until_putters_wait(q, 1);
      EXPECT_EQ(*q.try_get(), 7);
      EXPECT_EQ(*q.try_get(), 8);
      EXPECT_TRUE(answer_of(sender));
    }
  }
}

// ---- sieve1.go, sieve2.go ----

TYPED_TEST(go_channel, sieves_primes_through_a_chain_of_filters) {
  using channel = typename TestFixture::queue;
  constexpr int wanted = 12;
  std::vector<std::unique_ptr<channel>> chain;
  std::vector<std::future<void>> threads;
  chain.push_back(std::make_unique<channel>(2));
  threads.push_back(elsewhere([first = chain.back().get()] {
    for (int i = 2; first->put(int{i}); ++i) {
    }
  }));
  std::vector<int> primes;
  for (int i = 0; i < wanted; ++i) {
    channel& from = *chain.back();
    const int prime = *from.get();
    primes.push_back(prime);
    chain.push_back(std::make_unique<channel>(2));
    threads.push_back(elsewhere([&from, to = chain.back().get(), prime] {
      while (auto item = from.get()) {
        if (*item % prime != 0 && !to->put(std::move(*item))) break;
      }
    }));
  }
  for (auto& q : chain) q->cancel();
  for (auto& t : threads) answer_of(t);
  EXPECT_EQ(primes, (std::vector{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37}));
}

// ---- powser1.go: streams of coefficients as channels ----

TYPED_TEST(go_channel, adds_and_multiplies_power_series_that_are_channels) {
  using channel = typename TestFixture::queue;
  const auto series = [](channel& to, int first, int step) {
    return elsewhere([&to, first, step] {
      for (int c = first; to.put(int{c}); c += step) {
      }
    });
  };
  channel ones(1), naturals(1), sums(1), products(1);
  auto a = series(ones, 1, 0);      // 1/(1-x)
  auto b = series(naturals, 1, 1);  // 1/(1-x)²
  auto adds = elsewhere([&] {
    std::vector<int> left, right;
    for (;;) {
      auto l = ones.get();
      auto r = naturals.get();
      if (!l || !r) return;
      left.push_back(*l);
      right.push_back(*r);
      int product = 0;  // the n-th coefficient of the product
      for (std::size_t i = 0; i < left.size(); ++i) product += left[i] * right[left.size() - 1 - i];
      if (!sums.put(*l + *r) || !products.put(int{product})) return;
    }
  });
  for (int n = 0; n < 10; ++n) {
    EXPECT_EQ(*sums.get(), n + 2);
    EXPECT_EQ(*products.get(), (n + 1) * (n + 2) / 2);
  }
  for (auto* q : {&ones, &naturals, &sums, &products}) q->cancel();
  answer_of(a), answer_of(b), answer_of(adds);
}

// ---- perm.go, zerosize.go ----

TYPED_TEST(go_channel, carries_items_without_a_size_and_without_a_value) {
  struct nothing {};
  typename TestFixture::template queue_of<nothing> q(2);
  ASSERT_TRUE(q.put(nothing{}));
  ASSERT_TRUE(q.put(nothing{}));
  EXPECT_EQ(q.try_put(nothing{}).how, answer::full);
  EXPECT_TRUE(q.get());
  EXPECT_EQ(q.size(), 1U);
}

// ---- runtime/chan_test.go ----

TYPED_TEST(go_channel, behaves_at_its_bounds_whatever_its_capacity) {
  for (std::size_t capacity = 1; capacity < 6; ++capacity) {
    typename TestFixture::queue q(capacity);
    auto getter = elsewhere([&] { return q.get(); });
    until_getters_wait(q, 1);
    EXPECT_EQ(q.try_get().how, answer::empty);
    ASSERT_TRUE(q.put(0));
    EXPECT_EQ(*answer_of(getter), 0);
    for (std::size_t i = 0; i < capacity; ++i) ASSERT_TRUE(q.put(static_cast<int>(i)));
    auto putter = elsewhere([&] { return q.put(99); });
    until_putters_wait(q, 1);
    EXPECT_EQ(q.try_put(98).how, answer::full);
    q.close();
    EXPECT_EQ(answer_of(putter).how, answer::closed);
    for (std::size_t i = 0; i < capacity; ++i) EXPECT_EQ(*q.get(), static_cast<int>(i));
    EXPECT_EQ(q.get().how, answer::closed);
  }
}

TYPED_TEST(go_channel, closes_for_all_receivers_at_once) {
  for (int round = 0; round < 20; ++round) {
    typename TestFixture::queue q(1);
    std::vector<std::future<adapter::taken<int>>> receivers;
    for (int i = 0; i < 3; ++i) receivers.push_back(elsewhere([&] { return q.get(); }));
    q.close();  // some stand in line by now, some do not
    for (auto& r : receivers) EXPECT_EQ(answer_of(r).how, answer::closed);
  }
}

TYPED_TEST(go_channel, counts_each_value_of_many_senders_once_per_sender) {
  constexpr int senders = 3;
  constexpr int values = 200;
  for (const std::size_t capacity : {1U, 10U}) {
    typename TestFixture::queue q(capacity);
    std::vector<std::future<void>> threads;
    for (int s = 0; s < senders; ++s) {
      threads.push_back(elsewhere([&] {
        for (int i = 0; i < values; ++i) ASSERT_TRUE(q.put(int{i}));
      }));
    }
    std::vector<std::vector<int>> received(senders);
    for (auto& mine : received) {
      threads.push_back(elsewhere([&] {
        for (int i = 0; i < values; ++i) mine.push_back(*q.get());
      }));
    }
    for (auto& t : threads) answer_of(t);
    std::vector<int> seen(values);
    for (const auto& mine : received) {
      for (const int v : mine) ++seen[static_cast<std::size_t>(v)];
    }
    for (const int n : seen) EXPECT_EQ(n, senders);
  }
}

TYPED_TEST(go_channel, knows_its_length_and_capacity) {
  typename TestFixture::queue q(10);
  EXPECT_EQ(q.size(), 0U);
  EXPECT_EQ(q.now().capacity, 10U);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(q.put(int{i}));
  EXPECT_EQ(q.size(), 5U);
  EXPECT_EQ(q.now().capacity, 10U);
}

TYPED_TEST(go_channel, works_as_a_semaphore) {
  typename TestFixture::queue places(3);
  penstock_tests::crowd inside;
  std::vector<std::future<void>> threads;
  for (int t = 0; t < 6; ++t) {
    threads.push_back(elsewhere([&] {
      for (int i = 0; i < 50; ++i) {
        ASSERT_TRUE(places.put(1));
        inside.enter();
        inside.leave();
        ASSERT_TRUE(places.get());
      }
    }));
  }
  for (auto& t : threads) answer_of(t);
  EXPECT_LE(inside.most(), 3);
  EXPECT_EQ(places.size(), 0U);
}

TYPED_TEST(go_channel, does_not_lose_a_wake_when_many_wait_for_few) {
  typename TestFixture::queue q(1);
  std::atomic<int> got{0};
  std::vector<std::future<void>> receivers;
  for (int r = 0; r < 6; ++r) {
    receivers.push_back(elsewhere([&] {
      while (q.get()) ++got;
    }));
  }
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(q.put(1));
  q.close();
  for (auto& r : receivers) answer_of(r);
  EXPECT_EQ(got, 300);
}

}  // namespace
}  // namespace conformance
