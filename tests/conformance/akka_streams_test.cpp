// Behaviours that Akka Streams' specs check, restated for our stages with plain bodies and with coroutines:
//   akka/akka, akka-stream-tests/src/test/scala/akka/stream/scaladsl/FlowMapSpec, FlowMapAsyncSpec,
//   FlowMapAsyncUnorderedSpec, FlowMapConcatSpec, FlowFilterSpec, FlowCollectSpec, FlowGroupedSpec, FlowTakeSpec,
//   FlowBufferSpec, FlowIteratorSpec, FlowSupervisionSpec, FlowKillSwitchSpec, GraphMergeSpec, QueueSourceSpec,
//   QueueSinkSpec, SinkForeachParallelSpec
// What they check by the clock (FlowThrottleSpec, FlowGroupedWithinSpec) stands in akka_time_test.cpp, in virtual time.
//
// Not ours: graphs, substreams, materialized values, Reactive Streams' publishers and `request(n)` (room is the demand
// here), null elements, stages of other kinds (scan, fold, conflate, expand, zip, concat, recover, ask, delay, …),
// supervision that restarts a stage, `dropHead` inside a pipeline (a queue has policies, an edge pushes back),
// attributes and dispatchers.
#include "runs.hpp"

#include <algorithm>
#include <mutex>
#include <set>

namespace conformance {
namespace {

template <class Machine>
class akka_stream : public testing::Test {};
TYPED_TEST_SUITE(akka_stream, all_machines);

int fails_at_three(int i) {
  if (i == 3) throw std::runtime_error("err3");
  return i;
}

// ---- FlowMapSpec, FlowFilterSpec, FlowCollectSpec, FlowMapConcatSpec, FlowGroupedSpec ----

TYPED_TEST(akka_stream, maps_every_element) {
  TypeParam m;
  for (const int n : {0, 1, 50}) {
    std::vector<std::string> out;
    finish(m, m.from(numbers(0, n)).map([](int i) { return std::to_string(i); }).into(out));
    ASSERT_EQ(out.size(), static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) EXPECT_EQ(out[static_cast<std::size_t>(i)], std::to_string(i));
  }
}

TYPED_TEST(akka_stream, maps_through_a_hundred_stages_without_piling_up) {
  TypeParam m(1);
  std::vector<int> out;
  std::vector<decltype(penstock::transform({}, std::function<int(int)>()))> stages;
  for (int i = 0; i < 100; ++i) {
    stages.push_back(penstock::transform({.name = "plus " + std::to_string(i), .capacity = 1},
                                         std::function<int(int)>([](int n) { return n + 1; })));
  }
  const auto run =
      m.start({"long", penstock::producer({.name = "0"}, numbers(0, 20)), penstock::sequence(std::move(stages)),
               penstock::consumer({.name = "last"}, [&](int i) { out.push_back(i); })});
  finish(run);
  EXPECT_EQ(out, numbers(100, 120));
}

TYPED_TEST(akka_stream, filters_and_asks_on_for_what_was_filtered_out) {
  TypeParam m;
  std::vector<int> out;
  finish(m,
         m.from(numbers(0, 2000)).filter([](int i) { return i >= 1998; }, {.capacity = 1}).into(out, {.capacity = 1}));
  EXPECT_EQ(out, numbers(1998, 2000));
}

TYPED_TEST(akka_stream, collects_what_a_partial_function_is_defined_for) {
  TypeParam m;
  std::vector<std::string> out;
  finish(m, m.from(std::vector{5, 0, 7})
                .pick([](int i) { return i > 0 ? std::optional(std::to_string(i + 5)) : std::nullopt; })
                .into(out));
  EXPECT_EQ(out, (std::vector<std::string>{"10", "12"}));
}

TYPED_TEST(akka_stream, maps_and_concatenates_also_what_is_empty) {
  TypeParam m;
  std::vector<int> out;
  finish(m, m.from(std::vector{3, 0, 2, 1})
                .expand([](int n) { return std::vector<int>(static_cast<std::size_t>(n), n); })
                .into(out, {.capacity = 1}));
  EXPECT_EQ(out, (std::vector{3, 3, 3, 2, 2, 1}));
}

TYPED_TEST(akka_stream, groups_evenly_and_with_a_rest) {
  TypeParam m;
  for (const int n : {0, 9, 10}) {
    std::vector<std::vector<int>> out;
    finish(m, m.from(numbers(0, n)).batch(3).into(out));
    ASSERT_EQ(out.size(), static_cast<std::size_t>((n + 2) / 3));
    for (std::size_t i = 0; i < out.size(); ++i) {
      const int first = static_cast<int>(i) * 3;
      EXPECT_EQ(out[i], numbers(first, std::min(first + 3, n)));
    }
  }
}

// ---- FlowMapAsyncSpec, FlowMapAsyncUnorderedSpec ----

TYPED_TEST(akka_stream, maps_in_parallel_in_order) {
  TypeParam m;
  std::vector<int> out;
  finish(m, m.from(numbers(1, 51))
                .map(
                    [](int i) {
                      for (int spin = 0; spin < (i * 7) % 13; ++spin) std::this_thread::yield();
                      return i;
                    },
                    {.workers = 4, .in_order = true})
                .into(out));
  EXPECT_EQ(out, numbers(1, 51));
}

TYPED_TEST(akka_stream, runs_no_more_bodies_than_the_parallelism) {
  TypeParam m;
  penstock_tests::crowd inside;
  std::vector<int> out;
  finish(m, m.from(numbers(0, 200))
                .map(
                    [&](int i) {
                      inside.enter();
                      std::this_thread::yield();
                      inside.leave();
                      return i;
                    },
                    {.workers = 2})
                .into(out));
  EXPECT_LE(inside.most(), 2);
  EXPECT_EQ(out.size(), 200U);
}

TYPED_TEST(akka_stream, starts_no_further_body_while_the_sink_is_silent) {
  TypeParam m;
  adapter::thread_queue<int> sink(1);
  std::atomic<int> started{0};
  const auto job = m.from(endless())
                       .map(
                           [&](int i) {
                             ++started;
                             return i;
                           },
                           {.workers = 2, .capacity = 1, .in_order = true, .window = 2})
                       .into(sink, {.capacity = 1});
  const auto run = m.start(job);
  for (int wanted = 0; wanted < 20; ++wanted) {
    // Nobody has more than what lies between the body and the sink's one place.
    EXPECT_LE(static_cast<std::size_t>(started.load()), static_cast<std::size_t>(wanted) + job.bound() + 2);
    EXPECT_EQ(*sink.get(), wanted);
  }
  run.cancel();
  finish(run);
}

TYPED_TEST(akka_stream, signals_the_failure_of_a_parallel_body) {
  for (const bool in_order : {true, false}) {
    TypeParam m;
    std::vector<int> out;
    const auto r = finish(m, m.from(numbers(1, 6)).map(fails_at_three, {.workers = 4, .in_order = in_order}).into(out));
    EXPECT_EQ(r.how, ended::failed);
    EXPECT_EQ(what(r.error), "err3");
  }
}

TYPED_TEST(akka_stream, resumes_after_the_failure_of_a_body_where_it_was_told_so) {
  for (const bool in_order : {true, false}) {
    TypeParam m;
    std::vector<int> out;
    const auto r = finish(
        m,
        m.from(numbers(1, 6)).map(fails_at_three, {.workers = 4, .in_order = in_order, .skip_errors = true}).into(out));
    EXPECT_EQ(r.how, ended::completed);
    std::ranges::sort(out);
    EXPECT_EQ(out, (std::vector{1, 2, 4, 5}));
  }
}

TYPED_TEST(akka_stream, resumes_after_many_failures_in_a_row) {
  TypeParam m;
  std::vector<int> out;
  const auto r = finish(m, m.from(numbers(0, 300))
                               .map(
                                   [](int i) {
                                     if (i % 100 != 99) throw std::runtime_error("most");
                                     return i;
                                   },
                                   {.workers = 4, .capacity = 2, .in_order = true, .skip_errors = true})
                               .into(out));
  EXPECT_EQ(r.stages.at(1).failed, 297U);
  EXPECT_EQ(out, (std::vector{99, 199, 299}));
}

TYPED_TEST(akka_stream, finishes_when_the_last_element_fails_and_is_skipped) {
  TypeParam m;
  std::vector<std::vector<int>> out;
  const auto r = finish(m, m.from(numbers(1, 4)).map(fails_at_three, {.skip_errors = true}).batch(10).into(out));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(out, (std::vector<std::vector<int>>{{1, 2}}));
}

// ---- FlowSupervisionSpec: resume is our skip, stop our default ----

TYPED_TEST(akka_stream, resumes_in_every_kind_of_stage) {
  TypeParam m;
  std::vector<int> out;
  const adapter::policy resume{.skip_errors = true};
  const auto bad = [](int which) {
    return [which](int i) {
      if (i == which) throw std::runtime_error("bad");
    };
  };
  const auto r = finish(m, m.from(numbers(0, 10))
                               .map([f = bad(1)](int i) { return f(i), i; }, resume)
                               .filter([f = bad(2)](int i) { return f(i), true; }, resume)
                               .pick([f = bad(3)](int i) { return f(i), std::optional(i); }, resume)
                               .expand([f = bad(4)](int i) { return f(i), std::vector{i}; }, resume)
                               .into(out));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(out, (std::vector{0, 5, 6, 7, 8, 9}));
}

// ---- FlowTakeSpec ----

TYPED_TEST(akka_stream, takes_the_first_elements_and_completes) {
  TypeParam m;
  for (const std::size_t n : {1U, 5U, 30U}) {
    std::vector<int> out;
    EXPECT_EQ(finish(m, m.from(numbers(0, 20)).take(n).into(out)).how, ended::completed);
    EXPECT_EQ(out, numbers(0, static_cast<int>(std::min<std::size_t>(n, 20))));
  }
}

TYPED_TEST(akka_stream, cancels_the_source_when_it_has_taken_enough) {
  TypeParam m;
  std::vector<int> out;
  EXPECT_EQ(finish(m, m.from(endless()).take(3).into(out)).how, ended::completed);
  EXPECT_EQ(out, numbers(0, 3));
  EXPECT_THROW((void)m.start(m.from(endless()).take(0).into(out)), std::invalid_argument)
      << "a take of nothing is a mistake here";
}

// ---- FlowBufferSpec ----

TYPED_TEST(akka_stream, passes_elements_through_buffers_of_any_size) {
  TypeParam m;
  std::vector<int> out;
  const auto passes = [](int i) { return i; };
  finish(m, m.from(numbers(0, 1000))
                .map(passes, {.capacity = 1})
                .map(passes, {.capacity = 10})
                .map(passes, {.capacity = 256})
                .map(passes, {.capacity = 1})
                .map(passes, {.capacity = 5})
                .into(out, {.capacity = 128}));
  EXPECT_EQ(out, numbers(0, 1000));
}

TYPED_TEST(akka_stream, accepts_what_fits_into_the_buffer_while_the_sink_is_silent) {
  TypeParam m;
  adapter::thread_queue<int> sink(1);
  adapter::thread_queue<int> source(1);
  const auto run = m.start(m.from(source).map([](int i) { return i; }, {.capacity = 100}).into(sink));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(source.put(int{i}));
  source.close();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*sink.get(), i);
  EXPECT_EQ(finish(run).how, ended::completed);
}

TEST(akka_buffer, drops_the_head_or_the_tail_or_fails_when_it_is_full_as_a_queue_says) {
  const auto filled = [](when_full policy, std::size_t capacity) {
    auto q = std::make_unique<adapter::thread_queue<int>>(capacity, policy);
    for (int i = 1; i <= 200; ++i) (void)q->put(int{i});
    return q;
  };
  const auto head = filled(when_full::drop_oldest, 100);
  EXPECT_EQ(all_of(*head), numbers(101, 201));
  ASSERT_TRUE(head->put(-1));
  EXPECT_EQ(*head->try_get(), -1);
  EXPECT_EQ(all_of(*filled(when_full::drop_newest, 100)), numbers(1, 101));
  EXPECT_EQ(all_of(*filled(when_full::fail, 100)), numbers(1, 101));
  EXPECT_EQ(all_of(*filled(when_full::drop_oldest, 1)), (std::vector{200}));
  EXPECT_EQ(all_of(*filled(when_full::drop_newest, 1)), (std::vector{1}));
}

// ---- FlowIteratorSpec, sources that fail ----

TYPED_TEST(akka_stream, produces_from_a_source_again_for_every_run) {
  TypeParam m;
  std::vector<int> out;
  const auto job =
      m.from([n = 0]() mutable -> std::optional<int> { return n < 3 ? std::optional(n++) : std::nullopt; }).into(out);
  finish(m, job);
  finish(m, job);
  EXPECT_EQ(out, (std::vector{0, 1, 2, 0, 1, 2}));
}

TYPED_TEST(akka_stream, fails_when_its_source_fails_and_may_have_delivered_what_came_before) {
  TypeParam m;
  std::vector<int> out;
  const auto r = finish(m, m.from([n = 0]() mutable -> std::optional<int> {
                              if (n == 5) throw std::runtime_error("no more");
                              return n++;
                            }).into(out));
  EXPECT_EQ(r.how, ended::failed);
  EXPECT_EQ(what(r.error), "no more");
  EXPECT_EQ(out, numbers(0, static_cast<int>(out.size())));
}

// ---- FlowKillSwitchSpec: shutdown is our stop, abort our cancel ----

TYPED_TEST(akka_stream, ends_all_the_runs_that_share_a_switch) {
  TypeParam m;
  penstock::stop_source kill;
  penstock_tests::count_up a, b;
  const auto one = m.start(m.from(endless()).each([&](int) { a.add(); }), {.stop = kill.token()});
  const auto two = m.start(m.from(endless()).each([&](int) { b.add(); }), {.stop = kill.token()});
  a.wait_for(5);
  b.wait_for(5);
  kill.request_stop(penstock::stop_reason::cancel);
  EXPECT_EQ(finish(one).how, ended::cancelled);
  EXPECT_EQ(finish(two).how, ended::cancelled);
  const auto later = m.start(m.from(endless()).each([](int) {}), {.stop = kill.token()});
  EXPECT_EQ(finish(later).how, ended::cancelled) << "a switch that was pulled stays so";
}

// ---- GraphMergeSpec: several runs into one queue ----

TYPED_TEST(akka_stream, merges_what_several_runs_put_into_one_queue) {
  TypeParam m;
  adapter::thread_queue<int> merged(4);
  std::vector<adapter::job> jobs;
  for (int s = 0; s < 3; ++s) {
    jobs.push_back(m.from(numbers(s * 100, s * 100 + 50)).map([](int i) { return i; }).into(merged));
  }
  jobs.push_back(m.from(std::vector<int>{}).into(merged));  // one that is empty does not end the others
  std::vector<adapter::running<std::conditional_t<std::is_same_v<TypeParam, adapter::thread_machine>,
                                                  adapter::plain_bodies, adapter::coroutine_bodies>>>
      runs;
  for (const auto& job : jobs) runs.push_back(m.start(job));
  std::vector<int> out;
  for (int i = 0; i < 150; ++i) out.push_back(*merged.get());
  for (const auto& run : runs) EXPECT_EQ(finish(run).how, ended::completed);
  for (int s = 0; s < 3; ++s) {
    std::vector<int> of_one;
    std::ranges::copy_if(out, std::back_inserter(of_one), [s](int i) { return i / 100 == s; });
    EXPECT_EQ(of_one, numbers(s * 100, s * 100 + 50));
  }
}

// ---- QueueSourceSpec, QueueSinkSpec ----

TYPED_TEST(akka_stream, emits_what_is_put_into_its_source_queue_and_completes_when_that_is_closed) {
  TypeParam m;
  adapter::thread_queue<int> source(4);
  adapter::thread_queue<int> sink(4);
  const auto run = m.start(m.from(source).into(sink));
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(source.put(int{i}));
    EXPECT_EQ(*sink.get(), i);
  }
  source.close();
  EXPECT_EQ(finish(run).how, ended::completed);
}

TYPED_TEST(akka_stream, remembers_what_is_still_in_its_source_queue_when_that_is_closed) {
  TypeParam m;
  adapter::thread_queue<int> source(4);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(source.put(int{i}));
  source.close();
  std::vector<int> out;
  EXPECT_EQ(finish(m, m.from(source).into(out)).how, ended::completed);
  EXPECT_EQ(out, numbers(0, 4));
}

TYPED_TEST(akka_stream, fails_when_its_source_queue_fails) {
  TypeParam m;
  adapter::thread_queue<int> source(4);
  std::vector<int> out;
  const auto run = m.start(m.from(source).into(out));
  source.close(broken("boom"));
  const auto r = finish(run);
  EXPECT_EQ(r.how, ended::failed);
  EXPECT_EQ(what(r.error), "boom");
}

TYPED_TEST(akka_stream, pushes_back_on_its_source_queue_when_the_sink_queue_is_full) {
  TypeParam m;
  adapter::thread_queue<int> source(1);
  adapter::thread_queue<int> sink(1);
  const auto job = m.from(source).map([](int i) { return i; }, {.capacity = 1}).into(sink, {.capacity = 1});
  const auto run = m.start(job);
  int accepted = 0;
  while (source.put(int{accepted}, {.within = 20ms})) ++accepted;
  EXPECT_LE(static_cast<std::size_t>(accepted), job.bound() + 2);
  for (int i = 0; i < accepted; ++i) EXPECT_EQ(*sink.get(), i);
  source.close();
  EXPECT_EQ(finish(run).how, ended::completed);
}

TYPED_TEST(akka_stream, completes_when_the_reader_of_its_sink_queue_leaves) {
  TypeParam m;
  adapter::thread_queue<int> sink(2);
  const auto run = m.start(m.from(endless()).into(sink));
  EXPECT_EQ(*sink.get(), 0);
  sink.cancel();
  EXPECT_EQ(finish(run).how, ended::completed);
}

// ---- SinkForeachParallelSpec ----

TYPED_TEST(akka_stream, hands_every_element_to_one_of_several_sinks_and_waits_for_all_before_it_completes) {
  TypeParam m;
  std::mutex lock;
  std::multiset<int> seen;
  const auto r = finish(m, m.from(numbers(0, 100))
                               .each(
                                   [&](int i) {
                                     const std::lock_guard hold(lock);
                                     seen.insert(i);
                                   },
                                   {.workers = 3}));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(seen.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen.count(i), 1U);
}

TYPED_TEST(akka_stream, fails_or_goes_on_when_one_of_several_sinks_fails_as_it_was_told) {
  for (const bool resume : {false, true}) {
    TypeParam m;
    const auto r = finish(
        m, m.from(numbers(1, 6)).each([](int i) { (void)fails_at_three(i); }, {.workers = 2, .skip_errors = resume}));
    EXPECT_EQ(r.how, resume ? ended::completed : ended::failed);
    EXPECT_EQ(r.stages.at(1).failed, 1U);
  }
}

}  // namespace
}  // namespace conformance
