// Several lines become one: who has its turn when, when it ends, and what becomes of a queue's items.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ranges>
#include <vector>

#include "branches/stage_in_hand.hpp"
#include "penstock/penstock.hpp"
#include "penstock/testing/manual_runtime.hpp"

namespace {

using namespace penstock;
using namespace std::chrono_literals;
using penstock_tests::branches::stage_in_hand;
using joining = flow::join_stage<int, flow::no_receipt>;

constexpr std::uint64_t seeds = 200;

TEST(merge, takes_in_turn_so_that_a_branch_waits_for_16_items_of_each_other_at_most) {
  stage_in_hand it({100, 100, 100}, {1000});
  it.make<joining>(std::vector<bool>(3));
  it.put(*it.ins[0], 0, 100);
  it.put(*it.ins[1], 100, 120);
  it.put(*it.ins[2], 200, 250);
  EXPECT_EQ(it.activate(), flow::step::idle);
  std::vector<int> expected;
  const auto add = [&](int from, int to) {
    for (int n = from; n < to; ++n) expected.push_back(n);
  };
  add(0, 16), add(100, 116), add(200, 216), add(16, 32), add(116, 120), add(216, 232), add(32, 48), add(232, 248);
  add(48, 64), add(248, 250), add(64, 100);
  EXPECT_EQ(it.take_all(*it.outs[0]), expected);
}

TEST(merge, goes_on_with_the_next_branch_also_where_there_is_room_for_one_item_only) {
  stage_in_hand it({100, 100}, {1});
  it.make<joining>(std::vector<bool>(2));
  it.put(*it.ins[0], 0, 5);
  it.put(*it.ins[1], 10, 15);
  std::vector<int> got;
  for (int i = 0; i < 10; ++i) {
    it.activate();
    for (const int n : it.take_all(*it.outs[0])) got.push_back(n);
  }
  EXPECT_EQ(got, (std::vector<int>{0, 10, 1, 11, 2, 12, 3, 13, 4, 14}));
}

TEST(merge, takes_a_branch_that_has_ended_out_of_the_round_and_ends_with_the_last) {
  stage_in_hand it({8, 8, 8}, {100});
  it.make<joining>(std::vector<bool>(3));
  it.put(*it.ins[2], 20, 22);
  it.ins[2]->close(nullptr);
  EXPECT_EQ(it.activate(), flow::step::idle);
  it.ins[0]->close(nullptr);
  it.put(*it.ins[1], 10, 12);
  EXPECT_EQ(it.activate(), flow::step::idle);
  EXPECT_FALSE(it.outs[0]->closed());
  it.put(*it.ins[1], 12, 13);
  it.ins[1]->close(nullptr);
  EXPECT_EQ(it.activate(), flow::step::finished);
  EXPECT_TRUE(it.outs[0]->closed());
  EXPECT_EQ(it.take_all(*it.outs[0]), (std::vector<int>{20, 21, 10, 11, 12}));
}

TEST(merge, is_not_held_up_by_a_branch_that_gives_nothing) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    queue<int> silent(1);
    std::vector<int> seen;
    const auto run = rt.start({"silent",
                               merge({.name = "all", .capacity = 1}, branch(producer({.name = "silent"}, silent)),
                                     branch(producer({.name = "range"}, std::views::iota(0, 50)))),
                               consumer({.name = "end", .capacity = 1}, [&](int n) { seen.push_back(n); })});
    rt.run_until_idle();
    EXPECT_TRUE(std::ranges::equal(seen, std::views::iota(0, 50)));
    EXPECT_FALSE(run.wait_for(0s)) << "one branch is open";
    silent.close();
    const auto r = run.wait();
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
  }
}

TEST(merge, pays_each_queue_for_its_own_items_once) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    queue<int> first(100), second(100);
    for (int n = 0; n < 20; ++n) {
      EXPECT_EQ(first.try_put(+n).state, state::ok);
      EXPECT_EQ(second.try_put(100 + n).state, state::ok);
    }
    std::size_t held = 0;
    std::vector<int> seen;
    const auto run =
        rt.start({"paid",
                  merge({.name = "all", .capacity = seed % 5 + 1}, branch(producer({.name = "first"}, first)),
                        branch(producer({.name = "range"}, std::views::iota(1000, 1020))),
                        branch(producer({.name = "second"}, second),
                               filter({.name = "even"}, [](int n) { return n % 2 == 0; }))),
                  async_consumer({.name = "end", .capacity = 1}, [&](int n) -> boost::asio::awaitable<void> {
                    ++held;
                    if (n < 100) co_await async_sleep(1h);
                    seen.push_back(n);
                  })});
    rt.advance(30min);
    EXPECT_EQ(second.snapshot().unfinished == 0, std::ranges::count_if(seen, [](int n) { return n < 1000; }) >= 10);
    EXPECT_EQ(first.snapshot().unfinished, 20U) << "their bodies wait";
    rt.advance(48h);
    EXPECT_EQ(first.snapshot().unfinished, 0U);
    EXPECT_EQ(second.snapshot().unfinished, 0U);
    EXPECT_EQ(seen.size(), 50U);
    first.close();
    second.close();
    EXPECT_TRUE(run.wait().ok());
  }
}

TEST(merge, whose_reader_has_enough_ends_every_branch) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    queue<int> silent(1);
    std::vector<int> seen;
    const auto r = rt.run(
        {"enough",
         merge({.name = "all", .capacity = seed % 9 + 1}, branch(producer({.name = "count"}, std::views::iota(0))),
               branch(producer({.name = "silent"}, silent)),
               branch(async_producer({.name = "sleep"},
                                     []() -> boost::asio::awaitable<std::optional<int>> {
                                       co_await async_sleep(24h);
                                       co_return 1;
                                     }))),
         take({.name = "take", .count = 7}), consumer({.name = "end"}, [&](int n) { seen.push_back(n); })});
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_TRUE(std::ranges::equal(seen, std::views::iota(0, 7)));
    EXPECT_EQ(silent.snapshot().waiting_getters, 0U);
  }
}

TEST(merge, of_one_branch_is_that_branch) {
  manual_runtime rt(1);
  std::vector<int> seen;
  const auto r = rt.run({"one", merge({.name = "all"}, branch(producer({.name = "count"}, std::views::iota(0, 100)))),
                         consumer({.name = "end"}, [&](int n) { seen.push_back(n); })});
  EXPECT_TRUE(r.ok());
  EXPECT_TRUE(r.balanced()) << r;
  EXPECT_EQ(r.stage("all").done, 100U);
  EXPECT_TRUE(std::ranges::equal(seen, std::views::iota(0, 100)));
}

}  // namespace
