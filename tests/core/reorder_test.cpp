#include "penstock/core/reorder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
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

// Against a model that is too simple to be wrong: a map from the first number of a run to the run.
TEST(reorder, agrees_with_a_map_whatever_the_order_of_finishing) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };

  for (int round = 0; round < 200; ++round) {
    const auto size = 1 + below(9);
    reorder<run_of_items> window(size);
    struct model_run {
      std::size_t count;
      bool finished;
      run_of_items items;
    };
    std::map<std::uint64_t, model_run> model;
    std::uint64_t next = 0;
    std::size_t held = 0;
    for (int step = 0; step < 200; ++step) {
      ASSERT_EQ(window.free(), size - held);
      ASSERT_EQ(window.empty(), model.empty());
      switch (below(3)) {
        case 0:
          if (window.free() > 0) {
            const auto count = 1 + below(window.free());
            ASSERT_EQ(window.claim(count), next);
            model[next] = {count, false, run_of_items(below(count + 1), static_cast<int>(next))};
            next += count;
            held += count;
          }
          break;
        case 1: {
          std::vector<std::uint64_t> open;
          for (const auto& [first, run] : model) {
            if (!run.finished) open.push_back(first);
          }
          if (!open.empty()) {
            const auto first = open[below(open.size())];
            model[first].finished = true;
            window.finish(first, model[first].count, model[first].items);
          }
          break;
        }
        default:
          if (!model.empty() && model.begin()->second.finished) {
            ASSERT_NE(window.front(), nullptr);
            ASSERT_EQ(window.pop_front(), model.begin()->second.items);
            held -= model.begin()->second.count;
            model.erase(model.begin());
          } else {
            ASSERT_EQ(window.front(), nullptr);
          }
      }
    }
  }
}

}  // namespace
}  // namespace penstock
