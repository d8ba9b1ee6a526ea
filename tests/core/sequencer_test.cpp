#include "penstock/core/sequencer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <vector>

namespace penstock {
namespace {

using numbers = std::vector<std::uint64_t>;

template <class T>
T popped(sequencer<T>& s) {
  std::optional<T> item;
  s.pop([&](T&& i) { item.emplace(std::move(i)); });
  return *std::move(item);
}

TEST(sequencer, lets_pass_whose_turn_it_is_and_keeps_who_is_early) {
  sequencer<int> s(2, 5);
  EXPECT_EQ(s.look(6), arrival::early);
  s.hold(6, 60);
  EXPECT_FALSE(s.front_is_next());
  EXPECT_EQ(s.look(5), arrival::next);
  s.passed();
  EXPECT_TRUE(s.front_is_next());
  EXPECT_EQ(popped(s), 60);
  EXPECT_EQ(s.next(), 7U);
  EXPECT_EQ(s.held(), 0U);
}

TEST(sequencer, knows_who_is_late_and_who_is_there_twice) {
  sequencer<int> s(3, 5);
  EXPECT_EQ(s.look(4), arrival::late);
  s.hold(7, 70);
  EXPECT_EQ(s.look(7), arrival::twice);
  s.passed();
  EXPECT_EQ(s.look(5), arrival::late);
  s.passed();
  EXPECT_EQ(s.look(7), arrival::twice) << "also when its turn has come";
}

TEST(sequencer, goes_on_after_a_gap_with_the_smallest_number_there_is) {
  sequencer<int> s(2, 0);
  s.hold(7, 70);
  s.hold(9, 90);
  EXPECT_TRUE(s.full());
  s.skip_gap(5);
  EXPECT_EQ(s.look(5), arrival::next);
  s.passed();
  EXPECT_FALSE(s.front_is_next());
  s.skip_gap(8);
  EXPECT_EQ(popped(s), 70);
  EXPECT_EQ(s.look(8), arrival::next);
  EXPECT_EQ(s.look(6), arrival::late);
}

TEST(sequencer, has_nothing_after_the_largest_of_all_numbers) {
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  sequencer<int> s(2, largest - 1);
  s.hold(largest, 1);
  s.passed();
  EXPECT_EQ(popped(s), 1);
  for (const auto number : {std::uint64_t{0}, std::uint64_t{1}, largest}) EXPECT_EQ(s.look(number), arrival::late);
}

TEST(sequencer, counts_its_window_in_items_however_far_apart_their_numbers_are) {
  sequencer<int> s(2, 0);
  s.hold(1'000'000'000'000U, 1);
  EXPECT_FALSE(s.full());
  s.hold(3, 1);
  EXPECT_TRUE(s.full());
}

TEST(sequencer, destroys_what_it_holds_and_takes_what_can_only_be_moved) {
  const auto counted = std::make_shared<int>();
  sequencer<std::shared_ptr<int>> s(3, 0);
  for (int round = 0; round < 3; ++round) {
    s.hold(s.next() + 2, std::shared_ptr<int>(counted));
    s.hold(s.next() + 1, std::shared_ptr<int>(counted));
    EXPECT_EQ(counted.use_count(), 3);
    s.passed();
    while (s.front_is_next()) EXPECT_EQ(popped(s), counted);
    EXPECT_EQ(counted.use_count(), 1);
  }
  s.hold(s.next() + 1, std::shared_ptr<int>(counted));
  s.clear();
  EXPECT_EQ(counted.use_count(), 1);
}

/// What becomes of numbers that come one after the other.
struct outcome {
  numbers left;    ///< in this order
  numbers failed;  ///< late, or there twice
  bool gap = false;
  std::size_t most_held = 0;

  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome by_the_sequencer(const numbers& came, std::size_t window, std::uint64_t first, gap on_gap) {
  outcome o;
  sequencer<std::unique_ptr<std::uint64_t>> s(window, first);
  const auto let_go = [&] {
    while (s.front_is_next()) o.left.push_back(*popped(s));
  };
  for (const auto number : came) {
    if (s.look(number) == arrival::early && s.full()) {
      if (on_gap == gap::fail) {
        o.gap = true;
        return o;
      }
      s.skip_gap(number);
      let_go();
    }
    switch (s.look(number)) {
      case arrival::next:
        o.left.push_back(number);
        s.passed();
        break;
      case arrival::early: s.hold(number, std::make_unique<std::uint64_t>(number)); break;
      case arrival::late:
      case arrival::twice: o.failed.push_back(number);
    }
    let_go();
    o.most_held = std::max(o.most_held, s.held());
  }
  while (s.held() > 0) {
    if (on_gap == gap::fail) {
      o.gap = true;
      return o;
    }
    s.skip_gap();
    let_go();
  }
  return o;
}

/// The same, too simple to be wrong: all that waits in a list, which is looked through every time.
outcome by_a_list(const numbers& came, std::size_t window, std::uint64_t first, gap on_gap) {
  outcome o;
  numbers waiting;
  auto next = first;
  const auto let_go = [&] {
    for (auto at = std::ranges::find(waiting, next); at != waiting.end(); at = std::ranges::find(waiting, next)) {
      waiting.erase(at);
      o.left.push_back(next++);
    }
  };
  for (const auto number : came) {
    if (number < next || std::ranges::count(waiting, number) > 0) {
      o.failed.push_back(number);
      continue;
    }
    waiting.push_back(number);
    let_go();
    if (waiting.size() > window) {
      if (on_gap == gap::fail) {
        o.gap = true;
        return o;
      }
      next = std::ranges::min(waiting);
      let_go();
    }
    o.most_held = std::max(o.most_held, waiting.size());
  }
  while (!waiting.empty()) {
    if (on_gap == gap::fail) {
      o.gap = true;
      return o;
    }
    next = std::ranges::min(waiting);
    let_go();
  }
  return o;
}

TEST(sequencer, agrees_with_a_list_whatever_comes_in_whatever_order) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  int gaps = 0, whole = 0;
  for (int round = 0; round < 5000; ++round) {
    const auto window = 1 + below(8);
    const auto first = below(3);
    numbers came;
    for (std::uint64_t n = 0; n < 40; ++n) {
      if (below(30) > 0) came.push_back(first + n);
      if (below(40) == 0) came.push_back(below(40));
    }
    // Each is late by some places at most.
    const auto reach = 1 + below(2 * window);
    for (std::size_t i = 0; i < came.size(); ++i) {
      std::swap(came[i], came[std::min(came.size() - 1, i + below(reach))]);
    }
    for (const auto on_gap : {gap::fail, gap::skip_over}) {
      const auto o = by_the_sequencer(came, window, first, on_gap);
      ASSERT_EQ(o, by_a_list(came, window, first, on_gap));
      ASSERT_TRUE(std::ranges::is_sorted(o.left));
      ASSERT_LE(o.most_held, window);
      gaps += o.gap ? 1 : 0;
      whole += o.left.size() == came.size() ? 1 : 0;
    }
  }
  EXPECT_GT(gaps, 100);
  EXPECT_GT(whole, 100);
}

}  // namespace
}  // namespace penstock
