// The declared pipeline in virtual time: rates are exact there, whatever the machine does.
#include "pipeline.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

#include <penstock/testing/manual_runtime.hpp>

namespace {

using namespace bench;
using namespace std::chrono_literals;
using penstock::rate;

constexpr std::uint64_t seeds = 100;

/// Runs it under every seed; `look` sees the report and what the consumers found.
template <class Look>
void under_every_seed(const shape& s, Look look) {
  for (std::uint64_t seed = 1; seed <= seeds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    tallies found;
    penstock::manual_runtime machinery(seed);
    const auto report = machinery.run(declare(s, found));
    ASSERT_TRUE(report.ok());
    ASSERT_TRUE(report.balanced());
    const auto total = found.total();
    ASSERT_EQ(total.count, s.items);
    ASSERT_EQ(total.sum, s.items * (s.items - 1) / 2);
    ASSERT_EQ(total.wrong, 0U);
    look(report, total);
  }
}

TEST(bench_pipeline, goes_at_the_rate_of_all_producers_where_they_are_slower) {
  const shape s{.producers = 2,
                .consumers = 3,
                .capacity = 5,
                .produce_rate = rate{2, 1s},
                .consume_rate = rate{3, 2s},
                .items = 41};
  under_every_seed(s, [](const penstock::report& r, const consumed&) {
    EXPECT_EQ(r.elapsed, 10s);  // 4/s in all, the first at once
    EXPECT_LT(r.edges.at(2).peak, 5U);
    EXPECT_EQ(r.edges.at(3).capacity, 3U);  // behind the throttle each consumer has one in hand, and no second queue
  });
}

TEST(bench_pipeline, goes_at_the_rate_of_all_consumers_where_they_are_slower_and_the_queue_fills) {
  const shape s{.producers = 3,
                .consumers = 2,
                .capacity = 5,
                .produce_rate = rate{2, 1s},
                .consume_rate = rate{3, 2s},
                .items = 31};
  under_every_seed(s, [](const penstock::report& r, const consumed&) {
    EXPECT_EQ(r.elapsed, 10s);  // 3/s in all
    const auto& queue = r.edges.at(2);
    EXPECT_EQ(queue.from, produce_stage);
    EXPECT_EQ(queue.to, consume_rate_stage);
    EXPECT_EQ(queue.capacity, 5U);
    EXPECT_EQ(queue.peak, 5U);
  });
}

TEST(bench_pipeline, measures_how_long_an_item_was_in_the_queue) {
  const shape s{.capacity = 4, .consume_rate = rate{1, 1s}, .items = 20, .latency = true};
  under_every_seed(s, [](const penstock::report&, const consumed& found) {
    EXPECT_EQ(found.latency.count(), 20U);
    // Full from the beginning, and the producer has one more in hand at most: an item waits for those before it, a
    // second each.
    const auto most = std::chrono::nanoseconds(found.latency.max());
    EXPECT_GE(most, 4s);
    EXPECT_LE(most, 5s);
  });
}

TEST(bench_pipeline, loses_and_breaks_nothing_whatever_its_shape) {
  std::uint64_t n = 0;
  for (const std::size_t producers : {1U, 3U})
    for (const std::size_t stages : {0U, 1U, 3U})
      for (const auto order : {penstock::order::any, penstock::order::kept})
        for (const std::size_t bytes : {0U, 100U}) {
          shape s{.producers = producers,
                  .consumers = 2,
                  .stages = stages,
                  .workers = 3,
                  .capacity = 2,
                  .item_bytes = bytes};
          s.order = order;
          s.items = 200;
          tallies found;
          penstock::manual_runtime machinery(++n);
          const auto report = machinery.run(declare(s, found));
          ASSERT_TRUE(report.ok());
          ASSERT_EQ(report.stages.size(), stages + (producers > 1 ? 3 : 2));
          ASSERT_EQ(found.total().count, 200U);
          ASSERT_EQ(found.total().sum, 200U * 199 / 2);
          ASSERT_EQ(found.total().wrong, 0U);
        }
}

TEST(bench_item, that_was_changed_on_its_way_is_not_intact) {
  loaded_item item;
  item.number = 7;
  item.load(100);
  EXPECT_TRUE(item.intact());
  item.bytes[99] ^= 1;
  EXPECT_FALSE(item.intact());
  item.bytes[99] ^= 1;
  item.number = 8;
  EXPECT_FALSE(item.intact());
}

}  // namespace
