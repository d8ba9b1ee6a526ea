// How a run ends, and what it says then.
#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <numeric>
#include <ranges>
#include <stdexcept>
#include <stop_token>
#include <vector>

#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;

/// An endless pipeline that says when it has consumed its tenth item.
struct endless_line {
  event under_way;
  std::atomic<long> consumed{0};
  pipeline line{"endless", producer({.name = "count"}, endless()),
                transform({.name = "same", .capacity = 8}, [](int n) { return n; }),
                consumer({.name = "sink", .capacity = 8}, [this](int) {
                  if (++consumed == 10) under_way.set();
                })};
};

/// A pipeline whose consumer waits inside its first item until it is told to go on.
struct held_line {
  event inside;
  event go_on;
  std::atomic<long> consumed{0};
  pipeline line{"held", producer({.name = "count"}, endless()),
                consumer({.name = "sink", .capacity = 8}, [this](int n) {
                  if (n == 0) {
                    inside.set();
                    go_on.wait();
                  }
                  ++consumed;
                })};
};

TEST(run, is_completed_when_the_input_has_ended_and_everything_was_processed) {
  runtime rt({.cpu_workers = 2});
  long sum = 0;
  const auto r = finish(rt, {"sum", producer({.name = "count"}, std::views::iota(0, 10'000)),
                             transform({.name = "twice"}, [](int n) { return 2 * n; }),
                             consumer({.name = "add"}, [&](int n) { sum += n; })});
  EXPECT_EQ(sum, 10'000L * 9'999);
  EXPECT_EQ(r.state(), end_state::completed);
  EXPECT_TRUE(r.ok());
  EXPECT_FALSE(r.stop_requested);
  EXPECT_EQ(r.reason, stop_reason::none);
  EXPECT_EQ(r.stage("count").done, 10'000U);
  EXPECT_EQ(r.stage("twice").done, 10'000U);
  EXPECT_EQ(r.stage("add").done, 10'000U);
  EXPECT_EQ(r.dropped(), 0U);
  EXPECT_NO_THROW(r.rethrow());
}

TEST(run, of_an_empty_input_is_completed) {
  runtime rt({.cpu_workers = 1});
  const auto r = finish(
      rt, {"nothing", producer({.name = "none"}, std::vector<int>{}),
           transform({.name = "same"}, [](int n) { return n; }), consumer({.name = "sink"}, [](int) { FAIL(); })});
  EXPECT_EQ(r.state(), end_state::completed);
  EXPECT_EQ(r.stage("none").in, 0U);
}

TEST(run, that_is_stopped_finishes_what_it_has_accepted) {
  runtime rt({.cpu_workers = 2});
  endless_line it;
  const auto run = rt.start(it.line);
  it.under_way.wait();
  EXPECT_FALSE(run.stop_requested());
  run.stop();
  EXPECT_TRUE(run.stop_requested());
  const auto r = finish(run);
  EXPECT_EQ(r.state(), end_state::stopped);
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.reason, stop_reason::stop);
  EXPECT_EQ(r.stage("count").done, static_cast<std::uint64_t>(it.consumed));
  EXPECT_EQ(r.dropped(), 0U);
}

TEST(run, that_is_cancelled_drops_what_is_left_and_counts_it) {
  runtime rt({.cpu_workers = 2});
  held_line it;
  const auto run = rt.start(it.line);
  it.inside.wait();
  run.cancel();
  it.go_on.set();
  const auto r = finish(run);
  EXPECT_EQ(r.state(), end_state::cancelled);
  EXPECT_EQ(r.reason, stop_reason::cancel);
  EXPECT_EQ(r.stage("sink").done, static_cast<std::uint64_t>(it.consumed));
  EXPECT_EQ(r.stage("count").done, r.stage("sink").done + r.dropped());
}

TEST(run, that_is_stopped_takes_a_producer_whose_wait_was_cancelled_by_it_for_one_that_has_ended) {
  for (const auto where : {place::cpu, place::blocking}) {
    runtime rt({.cpu_workers = 1});
    queue<int> never(1);
    const auto run = rt.start({"listen",
                               producer({.name = "wait", .on = where},
                                        [n = 0](context& c) mutable -> std::optional<int> {
                                          if (n < 3) return n++;
                                          c.stop();
                                          wait_until_told(c);
                                          throw error(errc::cancelled);
                                        }),
                               consumer({.name = "sink"}, [](int) {})});
    const auto r = finish(run);
    EXPECT_EQ(r.state(), end_state::stopped);
    EXPECT_EQ(r.stages.back().done, 3u);
    EXPECT_TRUE(r.errors.empty());
  }
}

TEST(run, that_is_stopped_and_then_cancelled_is_cancelled) {
  runtime rt({.cpu_workers = 2});
  held_line it;
  const auto run = rt.start(it.line);
  it.inside.wait();
  run.stop();
  run.cancel();
  run.stop();
  run.cancel();
  it.go_on.set();
  EXPECT_EQ(finish(run).state(), end_state::cancelled);
}

TEST(run, whose_body_throws_after_a_cancel_is_failed) {
  runtime rt({.cpu_workers = 1});
  event inside;
  const pipeline line{"late", producer({.name = "count"}, endless()), consumer({.name = "sink"}, [&](int, context& c) {
                        inside.set();
                        wait_until_told(c);
                        throw std::runtime_error("on the way out");
                      })};
  const auto run = rt.start(line);
  inside.wait();
  run.cancel();
  EXPECT_EQ(finish(run).state(), end_state::failed);
  EXPECT_THROW(static_cast<void>(run.wait()), std::runtime_error);
}

TEST(run, that_failed_stays_failed_after_a_cancel) {
  runtime rt({.cpu_workers = 1});
  const pipeline line{"bad", producer({.name = "count"}, endless()),
                      consumer({.name = "sink"}, [](int) { throw std::runtime_error("bad"); })};
  const auto run = rt.start(line);
  finish(run);
  run.cancel();
  run.stop();
  run.drain(0s);
  EXPECT_EQ(finish(run).state(), end_state::failed);
}

TEST(run, that_has_ended_is_not_changed_by_later_requests) {
  runtime rt({.cpu_workers = 1});
  const auto run =
      rt.start({"short", producer({.name = "count"}, std::views::iota(0, 3)), consumer({.name = "sink"}, [](int) {})});
  finish(run);
  run.stop();
  run.cancel();
  run.drain(0s);
  const auto r = finish(run);
  EXPECT_EQ(r.state(), end_state::completed);
  EXPECT_FALSE(run.stop_requested());
}

TEST(run, that_drains_in_time_is_stopped) {
  runtime rt({.cpu_workers = 2});
  endless_line it;
  const auto run = rt.start(it.line);
  it.under_way.wait();
  run.drain(1h);
  const auto r = finish(run);
  EXPECT_EQ(r.state(), end_state::stopped);
  EXPECT_EQ(r.dropped(), 0U);
}

TEST(run, that_does_not_drain_in_time_is_cancelled_also_when_the_only_worker_waits_in_a_body) {
  runtime rt({.cpu_workers = 1});
  event inside;
  // [drain]
  const auto run =
      rt.start({"stuck", producer({.name = "count"}, endless()), consumer({.name = "sink"}, [&](int, context& c) {
                  inside.set();
                  wait_until_told(c);
                })});
  inside.wait();
  run.drain(10ms);
  const auto r = finish(run);
  EXPECT_EQ(r.state(), end_state::cancelled);
  EXPECT_EQ(r.reason, stop_reason::deadline);
  // [/drain]
  EXPECT_EQ(r.stage("sink").done, 1U) << "a body that swallows the stop has finished its item";
}

TEST(run, takes_the_nearest_of_several_drains) {
  runtime rt({.cpu_workers = 1});
  event inside;
  const auto run =
      rt.start({"stuck", producer({.name = "count"}, endless()), consumer({.name = "sink"}, [&](int, context& c) {
                  inside.set();
                  wait_until_told(c);
                })});
  inside.wait();
  run.drain(1h);
  run.drain(10ms);
  run.drain(1h);
  EXPECT_EQ(finish(run).reason, stop_reason::deadline);
}

TEST(run, has_a_limit_for_every_stop_when_the_options_say_so) {
  runtime rt({.cpu_workers = 1});
  event inside;
  const auto run = rt.start({"stuck", producer({.name = "count"}, endless()),
                             consumer({.name = "sink"},
                                      [&](int n, context& c) {
                                        if (n > 0) return;
                                        inside.set();
                                        c.stop();
                                        wait_until_told(c);
                                      })},
                            {.drain_within = 10ms});
  inside.wait();
  const auto r = finish(run);
  EXPECT_EQ(r.state(), end_state::cancelled);
  EXPECT_EQ(r.reason, stop_reason::deadline);
}

TEST(run, stops_when_a_standard_parent_asks_for_it) {
  runtime rt({.cpu_workers = 2});
  endless_line it;
  // [parent]
  std::stop_source parent;
  const auto run = rt.start(it.line, {.stop = parent.get_token()});
  it.under_way.wait();
  parent.request_stop();
  EXPECT_TRUE(run.stop_requested());
  EXPECT_EQ(finish(run).state(), end_state::stopped);
  // [/parent]
}

TEST(run, does_what_the_reason_of_its_parent_says) {
  runtime rt({.cpu_workers = 2});
  for (const auto reason : {stop_reason::stop, stop_reason::cancel, stop_reason::deadline, stop_reason::failure}) {
    endless_line it;
    stop_source parent;
    const auto run = rt.start(it.line, {.stop = parent.token()});
    it.under_way.wait();
    parent.request_stop(reason);
    EXPECT_EQ(finish(run).state(), reason == stop_reason::stop ? end_state::stopped : end_state::cancelled);
  }
}

TEST(run, whose_parent_has_stopped_before_takes_next_to_nothing_and_ends) {
  runtime rt({.cpu_workers = 2});
  for (const auto reason : {stop_reason::stop, stop_reason::cancel}) {
    endless_line it;
    stop_source parent;
    parent.request_stop(reason);
    EXPECT_EQ(finish(rt, it.line, {.stop = parent.token()}).state(),
              reason == stop_reason::stop ? end_state::stopped : end_state::cancelled);
  }
}

TEST(run, outlived_by_its_parent_does_not_hear_from_it) {
  runtime rt({.cpu_workers = 2});
  std::stop_source parent;
  const pipeline line{"short", producer({.name = "count"}, std::views::iota(0, 3)),
                      consumer({.name = "sink"}, [](int) {})};
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(finish(rt, line, {.stop = parent.get_token()}).ok());
  parent.request_stop();
}

TEST(run, can_be_stopped_and_cancelled_from_any_stage) {
  runtime rt({.cpu_workers = 2});
  for (const bool cancels : {false, true}) {
    for (int where = 0; where < 3; ++where) {
      const auto act = [&, cancels, where](int stage, int n, context& c) {
        if (stage == where && n == 50) cancels ? c.cancel() : c.stop();
      };
      const auto r = finish(rt, {"inside",
                                 producer({.name = "count"},
                                          [=, n = 0](context& c) mutable -> std::optional<int> {
                                            act(0, n, c);
                                            return n++;
                                          }),
                                 transform({.name = "same", .workers = 2},
                                           [=](int n, context& c) {
                                             act(1, n, c);
                                             return n;
                                           }),
                                 consumer({.name = "sink"}, [=](int n, context& c) { act(2, n, c); })});
      EXPECT_EQ(r.state(), cancels ? end_state::cancelled : end_state::stopped);
    }
  }
}

}  // namespace
