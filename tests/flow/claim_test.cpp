// A worker's share of the input, and what becomes of it when its owner is stuck.
#include "penstock/flow/claim.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

#include "flow/stubs.hpp"
#include "penstock/flow/shared_sides.hpp"

namespace penstock::flow {
namespace {

using item = std::unique_ptr<int>;

std::vector<int> begin_all(claim<int>& c) {
  std::vector<int> seen;
  for (std::size_t i = 0; i != c.none; i = c.begin_next()) seen.push_back(c.cells[i]);
  return seen;
}

TEST(flow_claim, is_begun_item_by_item_by_its_owner) {
  claim<int> c;
  c.cells = {4, 5, 6};
  c.open();
  EXPECT_EQ(c.begun(), 1u);
  EXPECT_EQ(begin_all(c), (std::vector{4, 5, 6}));
  EXPECT_EQ(c.begun(), 3u);
  EXPECT_EQ(c.end(), 3u);
}

TEST(flow_claim, that_is_cut_ends_behind_the_item_under_way) {
  claim<int> c;
  c.cells = {0, 1, 2, 3};
  c.open();
  EXPECT_EQ(c.begin_next(), 1u);
  const auto rest = c.cut();
  EXPECT_EQ(rest.from, 2u);
  EXPECT_EQ(rest.to, 4u);
  EXPECT_EQ(c.begin_next(), c.none);
  EXPECT_EQ(c.begun(), 2u);
}

TEST(flow_claim, that_has_ended_has_nothing_to_cut) {
  claim<int> c;
  c.cells = {0, 1};
  c.open();
  begin_all(c);
  const auto rest = c.cut();
  EXPECT_EQ(rest.from, rest.to);
}

TEST(flow_claim, each_item_is_begun_or_cut_never_both) {
  for (int round = 0; round < 2'000; ++round) {
    claim<int> c;
    c.cells.resize(64);
    c.open();
    std::atomic<bool> go{false};
    claim<int>::range rest{};
    std::thread other([&] {
      while (!go.load()) std::this_thread::yield();
      rest = c.cut();
    });
    go.store(true);
    std::size_t begun = 0;
    for (std::size_t i = 0; i != c.none; i = c.begin_next()) ++begun;
    other.join();
    ASSERT_EQ(begun + (rest.to - rest.from), 64u);
    if (rest.to != rest.from) {
      ASSERT_EQ(begun, rest.from);
    }
  }
}

struct shared_input : ::testing::Test {
  shared_input() { e.connect({&list, 1}, {&list, 1}, false); }

  void put(int from, int to) {
    edge<item>::writer w(e);
    for (int n = from; n < to; ++n) {
      ::new (w.blank()) item(std::make_unique<int>(n));
      w.publish();
    }
  }

  static std::size_t all(std::size_t n) { return n; }

  static std::vector<int> numbers(const claim<item>& c) {
    std::vector<int> result;
    for (const auto& i : c.cells) result.push_back(i ? *i : -1);
    return result;
  }

  testing::stub_run run;
  testing::stub_executor home;
  testing::stub_actor actor{home, run};
  flow::actor* list = &actor;
  edge<item> e{64};
  shared_inlet<item> in{e, 2};
};

TEST_F(shared_input, gives_each_worker_a_fair_share) {
  put(0, 10);
  claim<item> a;
  in.take(a, 100, all);
  EXPECT_EQ(numbers(a), (std::vector{0, 1, 2, 3, 4}));
  EXPECT_TRUE(a.more);
}

TEST_F(shared_input, gives_what_came_back_to_the_next_that_asks_oldest_first_and_with_its_numbers) {
  put(0, 14);
  claim<item> a, b;
  in.take(a, 100, all);
  a.open();
  in.take(b, 100, all);
  b.open();
  ASSERT_EQ(numbers(b), (std::vector{7, 8, 9}));
  in.take_back(b);
  in.take_back(a);
  claim<item> c;
  in.take(c, 100, all);
  EXPECT_EQ(c.first, 1u);
  EXPECT_EQ(numbers(c), (std::vector{1, 2, 3}));
  claim<item> d;
  in.take(d, 100, all);
  EXPECT_EQ(d.first, 4u);
  EXPECT_EQ(numbers(d), (std::vector{4}));
  claim<item> f, g, h;
  in.take(f, 100, all);
  in.take(g, 100, all);
  EXPECT_EQ(numbers(f), (std::vector{5}));
  EXPECT_EQ(numbers(g), (std::vector{6}));
  in.take(h, 100, all);
  EXPECT_EQ(h.first, 8u);
  EXPECT_EQ(numbers(h), (std::vector{8}));
}

TEST_F(shared_input, is_not_at_its_end_while_part_of_a_claim_may_come_back) {
  put(0, 4);
  e.close(nullptr);
  claim<item> a, b, c;
  in.take(a, 100, all);
  ASSERT_EQ(a.cells.size(), 2u);
  a.open();
  in.take(b, 100, all);
  in.take(c, 100, all);
  claim<item> d;
  in.take(d, 100, all);
  EXPECT_TRUE(d.cells.empty());
  EXPECT_FALSE(d.closed);
  EXPECT_TRUE(in.end_claim()) << "who lingers must look again";
  in.take(d, 100, all);
  EXPECT_TRUE(d.closed);
}

TEST_F(shared_input, counts_what_came_back_and_nobody_took_as_dropped) {
  put(0, 8);
  claim<item> a;
  in.take(a, 100, all);
  a.open();
  in.take_back(a);
  std::uint64_t first = 0;
  std::size_t count = 0;
  in.drop_returned([&](std::uint64_t f, std::size_t n) {
    first = f;
    count = n;
  });
  EXPECT_EQ(first, 1u);
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(e.counts().dropped, 3u);
}

}  // namespace
}  // namespace penstock::flow
