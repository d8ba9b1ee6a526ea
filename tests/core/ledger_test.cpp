#include "penstock/core/ledger.hpp"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(ledger, what_a_stage_took_and_has_not_settled_is_in_flight) {
  stage_counts counts{.in = 10, .emitted = 99, .done = 5, .failed = 2, .dropped = 1, .retried = 7};
  EXPECT_EQ(counts.in_flight(), 2u);
  EXPECT_FALSE(balanced(counts));
  counts.done += 2;
  EXPECT_TRUE(balanced(counts));
}

TEST(ledger, counts_of_workers_add_up_to_those_of_their_stage) {
  stage_counts sum{.in = 1, .emitted = 2, .done = 3, .failed = 4, .dropped = 5, .retried = 6};
  sum += stage_counts{.in = 10, .emitted = 20, .done = 30, .failed = 40, .dropped = 50, .retried = 60};
  EXPECT_EQ(sum.in, 11u);
  EXPECT_EQ(sum.emitted, 22u);
  EXPECT_EQ(sum.done, 33u);
  EXPECT_EQ(sum.failed, 44u);
  EXPECT_EQ(sum.dropped, 55u);
  EXPECT_EQ(sum.retried, 66u);
}

TEST(ledger, an_edge_is_balanced_when_what_was_put_on_it_was_taken_or_dropped) {
  EXPECT_TRUE(balanced(edge_counts{}));
  EXPECT_TRUE(balanced(edge_counts{.emitted = 5, .taken = 3, .dropped = 2}));
  EXPECT_FALSE(balanced(edge_counts{.emitted = 5, .taken = 3, .dropped = 1}));
}

}  // namespace
}  // namespace penstock
