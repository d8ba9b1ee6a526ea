#include "verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <penstock/runtime/runtime.hpp>

#include "options.hpp"
#include "pipeline.hpp"
#include "tallies.hpp"

namespace {

using namespace bench;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr machine two_cores{.cpu_workers = 2, .cores = 2};

/// A stage of a run of ten seconds.
penstock::stage_report stage(std::string name, std::uint64_t items, penstock::duration busy, std::size_t workers = 1,
                             penstock::duration starved = 0s, penstock::duration blocked = 0s) {
  penstock::stage_report one;
  one.name = std::move(name);
  one.workers = workers;
  one.in = one.done = one.emitted = items;
  one.busy = busy;
  one.starved = starved;
  one.blocked = blocked;
  return one;
}

penstock::report of(std::vector<penstock::stage_report> stages) {
  penstock::report r;
  r.elapsed = 10s;
  r.stages = std::move(stages);
  return r;
}

TEST(verdict, names_the_stage_that_works_while_the_others_wait_for_it) {
  const auto v = what_limits(
      of({stage("produce", 1000, 1s, 1, 0s, 8s), stage("stage 1", 1000, 9900ms), stage("consume", 1000, 1s, 1, 9s)}),
      {.stages = 1}, two_cores);
  EXPECT_EQ(v.what, limit::stage);
  EXPECT_EQ(v.stage, "stage 1");
  EXPECT_DOUBLE_EQ(v.busy, 0.99);
  EXPECT_THAT(v.why, HasSubstr("its worker is busy 99 % of the time"));
  EXPECT_THAT(v.why, HasSubstr("'produce' before it waits for room 80 %"));
  EXPECT_THAT(v.why, HasSubstr("'consume' after it waits for items 90 %"));
  EXPECT_THAT(v.advice, HasSubstr("more --workers (now 1)"));
  EXPECT_THAT(v.advice, HasSubstr("1.7 times"));  // the cores: 11.9 s of 20 s
  EXPECT_EQ(v.caution, "");
}

TEST(verdict, counts_the_time_of_all_workers_of_a_stage) {
  const auto half = of({stage("produce", 1000, 1s), stage("stage 1", 1000, 10s, 2), stage("consume", 1000, 1s)});
  EXPECT_NE(what_limits(half, {.stages = 1, .workers = 2}, {.cpu_workers = 8, .cores = 8}).what, limit::stage);
  const auto full = of({stage("produce", 1000, 1s), stage("stage 1", 1000, 19s, 2), stage("consume", 1000, 1s)});
  const auto v = what_limits(full, {.stages = 1, .workers = 2}, {.cpu_workers = 8, .cores = 8});
  EXPECT_EQ(v.stage, "stage 1");
  EXPECT_THAT(v.why, HasSubstr("its 2 workers are busy 95 %"));
  EXPECT_THAT(v.advice, HasSubstr("more --workers (now 2)"));
}

TEST(verdict, of_a_slow_producer_is_the_source) {
  const auto v = what_limits(of({stage("produce", 1000, 10s), stage("consume", 1000, 1s, 1, 9s)}), {}, two_cores);
  EXPECT_EQ(v.what, limit::stage);
  EXPECT_EQ(v.stage, "produce");
  EXPECT_THAT(v.why, HasSubstr("the source, 'produce'"));
  EXPECT_THAT(v.advice, HasSubstr("more --producers"));
}

TEST(verdict, of_a_slow_consumer_asks_for_more_of_them) {
  const auto v = what_limits(of({stage("produce", 1000, 1s, 1, 0s, 9s), stage("consume", 1000, 9s)}), {}, two_cores);
  EXPECT_EQ(v.stage, "consume");
  EXPECT_THAT(v.advice, HasSubstr("more --consumers"));
}

TEST(verdict, does_not_ask_for_workers_when_the_cores_are_taken) {
  const auto report =
      of({stage("produce", 1000, 500ms), stage("stage 1", 1000, 19s, 2), stage("consume", 1000, 500ms)});
  const auto v = what_limits(report, {.stages = 1, .workers = 2}, two_cores);
  EXPECT_EQ(v.what, limit::stage);
  EXPECT_THAT(v.advice, HasSubstr("less work for an item"));
  EXPECT_THAT(v.advice, HasSubstr("more --workers gain nothing"));
  EXPECT_THAT(what_limits(report, {.stages = 1, .workers = 2}, {.cpu_workers = 2, .cores = 8}).advice,
              HasSubstr("more --threads (now 2 of 8 cores)"));
}

TEST(verdict, is_the_cores_where_many_workers_share_few) {
  const auto report = of({stage("produce", 1000, 1s), stage("stage 1", 1000, 17s, 4), stage("consume", 1000, 1s)});
  const auto v = what_limits(report, {.stages = 1, .workers = 4}, two_cores);
  EXPECT_EQ(v.what, limit::cores);
  EXPECT_EQ(v.stage, "stage 1");
  EXPECT_DOUBLE_EQ(v.busy, 0.95);
  EXPECT_THAT(v.why, HasSubstr("the 2 CPU workers are busy 95 %"));
  EXPECT_THAT(v.advice, HasSubstr("more workers gain nothing on 2 cores"));
}

TEST(verdict, leaves_threads_that_wait_out_of_the_cores) {
  const auto report = of({stage("produce", 1000, 0s), stage("stage 1", 1000, 160s, 16), stage("consume", 1000, 0s)});
  const auto v = what_limits(report, {.stages = 1, .workers = 16, .place = penstock::place::blocking}, two_cores);
  EXPECT_EQ(v.what, limit::stage);
  EXPECT_THAT(v.advice, HasSubstr("more --workers (now 16)"));
  EXPECT_EQ(v.caution, "");
}

TEST(verdict, is_the_rate_of_the_producers_when_it_is_used_up) {
  const shape s{
      .producers = 2, .consumers = 3, .produce_rate = penstock::rate{2, 1s}, .consume_rate = penstock::rate{3, 2s}};
  const auto v = what_limits(of({stage("turns", 42, 0s), stage("produce rate", 40, 0s), stage("produce", 40, 0s, 2),
                                 stage("consume rate", 40, 0s), stage("consume", 40, 0s, 3)}),
                             s, two_cores);
  EXPECT_EQ(v.what, limit::produce_rate);
  EXPECT_THAT(v.why, HasSubstr("2 producers of 2.00/s each are 4.00/s in all"));
  EXPECT_THAT(v.why, HasSubstr("the consumers may take 4.50/s"));
  EXPECT_THAT(v.advice, HasSubstr("--produce-rate"));
}

TEST(verdict, is_the_lower_rate_while_a_queue_fills) {
  const shape s{.produce_rate = penstock::rate{50, 1s}, .consume_rate = penstock::rate{20, 1s}};
  const auto v = what_limits(of({stage("turns", 501, 0s), stage("produce rate", 500, 0s), stage("produce", 500, 0s),
                                 stage("consume rate", 200, 0s), stage("consume", 200, 0s)}),
                             s, two_cores);
  EXPECT_EQ(v.what, limit::consume_rate);
  EXPECT_THAT(v.why, HasSubstr("1 consumer of 20.0/s is 20.0/s in all, and 100 %"));
  EXPECT_THAT(v.why, HasSubstr("the producers may make 50.0/s"));
}

TEST(verdict, is_not_a_rate_that_is_never_reached) {
  const shape s{.consume_rate = penstock::rate{1000, 1s}};
  const auto v = what_limits(
      of({stage("produce", 1000, 10s), stage("consume rate", 1000, 0s), stage("consume", 1000, 1s)}), s, two_cores);
  EXPECT_EQ(v.what, limit::stage);
  EXPECT_EQ(v.stage, "produce");
}

TEST(verdict, is_handing_over_when_nobody_works_much) {
  const auto report = of({stage("produce", 100'000'000, 4s), stage("consume", 100'000'000, 3s)});
  const auto v = what_limits(report, {}, two_cores);
  EXPECT_EQ(v.what, limit::hand_over);
  EXPECT_THAT(v.why, HasSubstr("'produce', works 40 % of the time"));
  EXPECT_THAT(v.advice, HasSubstr("in batches"));
  EXPECT_THAT(what_limits(report, {.capacity = 5}, two_cores).advice, HasSubstr("a larger --capacity (now 5)"));
}

TEST(verdict, is_one_core_where_cheap_stages_take_turns_on_it) {
  const auto report = of({stage("produce", 2'000'000'000, 5100ms), stage("consume", 2'000'000'000, 4600ms)});
  const auto v = what_limits(report, {}, two_cores);
  EXPECT_EQ(v.what, limit::one_core);
  EXPECT_EQ(v.stage, "produce");
  EXPECT_DOUBLE_EQ(v.busy, 0.97);
  EXPECT_THAT(v.why, HasSubstr("busy 97 % of its time; at 5 ns an item"));
  EXPECT_THAT(v.advice, HasSubstr("More --threads gain nothing"));
  EXPECT_THAT(v.advice, Not(HasSubstr("stages")));  // there are none in between
  EXPECT_THAT(what_limits(report, {.capacity = 5}, two_cores).advice, HasSubstr("a larger --capacity (now 5)"));
}

TEST(verdict, does_not_ask_for_threads_that_cheap_stages_would_not_use) {
  const auto report = of({stage("produce", 1'000'000'000, 3s), stage("stage 1", 1'000'000'000, 4s),
                          stage("consume", 1'000'000'000, 2700ms)});
  const auto v = what_limits(report, {.stages = 1, .threads = 1}, {.cpu_workers = 1, .cores = 2});
  EXPECT_EQ(v.what, limit::one_core);
  EXPECT_EQ(v.stage, "stage 1");
  EXPECT_THAT(v.advice, HasSubstr("fewer stages"));
  EXPECT_THAT(v.advice, Not(HasSubstr("more --threads (now")));
}

TEST(verdict, is_not_one_core_where_stages_could_run_beside_one_another) {
  const auto report = [](std::uint64_t items, std::size_t workers) {
    return of({stage("produce", items, 3s), stage("stage 1", items, 4s, workers), stage("consume", items, 2700ms)});
  };
  const machine one_thread{.cpu_workers = 1, .cores = 2};
  const auto dear = what_limits(report(1'000'000, 1), {.stages = 1}, one_thread);  // 9.7 us an item
  EXPECT_EQ(dear.what, limit::cores);
  EXPECT_THAT(dear.advice, HasSubstr("more --threads (now 1 of 2 cores)"));
  EXPECT_NE(what_limits(report(1'000'000'000, 2), {.stages = 1}, one_thread).what, limit::one_core);
  EXPECT_NE(what_limits(report(1'000'000'000, 1), {.stages = 1, .place = penstock::place::blocking}, two_cores).what,
            limit::one_core);
}

TEST(verdict, never_asks_for_fewer_stages_where_there_are_none) {
  const auto idle = [](std::size_t stages) {
    return what_limits(of({stage("produce", 100'000'000, 2s), stage("consume", 100'000'000, 3s)}), {.stages = stages},
                       two_cores);
  };
  EXPECT_EQ(idle(0).what, limit::hand_over);
  EXPECT_THAT(idle(0).advice, Not(HasSubstr("fewer stages")));
  EXPECT_THAT(idle(1).advice, HasSubstr("fewer stages"));
}

TEST(verdict, counts_what_is_under_way) {
  auto report =
      of({stage("produce", 10, 0s), stage("stage 1", 4, 8s), stage("stage 2", 4, 4s, 3), stage("consume", 4, 0s)});
  report.stages[1].under_way = 1;
  report.stages[1].longest = 1500ms;
  report.stages[2].under_way = 3;
  report.stages[2].longest = 2s;
  count_what_is_under_way(report);
  EXPECT_EQ(report.stages[0].busy, 0s);
  EXPECT_EQ(report.stages[1].busy, 9500ms);
  EXPECT_EQ(report.stages[2].busy, 8s);  // 2 s of the first, and half of that of each other
  EXPECT_EQ(what_limits(report, {.stages = 2}, two_cores).stage, "stage 1");
}

TEST(verdict, warns_where_items_are_long_beside_the_measurement) {
  const auto caution = [](std::uint64_t items) {
    return what_limits(of({stage("produce", items, 0s), stage("stage 1", items, 9500ms), stage("consume", items, 0s)}),
                       {.stages = 1}, two_cores)
        .caution;
  };
  EXPECT_THAT(caution(9), HasSubstr("an item takes more than a tenth of the measurement in 'stage 1': measure longer"));
  EXPECT_EQ(caution(10), "");
}

TEST(verdict, warns_where_other_programs_had_the_cores) {
  const auto report = of({stage("produce", 1000, 9900ms), stage("consume", 1000, 100ms)});
  EXPECT_EQ(what_limits(report, {}, {.cpu_workers = 2, .cores = 2, .cpu_seconds = 10}).caution, "");
  EXPECT_THAT(what_limits(report, {}, {.cpu_workers = 2, .cores = 2, .cpu_seconds = 5}).caution,
              HasSubstr("of the 1.0 cores that the stages took, this one had 0.5"));
}

TEST(verdict, of_no_item_is_none) {
  const auto v = what_limits(of({stage("produce", 0, 0s), stage("consume", 0, 0s)}), {}, two_cores);
  EXPECT_EQ(v.what, limit::nothing_measured);
}

// A real run whose stage is slower than the rest by far, on a thread of its own, so that no load of the machine
// matters: what is waited for there is the same everywhere.
TEST(verdict, finds_the_slow_stage_of_a_real_run) {
  const shape s{.stages = 1, .capacity = 4, .work = 2ms, .place = penstock::place::blocking, .items = 50};
  tallies found;
  penstock::runtime machinery({.cpu_workers = 1});
  const auto report = machinery.run(declare(s, found));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(found.total().count, 50U);
  EXPECT_EQ(found.total().sum, 50U * 49 / 2);
  const auto v = what_limits(report, s, {.cpu_workers = 1, .cores = 2});
  EXPECT_EQ(v.what, limit::stage);
  EXPECT_EQ(v.stage, "stage 1");
  EXPECT_THAT(v.advice, HasSubstr("more --workers"));
  EXPECT_THAT(v.advice, Not(HasSubstr("gain nothing")));
}

}  // namespace
