#include "penstock/core/lanes.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace penstock {
namespace {

template <class T>
std::optional<T> popped(lanes<T>& l, std::size_t lane) {
  std::optional<T> item;
  l.pop(lane, [&](T&& i) { item.emplace(std::move(i)); });
  return item;
}

TEST(lanes, keep_each_lane_first_in_first_out) {
  lanes<int> l(2, 4);
  l.push_back(0, 1);
  l.push_back(1, 10);
  l.push_back(0, 2);
  l.push_front(1, 9);
  EXPECT_EQ(l.size(), 4U);
  EXPECT_EQ(popped(l, 1), 9);
  EXPECT_EQ(popped(l, 0), 1);
  EXPECT_EQ(popped(l, 1), 10);
  EXPECT_EQ(popped(l, 0), 2);
  EXPECT_EQ(l.size(), 0U);
}

TEST(lanes, let_one_lane_take_up_all_slots) {
  lanes<int> l(3, 5);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5; ++i) l.push_back(2, int(i));
    EXPECT_EQ(l.size(2), 5U);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(popped(l, 2), i);
  }
}

TEST(lanes, destroy_what_is_left_and_keep_over_aligned_items_aligned) {
  struct alignas(64) wide {
    std::shared_ptr<int> counted;
  };
  const auto counter = std::make_shared<int>();
  {
    lanes<wide> l(2, 3);
    for (std::size_t i = 0; i < 3; ++i) l.push_back(i % 2, wide{counter});
    l.pop(0, [](wide&& w) { EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&w) % 64, 0U); });
    EXPECT_EQ(counter.use_count(), 3);
  }
  EXPECT_EQ(counter.use_count(), 1);
}

// Against a model that is too simple to be wrong: a deque for each lane.
TEST(lanes, agree_with_a_deque_for_each_lane_whatever_is_pushed_and_popped) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  for (int round = 0; round < 200; ++round) {
    const auto capacity = 1 + below(20);
    const auto count = 1 + below(5);
    lanes<std::unique_ptr<int>> l(count, capacity);
    std::vector<std::deque<int>> model(count);
    std::size_t size = 0;
    for (int step = 0; step < 300; ++step) {
      const auto lane = below(count);
      const auto what = below(5);
      if (what < 3 && size < capacity) {
        if (what < 2) {
          l.push_back(lane, std::make_unique<int>(step));
          model[lane].push_back(step);
        } else {
          l.push_front(lane, std::make_unique<int>(step));
          model[lane].push_front(step);
        }
        ++size;
      } else if (!model[lane].empty()) {
        ASSERT_EQ(**popped(l, lane), model[lane].front());
        model[lane].pop_front();
        --size;
      }
      ASSERT_EQ(l.size(), size);
      ASSERT_EQ(l.size(lane), model[lane].size());
    }
  }
}

}  // namespace
}  // namespace penstock
