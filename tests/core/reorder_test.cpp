#include "penstock/core/reorder.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace penstock {
namespace {

using run_of_items = std::vector<int>;

TEST(reorder, a_run_that_finished_early_waits_for_those_before_it) {
  reorder<run_of_items> window(4);
  const auto first = window.claim(1);
  const auto second = window.claim(2);
  window.finish(second, 2, {2, 3});
  EXPECT_EQ(window.front(), nullptr);
  window.finish(first, 1, {1});
  ASSERT_NE(window.front(), nullptr);
  EXPECT_EQ(window.pop_front(), (run_of_items{1}));
  EXPECT_EQ(window.pop_front(), (run_of_items{2, 3}));
  EXPECT_TRUE(window.empty());
}

TEST(reorder, a_run_whose_items_were_all_skipped_leaves_no_hole) {
  reorder<run_of_items> window(4);
  const auto skipped = window.claim(3);
  const auto after_it = window.claim(1);
  window.finish(after_it, 1, {4});
  window.finish(skipped, 3, {});
  EXPECT_TRUE(window.pop_front().empty());
  EXPECT_EQ(window.pop_front(), (run_of_items{4}));
}

TEST(reorder, what_is_claimed_counts_against_the_window_until_it_has_left) {
  reorder<run_of_items> window(4);
  EXPECT_EQ(window.free(), 4u);
  const auto first = window.claim(3);
  EXPECT_EQ(window.free(), 1u);
  window.finish(first, 3, {});
  EXPECT_EQ(window.free(), 1u);
  window.pop_front();
  EXPECT_EQ(window.free(), 4u);
}

TEST(reorder, runs_may_be_move_only_and_their_storage_comes_back) {
  reorder<std::unique_ptr<int>> window(1);
  auto run = std::make_unique<int>(7);
  const auto* const storage = run.get();
  window.finish(window.claim(1), 1, std::move(run));
  EXPECT_EQ(window.pop_front().get(), storage);
  EXPECT_EQ(window.front(), nullptr);
}

}  // namespace
}  // namespace penstock
