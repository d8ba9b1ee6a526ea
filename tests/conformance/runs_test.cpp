// A run through neutral verbs, with plain bodies and with coroutines: the law of items, the ends, the policies, the
// order. Of docs/contract.md: pipeline and run.
#include "runs.hpp"

#include <algorithm>
#include <mutex>
#include <set>

namespace conformance {
namespace {

template <class Machine>
class any_run : public testing::Test {
 public:
  using machine = Machine;
};
TYPED_TEST_SUITE(any_run, all_machines);

// ---- the law of items ----

TYPED_TEST(any_run, delivers_everything_and_completes) {
  for (const std::size_t cpus : {1U, 2U}) {
    TypeParam m(cpus);
    std::vector<int> out;
    const auto r = finish(m, m.from(numbers(0, 1000)).map([](int i) { return i * 2; }).into(out));
    EXPECT_EQ(r.how, ended::completed);
    ASSERT_EQ(out.size(), 1000U);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(out[static_cast<std::size_t>(i)], 2 * i);
    EXPECT_EQ(r.stages.at(1).in, 1000U);
    EXPECT_EQ(r.stages.at(1).done, 1000U);
    EXPECT_EQ(r.stages.at(2).done, 1000U);
  }
}

TYPED_TEST(any_run, of_nothing_completes) {
  TypeParam m;
  std::vector<int> out;
  const auto r = finish(m, m.from(std::vector<int>{}).map([](int i) { return i; }).into(out));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(r.stages.at(1).in, 0U);
  EXPECT_TRUE(out.empty());
}

TYPED_TEST(any_run, counts_what_stages_emit_apart_from_what_they_have_done) {
  TypeParam m;
  std::vector<std::vector<int>> out;
  const auto r = finish(m, m.from(numbers(0, 100))
                               .filter([](int i) { return i % 2 == 0; })
                               .expand([](int i) { return std::vector{i, i, i}; })
                               .pick([](int i) { return i < 50 ? std::optional(i) : std::nullopt; })
                               .batch(10)
                               .into(out));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(r.stages.at(1).done, 100U);
  EXPECT_EQ(r.stages.at(1).emitted, 50U);
  EXPECT_EQ(r.stages.at(2).emitted, 150U);
  EXPECT_EQ(r.stages.at(3).emitted, 75U);
  EXPECT_EQ(r.stages.at(4).emitted, 8U);
  ASSERT_EQ(out.size(), 8U);
  EXPECT_EQ(out.back().size(), 5U);
}

TYPED_TEST(any_run, moves_its_items_and_destroys_every_one) {
  const long before = counted::alive;
  {
    TypeParam m;
    std::atomic<int> sum{0};
    auto next = [n = 0]() mutable -> std::optional<counted> {
      if (n == 100) return std::nullopt;
      return std::optional<counted>(std::in_place, n++);
    };
    const auto r = finish(m, m.from(next)
                                 .map([](counted c) { return counted(c.value + 1); }, {.workers = 2, .capacity = 3})
                                 .each([&sum](counted c) { sum += c.value; }));
    EXPECT_EQ(r.how, ended::completed);
    EXPECT_EQ(sum, 5050);
  }
  EXPECT_EQ(counted::alive, before);
}

// ---- ends ----

TYPED_TEST(any_run, that_is_stopped_finishes_what_it_accepted) {
  TypeParam m;
  penstock_tests::count_up seen;
  const auto run =
      m.start(m.from(endless()).map([](int i) { return i; }, {.capacity = 8}).each([&](int) { seen.add(); }));
  seen.wait_for(20);
  run.stop();
  run.stop();
  const auto r = finish(run);
  EXPECT_EQ(r.how, ended::stopped);
  EXPECT_EQ(r.stages.at(0).emitted, r.stages.at(2).done) << "all that was accepted came through";
  EXPECT_EQ(static_cast<std::uint64_t>(seen.value()), r.stages.at(2).done);
}

TYPED_TEST(any_run, that_is_cancelled_drops_and_counts) {
  TypeParam m;
  penstock_tests::count_up seen;
  const auto run = m.start(m.from(endless()).each([&](int) { seen.add(); }, {.capacity = 4}));
  seen.wait_for(20);
  run.cancel();
  const auto r = finish(run);
  EXPECT_EQ(r.how, ended::cancelled);
  EXPECT_FALSE(r.error);
}

TYPED_TEST(any_run, that_is_drained_is_stopped_if_there_is_time_enough) {
  TypeParam m;
  penstock_tests::count_up seen;
  const auto run = m.start(m.from(endless()).each([&](int) { seen.add(); }));
  seen.wait_for(5);
  run.drain(1h);
  EXPECT_EQ(finish(run).how, ended::stopped);
}

TYPED_TEST(any_run, that_is_drained_is_cancelled_when_the_time_is_up) {
  TypeParam m;
  adapter::thread_queue<int> stuck(1);
  penstock_tests::event full;
  const auto run = m.start(m.from([&full, n = 0]() mutable -> std::optional<int> {
                              if (n == 3) full.set();
                              return n++;
                            }).into(stuck));
  full.wait();  // its sink waits for room that never comes
  run.drain(1ms);
  const auto r = finish(run);
  EXPECT_EQ(r.how, ended::cancelled);
  stuck.cancel();
}

TYPED_TEST(any_run, ends_in_the_worst_of_the_ways_that_were_asked_for) {
  TypeParam m;
  penstock_tests::count_up seen;
  const auto run = m.start(m.from(endless()).each([&](int) { seen.add(); }));
  seen.wait_for(1);
  run.stop();
  run.cancel();
  run.stop();
  const auto how = finish(run).how;
  // The stop may have been all there was to do before the cancel came.
  EXPECT_TRUE(how == ended::cancelled || how == ended::stopped);
  run.cancel();
  EXPECT_EQ(run.wait().how, how) << "what has ended stays as it is";
}

TYPED_TEST(any_run, hears_a_parent_that_stops) {
  TypeParam m;
  penstock::stop_source above;
  penstock_tests::count_up seen;
  const auto run = m.start(m.from(endless()).each([&](int) { seen.add(); }), {.stop = above.token()});
  seen.wait_for(1);
  above.request_stop(penstock::stop_reason::stop);
  EXPECT_EQ(finish(run).how, ended::stopped);
}

TYPED_TEST(any_run, whose_parent_stopped_before_takes_nothing) {
  TypeParam m;
  penstock::stop_source above;
  above.request_stop(penstock::stop_reason::stop);
  std::vector<int> out;
  const auto run = m.start(m.from(numbers(0, 100)).into(out), {.stop = above.token()});
  const auto r = finish(run);
  EXPECT_EQ(r.how, ended::stopped);
  EXPECT_TRUE(out.empty());
}

TYPED_TEST(any_run, says_the_same_to_everybody_who_waits) {
  TypeParam m;
  penstock_tests::count_up seen;
  const auto run = m.start(m.from(endless()).each([&](int) { seen.add(); }));
  std::vector<std::future<adapter::outcome>> waits;
  for (int i = 0; i < 3; ++i) waits.push_back(elsewhere([&] { return run.wait(); }));
  EXPECT_FALSE(run.wait_for(0ns));
  seen.wait_for(1);
  run.stop();
  for (auto& w : waits) EXPECT_EQ(answer_of(w).how, ended::stopped);
  EXPECT_EQ(run.wait().how, ended::stopped);
  EXPECT_TRUE(run.wait_for(0ns));
}

TYPED_TEST(any_run, that_is_left_alone_is_cancelled_and_waited_for) {
  const long before = counted::alive;
  TypeParam m;
  {
    penstock_tests::count_up seen;
    auto next = []() -> std::optional<counted> { return std::optional<counted>(std::in_place, 1); };
    const auto run = m.start(m.from(next).each([&](counted) { seen.add(); }, {.capacity = 4}));
    seen.wait_for(5);
  }
  EXPECT_EQ(counted::alive, before);
}

// ---- policies ----

TYPED_TEST(any_run, fails_with_the_exception_of_a_body_unchanged) {
  TypeParam m;
  std::vector<int> out;
  const auto fails_at = [](int bad) {
    return [bad](int i) {
      if (i == bad) throw std::out_of_range("seven");
      return i;
    };
  };
  const auto r = finish(m, m.from(endless()).map(fails_at(7), {.workers = 2}).into(out));
  EXPECT_EQ(r.how, ended::failed);
  EXPECT_THROW(std::rethrow_exception(r.error), std::out_of_range);
  EXPECT_GE(r.stages.at(1).failed, 1U);
}

TYPED_TEST(any_run, skips_what_fails_where_it_was_told_so) {
  for (const bool in_order : {true, false}) {
    TypeParam m;
    std::vector<int> out;
    const auto r = finish(m, m.from(numbers(0, 200))
                                 .map(
                                     [](int i) {
                                       if (i % 3 == 0) throw std::runtime_error("third");
                                       return i;
                                     },
                                     {.workers = 3, .in_order = in_order, .skip_errors = true})
                                 .into(out));
    EXPECT_EQ(r.how, ended::completed);
    EXPECT_EQ(r.stages.at(1).failed, 67U);
    EXPECT_EQ(out.size(), 133U);
    if (in_order) {
      EXPECT_TRUE(std::ranges::is_sorted(out));
    }
  }
}

TYPED_TEST(any_run, skips_in_its_sink_too) {
  TypeParam m;
  const auto r = finish(m, m.from(numbers(0, 10))
                               .each(
                                   [](int i) {
                                     if (i == 4) throw std::runtime_error("four");
                                   },
                                   {.skip_errors = true}));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(r.stages.at(1).failed, 1U);
  EXPECT_EQ(r.stages.at(1).done, 9U);
}

TYPED_TEST(any_run, whose_source_throws_fails) {
  TypeParam m;
  std::vector<int> out;
  auto next = [n = 0]() mutable -> std::optional<int> {
    if (n == 3) throw std::runtime_error("dry");
    return n++;
  };
  const auto r = finish(m, m.from(next).into(out));
  EXPECT_EQ(r.how, ended::failed);
  EXPECT_EQ(what(r.error), "dry");
}

TYPED_TEST(any_run, with_workers_that_block_runs_beside_the_others) {
  TypeParam m(1);
  std::vector<int> out;
  adapter::thread_queue<int> in(4);
  auto feed = elsewhere([&] {
    for (int i = 0; i < 50; ++i) (void)in.put(int{i});
    in.close();
  });
  const auto r = finish(m, m.from(in).map([](int i) { return i + 1; }, {.may_block = true}).into(out));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(out, numbers(1, 51));
  answer_of(feed);
  EXPECT_TRUE(in.join({.within = 0ns})) << "what left the pipeline is done";
}

// ---- order ----

TYPED_TEST(any_run, keeps_the_order_where_it_is_promised) {
  for (const std::size_t cpus : {1U, 2U}) {
    TypeParam m(cpus);
    std::vector<int> out;
    const auto r = finish(m, m.from(numbers(0, 500))
                                 .map([](int i) { return i; }, {.workers = 4, .capacity = 16, .in_order = true})
                                 .map([](int i) { return i; }, {.workers = 2, .in_order = true, .window = 2})
                                 .into(out));
    EXPECT_EQ(r.how, ended::completed);
    EXPECT_EQ(out, numbers(0, 500));
  }
}

TYPED_TEST(any_run, without_a_promise_of_order_still_loses_and_doubles_nothing) {
  TypeParam m;
  std::vector<int> out;
  finish(m, m.from(numbers(0, 500)).map([](int i) { return i; }, {.workers = 4, .capacity = 2}).into(out));
  std::ranges::sort(out);
  EXPECT_EQ(out, numbers(0, 500));
}

// ---- queues at its ends, and taking enough ----

TYPED_TEST(any_run, goes_from_a_queue_into_a_queue_and_pays_for_what_it_took) {
  TypeParam m;
  adapter::thread_queue<int> in(8);
  adapter::thread_queue<int> out(100);
  const auto run = m.start(m.from(in).map([](int i) { return -i; }).into(out));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(in.put(int{i}));
  EXPECT_TRUE(in.join());
  EXPECT_EQ(out.size(), 50U) << "done means delivered";
  in.close();
  EXPECT_EQ(finish(run).how, ended::completed);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(*out.get(), -i);
  EXPECT_FALSE(out.now().closed) << "others may put into it too";
}

TYPED_TEST(any_run, from_a_queue_that_was_closed_with_an_error_fails_after_the_items_before_it) {
  TypeParam m;
  adapter::thread_queue<int> in(8);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(in.put(int{i}));
  in.close(broken("upstream"));
  std::vector<int> out;
  const auto r = finish(m, m.from(in).into(out));
  EXPECT_EQ(r.how, ended::failed);
  EXPECT_EQ(what(r.error), "upstream");
  EXPECT_EQ(out, numbers(0, 5));
}

TYPED_TEST(any_run, leaves_in_the_queue_what_it_did_not_take_before_a_stop) {
  TypeParam m;
  adapter::thread_queue<int> in(8);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(in.put(int{i}));
  penstock::stop_source above;
  above.request_stop(penstock::stop_reason::stop);
  std::vector<int> out;
  finish(m.start(m.from(in).into(out), {.stop = above.token()}));
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(in.size(), 8U);
}

TYPED_TEST(any_run, ends_when_the_queue_that_it_fills_is_closed) {
  TypeParam m;
  adapter::thread_queue<int> out(2);
  const auto run = m.start(m.from(endless()).into(out));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(*out.get(), i);
  out.close();
  EXPECT_EQ(finish(run).how, ended::completed);
}

TYPED_TEST(any_run, that_takes_enough_completes_and_lets_the_source_go) {
  TypeParam m;
  std::vector<int> out;
  const auto r = finish(m, m.from(endless()).map([](int i) { return i; }).take(10).into(out));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(out, numbers(0, 10));
}

// ---- again, and inside ----

TYPED_TEST(any_run, of_a_job_can_be_made_again_and_twice_at_once) {
  TypeParam m;
  std::mutex lock;
  std::multiset<int> out;
  const auto job = m.from(numbers(0, 20)).each([&](int i) {
    const std::lock_guard hold(lock);
    out.insert(i);
  });
  const auto one = m.start(job);
  const auto two = m.start(job);
  EXPECT_EQ(finish(one).how, ended::completed);
  EXPECT_EQ(finish(two).how, ended::completed);
  EXPECT_EQ(finish(m, job).how, ended::completed);
  EXPECT_EQ(out.size(), 60U);
  EXPECT_EQ(out.count(7), 3U);
}

TYPED_TEST(any_run, that_cannot_work_is_refused_before_anything_runs) {
  TypeParam m;
  std::vector<int> out;
  EXPECT_THROW((void)m.start(m.from(numbers(0, 3)).map([](int i) { return i; }, {.workers = 0}).into(out)),
               std::invalid_argument);
  EXPECT_THROW((void)m.start(m.from(numbers(0, 3)).map([](int i) { return i; }, {.capacity = 0}).into(out)),
               std::invalid_argument);
  EXPECT_TRUE(out.empty());
}

TYPED_TEST(any_run, can_be_asked_to_end_by_its_own_bodies) {
  TypeParam m;
  std::vector<int> out;
  const auto stops = finish(m, m.from(endless())
                                   .map([](int i, penstock::context& c) {
                                     if (i == 5) c.stop();
                                     return i;
                                   })
                                   .into(out));
  EXPECT_EQ(stops.how, ended::stopped);
  EXPECT_EQ(out, numbers(0, static_cast<int>(out.size())));
  EXPECT_GE(out.size(), 6U);
  out.clear();
  const auto cancels = finish(m, m.from(endless())
                                     .map([](int i, penstock::context& c) {
                                       if (i == 5) c.cancel();
                                       return i;
                                     })
                                     .into(out));
  EXPECT_EQ(cancels.how, ended::cancelled);
}

}  // namespace
}  // namespace conformance
