// Behaviours that Akka Streams' specs check by the clock, restated in virtual time, each under many schedules:
//   akka/akka, akka-stream-tests/src/test/scala/akka/stream/scaladsl/FlowThrottleSpec, FlowGroupedWithinSpec
//
// Not ours: throttles that count a cost per element, or that fail instead of waiting (`Enforcing`); groups by weight;
// batches that are re-sent; a burst of 0.
#include <penstock/testing/manual_runtime.hpp>

#include "runs.hpp"

namespace conformance {
namespace {

constexpr std::uint64_t seeds = 100;

/// What came out, and when, counted from the start.
template <class T>
struct arrivals {
  auto note(const penstock::manual_runtime& rt) {
    return [this, &rt, began = rt.now()](T item) {
      what.push_back(std::move(item));
      when.push_back(rt.now() - began);
    };
  }
  std::vector<T> what;
  std::vector<penstock::duration> when;
};

using plain = adapter::thread_machine;
using groups = std::vector<std::vector<int>>;

template <class Check>
void under_many_schedules(Check check) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    penstock::manual_runtime rt(seed);
    check(rt);
    if (testing::Test::HasFailure()) return;
  }
}

adapter::outcome finish(penstock::run& run) {
  auto r = adapter::running<adapter::plain_bodies>::in_words(run.wait());
  expect_adds_up(r);
  return r;
}

// ---- FlowThrottleSpec ----

TEST(akka_throttle, works_in_the_happy_case) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    arrivals<int> out;
    auto run = rt.start(plain::from(numbers(1, 6)).throttle(penstock::per_second(19)).each(out.note(rt)));
    EXPECT_EQ(finish(run).how, ended::completed);
    EXPECT_EQ(out.what, numbers(1, 6));
  });
}

TEST(akka_throttle, accepts_very_high_and_very_low_rates) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    arrivals<int> fast, slow;
    auto high = rt.start(plain::from(numbers(1, 6)).throttle({.count = 1, .per = 1ns}).each(fast.note(rt)));
    EXPECT_EQ(finish(high).how, ended::completed);
    EXPECT_EQ(fast.what.size(), 5U);
    auto low = rt.start(plain::from(numbers(1, 6)).throttle({.count = 1, .per = 24h * 100}).each(slow.note(rt)));
    rt.advance(24h * 99);
    EXPECT_EQ(slow.what, (std::vector{1}));
    low.cancel();
    EXPECT_EQ(finish(low).how, ended::cancelled);
  });
}

TEST(akka_throttle, shares_nothing_between_two_throttles_of_a_line_or_two_runs_of_a_job) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    std::vector<int> out;
    const auto job =
        plain::from(std::vector{1}).throttle({.count = 1, .per = 24h}).throttle({.count = 1, .per = 24h}).into(out);
    const auto began = rt.now();
    for (int round = 0; round < 2; ++round) {
      auto run = rt.start(job);
      finish(run);
    }
    EXPECT_EQ(out, (std::vector{1, 1}));
    EXPECT_EQ(rt.now(), began) << "each had its own first token";
  });
}

TEST(akka_throttle, emits_one_element_per_tick) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    arrivals<int> out;
    auto run = rt.start(plain::from(numbers(0, 4)).throttle({.count = 1, .per = 300ms}).each(out.note(rt)));
    rt.advance(299ms);
    EXPECT_EQ(out.what, (std::vector{0}));
    rt.advance(1ms);
    EXPECT_EQ(out.what, (std::vector{0, 1}));
    rt.advance(600ms);
    EXPECT_EQ(out.what, numbers(0, 4));
    EXPECT_EQ(finish(run).how, ended::completed);
  });
}

TEST(akka_throttle, emits_nothing_while_nothing_comes) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    adapter::thread_queue<int> upstream(4);
    arrivals<int> out;
    auto run = rt.start(plain::from(upstream).throttle({.count = 1, .per = 300ms}).each(out.note(rt)));
    ASSERT_TRUE(upstream.try_put(1));
    rt.advance(1s);
    EXPECT_EQ(out.what, (std::vector{1}));
    ASSERT_TRUE(upstream.try_put(2));
    rt.advance(0s);
    EXPECT_EQ(out.what, (std::vector{1, 2})) << "its token was there long ago";
    upstream.close();
    EXPECT_EQ(finish(run).how, ended::completed);
  });
}

TEST(akka_throttle, ends_at_once_when_what_comes_after_it_leaves_or_the_run_is_cancelled) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    const auto began = rt.now();
    std::vector<int> out;
    auto leaves = rt.start(plain::from(numbers(0, 10)).throttle({.count = 1, .per = 300ms}).take(1).into(out));
    EXPECT_EQ(finish(leaves).how, ended::completed);
    auto cancelled = rt.start(plain::from(numbers(0, 10)).throttle({.count = 1, .per = 300ms}).into(out));
    rt.run_until_idle();
    cancelled.cancel();
    EXPECT_EQ(finish(cancelled).how, ended::cancelled);
    EXPECT_EQ(rt.now(), began);
  });
}

TEST(akka_throttle, sends_elements_as_soon_as_their_time_comes) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    arrivals<int> out;
    auto run = rt.start(plain::from(numbers(0, 5)).throttle({.count = 2, .per = 750ms}).each(out.note(rt)));
    finish(run);
    EXPECT_EQ(out.when, (std::vector<penstock::duration>{0ms, 375ms, 750ms, 1125ms, 1500ms}));
  });
}

TEST(akka_throttle, bursts_up_to_its_maximum_when_enough_time_has_passed) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    adapter::thread_queue<int> upstream(16);
    arrivals<int> out;
    auto run = rt.start(plain::from(upstream).throttle({.count = 1, .per = 200ms}, 5).each(out.note(rt)));
    const auto put = [&](int from, int to) {
      for (int i = from; i < to; ++i) ASSERT_TRUE(upstream.try_put(int{i}));
    };
    put(0, 6);
    rt.advance(0s);
    EXPECT_EQ(out.what, numbers(0, 5)) << "the bucket was full";
    rt.advance(200ms);
    EXPECT_EQ(out.what, numbers(0, 6));
    rt.advance(400ms);
    put(6, 11);
    rt.advance(0s);
    EXPECT_EQ(out.what, numbers(0, 8)) << "two tokens had come meanwhile";
    rt.advance(600ms);
    EXPECT_EQ(out.what, numbers(0, 11));
    rt.advance(10s);
    put(11, 17);
    rt.advance(0s);
    EXPECT_EQ(out.what, numbers(0, 16)) << "no more than five, however long it was idle";
    upstream.close();
    finish(run);
  });
}

TEST(akka_throttle, lets_a_second_slower_one_decide) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    arrivals<int> out;
    auto run = rt.start(plain::from(numbers(0, 5))
                            .throttle(penstock::per_second(100), 5)
                            .throttle(penstock::per_second(10))
                            .each(out.note(rt)));
    finish(run);
    EXPECT_EQ(out.when, (std::vector<penstock::duration>{0ms, 100ms, 200ms, 300ms, 400ms}));
  });
}

// ---- FlowGroupedWithinSpec ----

TEST(akka_grouped_within, groups_what_comes_within_the_duration) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    adapter::thread_queue<int> upstream(64);
    arrivals<std::vector<int>> out;
    auto run = rt.start(plain::from(upstream).batch(1000, 1s).each(out.note(rt)));
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(upstream.try_put(int{i}));
    rt.advance(600ms);
    for (int i = 5; i < 9; ++i) ASSERT_TRUE(upstream.try_put(int{i}));
    rt.advance(399ms);
    EXPECT_TRUE(out.what.empty());
    rt.advance(1ms);
    EXPECT_EQ(out.what, (groups{numbers(0, 9)}));
    ASSERT_TRUE(upstream.try_put(9));
    rt.advance(1s);
    EXPECT_EQ(out.what.back(), (std::vector{9}));
    ASSERT_TRUE(upstream.try_put(10));
    upstream.close();
    finish(run);
    EXPECT_EQ(out.what.back(), (std::vector{10})) << "the end does not wait for the time";
    EXPECT_EQ(out.when.back(), 2s);
  });
}

TEST(akka_grouped_within, delivers_what_it_has_at_the_end_before_the_time_is_up) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    arrivals<std::vector<int>> out;
    auto run = rt.start(plain::from(numbers(1, 4)).batch(1000, 10s).each(out.note(rt)));
    finish(run);
    EXPECT_EQ(out.what, (groups{numbers(1, 4)}));
    EXPECT_EQ(out.when.front(), 0s);
  });
}

TEST(akka_grouped_within, emits_no_empty_groups_however_long_nothing_comes) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    adapter::thread_queue<int> upstream(4);
    arrivals<std::vector<int>> out;
    auto run = rt.start(plain::from(upstream).batch(1000, 500ms).each(out.note(rt)));
    rt.advance(10s);
    EXPECT_TRUE(out.what.empty());
    ASSERT_TRUE(upstream.try_put(1));
    ASSERT_TRUE(upstream.try_put(2));
    rt.advance(10s);
    EXPECT_EQ(out.what, (groups{{1, 2}}));
    upstream.close();
    finish(run);
    EXPECT_EQ(out.what.size(), 1U);
  });
}

TEST(akka_grouped_within, begins_its_time_anew_when_a_group_is_full) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    adapter::thread_queue<int> upstream(8);
    arrivals<std::vector<int>> out;
    auto run = rt.start(plain::from(upstream).batch(3, 2s).each(out.note(rt)));
    ASSERT_TRUE(upstream.try_put(1));
    rt.advance(1s);
    for (int i = 2; i < 5; ++i) ASSERT_TRUE(upstream.try_put(int{i}));
    rt.advance(1ms);
    EXPECT_EQ(out.what, (groups{numbers(1, 4)}));
    rt.advance(1998ms);
    EXPECT_EQ(out.what.size(), 1U) << "the fourth began a time of its own";
    rt.advance(1ms);
    EXPECT_EQ(out.what.back(), (std::vector{4}));
    upstream.close();
    finish(run);
  });
}

TEST(akka_grouped_within, groups_evenly_and_with_a_rest_whatever_the_time) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    for (const int n : {9, 10}) {
      std::vector<std::vector<int>> out;
      auto run = rt.start(plain::from(numbers(0, n)).batch(3, 10min).into(out));
      finish(run);
      EXPECT_EQ(out.size(), static_cast<std::size_t>((n + 2) / 3));
      EXPECT_EQ(out.back().size(), n % 3 == 0 ? 3U : 1U);
    }
  });
}

TEST(akka_grouped_within, holds_its_groups_back_when_what_comes_after_it_is_slow) {
  under_many_schedules([](penstock::manual_runtime& rt) {
    arrivals<std::vector<int>> out;
    auto run =
        rt.start(plain::from(numbers(1, 11)).batch(1, 24h).throttle({.count = 1, .per = 110ms}).each(out.note(rt)));
    finish(run);
    ASSERT_EQ(out.what.size(), 10U);
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(out.what[static_cast<std::size_t>(i)], (std::vector{i + 1}));
      EXPECT_EQ(out.when[static_cast<std::size_t>(i)], i * 110ms);
    }
  });
}

}  // namespace
}  // namespace conformance
