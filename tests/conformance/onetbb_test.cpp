// Behaviours that oneTBB's suites of its queues and of its pipeline check, restated for ours:
//   oneapi-src/oneTBB, test/conformance/conformance_concurrent_queue.cpp, test/tbb/test_concurrent_queue.cpp
//   oneapi-src/oneTBB, test/conformance/conformance_parallel_pipeline.cpp, test/tbb/test_parallel_pipeline.cpp,
//   test/tbb/test_eh_algorithms.cpp (its pipelines)
//
// Not ours, of the queues: copying, moving, swapping, comparing and iterating queues, allocators, `clear` apart from
// `cancel`, `set_capacity` of a queue in use, items whose copy throws (nothing is copied). `abort` there ends only the
// calls under way; our `cancel` lasts. Of the pipeline: a filter that is alone (a pipeline here has a source and a
// sink), filters that are values joined by `&` and may be empty, a source or sink that is out of order among many
// tokens; tokens are our bounds.
#include "runs.hpp"

#include <algorithm>
#include <mutex>
#include <numeric>

namespace conformance {
namespace {

template <class Wait>
class onetbb_queue : public queue_suite<Wait> {};
TYPED_TEST_SUITE(onetbb_queue, some_ways_to_wait);

TYPED_TEST(onetbb_queue, gives_every_item_of_many_producers_to_one_of_many_consumers_in_each_producers_order) {
  constexpr int producers = 3, consumers = 2, each = 300;
  for (const std::size_t capacity : {1U, 7U, 1000U}) {
    typename TestFixture::queue q(capacity);
    std::vector<std::future<void>> threads;
    for (int p = 0; p < producers; ++p) {
      threads.push_back(elsewhere([&q, p] {
        for (int i = 0; i < each; ++i) ASSERT_TRUE(q.put(p * 10'000 + i));
      }));
    }
    std::vector<std::vector<int>> taken(consumers);
    std::vector<std::future<void>> takers;
    for (auto& mine : taken) {
      takers.push_back(elsewhere([&q, &mine] {
        while (auto item = q.get()) mine.push_back(*item);
      }));
    }
    for (auto& t : threads) answer_of(t);
    q.close();
    for (auto& t : takers) answer_of(t);
    std::vector<int> all;
    for (const auto& mine : taken) {
      for (int p = 0; p < producers; ++p) {
        std::vector<int> of_one;
        std::ranges::copy_if(mine, std::back_inserter(of_one), [p](int i) { return i / 10'000 == p; });
        EXPECT_TRUE(std::ranges::is_sorted(of_one));
      }
      all.insert(all.end(), mine.begin(), mine.end());
    }
    std::ranges::sort(all);
    EXPECT_EQ(std::ranges::unique(all).size(), 0U);
    EXPECT_EQ(all.size(), static_cast<std::size_t>(producers * each));
  }
}

TYPED_TEST(onetbb_queue, knows_its_size_and_capacity_at_every_point) {
  for (std::size_t capacity = 1; capacity < 5; ++capacity) {
    typename TestFixture::queue q(capacity);
    EXPECT_TRUE(q.now().empty());
    for (std::size_t i = 0; i < capacity; ++i) {
      EXPECT_EQ(q.size(), i);
      ASSERT_TRUE(q.put(static_cast<int>(i)));
      EXPECT_FALSE(q.now().empty());
    }
    EXPECT_EQ(q.now().capacity, capacity);
    EXPECT_EQ(q.try_put(0).how, answer::full);
    for (std::size_t i = capacity; i > 0; --i) {
      EXPECT_EQ(q.size(), i);
      ASSERT_TRUE(q.get());
    }
    EXPECT_EQ(q.try_get().how, answer::empty);
  }
}

TYPED_TEST(onetbb_queue, blocks_producers_at_its_capacity_and_lets_one_through_for_each_item_taken) {
  typename TestFixture::queue q(2);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(q.put(int{i}));
  std::atomic<int> through{0};
  std::vector<std::future<void>> producers;
  for (int p = 0; p < 3; ++p) {
    producers.push_back(elsewhere([&] {
      ASSERT_TRUE(q.put(9));
      ++through;
    }));
  }
  until_putters_wait(q, 3);
  for (int taken = 1; taken <= 3; ++taken) {
    ASSERT_TRUE(q.try_get());
    until([&] { return through == taken; });
    EXPECT_EQ(q.now().waiting_putters, static_cast<std::size_t>(3 - taken));
    EXPECT_EQ(q.size(), 2U);
  }
  for (auto& p : producers) answer_of(p);
}

TYPED_TEST(onetbb_queue, may_be_emptier_than_empty_with_many_who_wait_for_items) {
  typename TestFixture::queue q(10);
  std::vector<std::future<adapter::taken<int>>> consumers;
  for (int c = 0; c < 5; ++c) consumers.push_back(elsewhere([&] { return q.get(); }));
  until_getters_wait(q, 5);
  EXPECT_EQ(q.size(), 0U);
  EXPECT_TRUE(q.now().empty());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(q.put(int{i}));
    EXPECT_EQ(q.size(), 0U);
  }
  int sum = 0;
  for (auto& c : consumers) sum += *answer_of(c);
  EXPECT_EQ(sum, 10);
}

TYPED_TEST(onetbb_queue, aborts_those_who_wait_on_both_sides_without_losing_their_items) {
  typename TestFixture::template queue_of<std::unique_ptr<int>> full(1);
  ASSERT_TRUE(full.put(std::make_unique<int>(0)));
  std::vector<std::unique_ptr<int>> items;
  for (int i = 0; i < 4; ++i) items.push_back(std::make_unique<int>(i));
  std::vector<std::future<adapter::moved>> producers;
  for (auto& item : items) producers.push_back(elsewhere([&full, &item] { return full.put(std::move(item)); }));
  typename TestFixture::queue empty(1);
  std::vector<std::future<adapter::taken<int>>> consumers;
  for (int i = 0; i < 4; ++i) consumers.push_back(elsewhere([&] { return empty.get(); }));
  until_putters_wait(full, 4);
  until_getters_wait(empty, 4);
  full.cancel();
  empty.cancel();
  for (auto& p : producers) EXPECT_EQ(answer_of(p).how, answer::cancelled);
  for (auto& c : consumers) EXPECT_EQ(answer_of(c).how, answer::cancelled);
  for (auto& item : items) EXPECT_TRUE(item);
}

TYPED_TEST(onetbb_queue, carries_items_that_can_only_be_moved_and_leaves_none_behind) {
  const long before = counted::alive;
  {
    typename TestFixture::template queue_of<counted> q(16);
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(q.put(counted(i)));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(q.get().item->value, i);
    EXPECT_EQ(counted::alive, before + 5);
  }
  EXPECT_EQ(counted::alive, before);
}

// ---- the pipeline ----

template <class Machine>
class onetbb_pipeline : public testing::Test {};
TYPED_TEST_SUITE(onetbb_pipeline, all_machines);

TYPED_TEST(onetbb_pipeline, squares_numbers_in_parallel_and_writes_them_in_order) {
  TypeParam m;
  std::vector<double> input(1024), output;
  std::iota(input.begin(), input.end(), 0.0);
  const auto r =
      finish(m, m.from(input).map([](double x) { return x * x; }, {.workers = 4, .in_order = true}).into(output));
  EXPECT_EQ(r.how, ended::completed);
  ASSERT_EQ(output.size(), input.size());
  for (std::size_t i = 0; i < input.size(); ++i) EXPECT_EQ(output[i], input[i] * input[i]);
}

TYPED_TEST(onetbb_pipeline, runs_a_serial_stage_one_item_at_a_time_and_in_order) {
  for (const std::size_t cpus : {1U, 2U}) {
    TypeParam m(cpus);
    penstock_tests::crowd serial;
    std::vector<int> out;
    std::atomic<int> last{-1};
    const auto r = finish(m, m.from(numbers(0, 300))
                                 .map([&](int i) {
                                   serial.enter();
                                   EXPECT_EQ(last.exchange(i), i - 1);
                                   std::this_thread::yield();
                                   serial.leave();
                                   return i;
                                 })
                                 .map([](int i) { return i; }, {.workers = 3, .in_order = true})
                                 .into(out));
    EXPECT_EQ(r.how, ended::completed);
    EXPECT_EQ(serial.most(), 1);
    EXPECT_EQ(out, numbers(0, 300));
  }
}

TYPED_TEST(onetbb_pipeline, runs_every_mixture_of_serial_ordered_and_unordered_stages) {
  TypeParam m;
  const adapter::policy kinds[] = {{}, {.workers = 2, .in_order = true}, {.workers = 2}};
  for (const auto& first : kinds) {
    for (const auto& second : kinds) {
      for (const auto& sink : {adapter::policy{}, adapter::policy{.workers = 2}}) {
        std::atomic<int> sum{0};
        const auto r = finish(m, m.from(numbers(0, 50))
                                     .map([](int i) { return i; }, first)
                                     .map([](int i) { return i; }, second)
                                     .each([&](int i) { sum += i; }, sink));
        EXPECT_EQ(r.how, ended::completed);
        EXPECT_EQ(sum, 1225);
      }
    }
  }
}

template <class In, class Out, class Machine>
void passes_from_to(Machine& m) {
  auto once = [given = false]() mutable -> std::optional<In> {
    if (std::exchange(given, true)) return std::nullopt;
    return std::optional<In>(In());
  };
  for (const adapter::policy& how : {adapter::policy{}, adapter::policy{.workers = 2, .in_order = true}}) {
    std::vector<Out> out;
    const auto r = finish(m, m.from(once).map([](In) -> Out { return Out(); }, how).into(out));
    EXPECT_EQ(r.how, ended::completed);
    EXPECT_EQ(out.size(), 1U);
  }
}

TYPED_TEST(onetbb_pipeline, passes_items_of_any_type_between_its_stages) {
  TypeParam m;
  passes_from_to<int, double>(m);
  passes_from_to<unsigned*, std::size_t>(m);
  passes_from_to<std::unique_ptr<int>, std::unique_ptr<int>>(m);
}

TYPED_TEST(onetbb_pipeline, holds_no_more_items_than_its_bound) {
  for (const std::size_t each : {1U, 2U, 5U}) {
    TypeParam m;
    std::atomic<int> alive{0}, most{0};
    const auto job = m.from([&alive, &most, n = 0]() mutable -> std::optional<int> {
                        if (n == 200) return std::nullopt;
                        const int now = ++alive;
                        if (now > most) most = now;
                        return n++;
                      })
                         .map([](int i) { return i; }, {.capacity = each})
                         .each([&](int) { --alive; }, {.capacity = each});
    EXPECT_EQ(finish(m, job).how, ended::completed);
    EXPECT_LE(static_cast<std::size_t>(most.load()), job.bound());
    EXPECT_EQ(alive, 0);
  }
}

TYPED_TEST(onetbb_pipeline, ends_when_its_source_says_so_at_once_or_later) {
  TypeParam m;
  for (const int n : {0, 1, 100}) {
    std::vector<int> out;
    auto next = [n, i = 0]() mutable -> std::optional<int> { return i < n ? std::optional(i++) : std::nullopt; };
    EXPECT_EQ(finish(m, m.from(next).into(out)).how, ended::completed);
    EXPECT_EQ(out, numbers(0, n));
  }
}

TYPED_TEST(onetbb_pipeline, lets_out_the_exception_of_a_stage_whichever_it_is) {
  const auto throws = [](int i) -> int {
    if (i == 10) throw std::domain_error("ten");
    return i;
  };
  const auto passes = [](int i) { return i; };
  for (int which = 0; which < 4; ++which) {
    TypeParam m;
    auto source = [which, throws, n = 0]() mutable -> std::optional<int> {
      if (which == 0) throws(n);
      return n++;
    };
    const auto maybe = [&](int mine) { return [=](int i) { return which == mine ? throws(i) : passes(i); }; };
    const auto r = finish(
        m, m.from(source).map(maybe(1)).map(maybe(2), {.workers = 2, .in_order = true}).each([f = maybe(3)](int i) {
          (void)f(i);
        }));
    EXPECT_EQ(r.how, ended::failed) << which;
    EXPECT_THROW(std::rethrow_exception(r.error), std::domain_error);
  }
}

TYPED_TEST(onetbb_pipeline, ends_by_a_cancel_from_outside_and_from_a_body) {
  TypeParam m;
  penstock_tests::count_up seen;
  const auto outside = m.start(m.from(endless()).each([&](int) { seen.add(); }, {.workers = 2}));
  seen.wait_for(5);
  outside.cancel();
  EXPECT_EQ(finish(outside).how, ended::cancelled);
  const auto inside = finish(m, m.from(endless()).each([](int i, penstock::context& c) {
    if (i == 5) c.cancel();
  }));
  EXPECT_EQ(inside.how, ended::cancelled);
}

TYPED_TEST(onetbb_pipeline, runs_again_and_again_with_the_same_answer) {
  TypeParam m;
  std::vector<int> out;
  const auto job = m.from(numbers(0, 64)).map([](int i) { return -i; }, {.workers = 3, .in_order = true}).into(out);
  for (int round = 0; round < 30; ++round) {
    out.clear();
    EXPECT_EQ(finish(m, job).how, ended::completed);
    ASSERT_EQ(out.size(), 64U);
    EXPECT_EQ(out.back(), -63);
  }
}

TEST(onetbb_pipeline_nested, runs_a_pipeline_in_the_body_of_another_whatever_the_number_of_workers) {
  for (const std::size_t cpus : {1U, 2U}) {
    penstock::runtime rt({.cpu_workers = cpus});
    std::atomic<int> sum{0};
    const auto outer = penstock::pipeline("outer", penstock::producer({.name = "0"}, numbers(0, 8)),
                                          penstock::consumer({.name = "1", .workers = 2}, [&](int) {
                                            const auto inner =
                                                rt.run({"inner", penstock::producer({.name = "0"}, numbers(0, 8)),
                                                        penstock::consumer({.name = "1"}, [&](int i) { sum += i; })});
                                            EXPECT_TRUE(inner.ok());
                                          }));
    EXPECT_TRUE(rt.run(outer).ok());
    EXPECT_EQ(sum, 8 * 28);
  }
}

}  // namespace
}  // namespace conformance
