// Each item goes every way: copies, slow branches, branches that leave, and what a queue is paid for.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <vector>

#include "branches/stage_in_hand.hpp"
#include "penstock/penstock.hpp"
#include "penstock/testing/manual_runtime.hpp"

namespace {

using namespace penstock;
using namespace std::chrono_literals;
using penstock_tests::branches::stage_in_hand;

constexpr std::uint64_t seeds = 200;

auto numbers(int count) { return producer({.name = "numbers"}, std::views::iota(0, count)); }

auto into_vector(std::string name, std::vector<int>& items, std::size_t capacity = 4) {
  return consumer({.name = std::move(name), .capacity = capacity}, [&items](int n) { items.push_back(n); });
}

const edge_report& edge_to(const report& r, const std::string& name) {
  return *std::ranges::find_if(r.edges, [&](const auto& e) { return e.to == name; });
}

struct copies_counted {
  explicit copies_counted(int number) : n(number) {}
  copies_counted(const copies_counted& other) : n(other.n) {
    ++copies;
    if (n == throw_at) throw std::runtime_error("no copy");
  }
  copies_counted(copies_counted&&) noexcept = default;
  ~copies_counted() = default;
  int n;
  static inline int copies = 0;
  static inline int throw_at = -1;
};

auto numbered(int count) {
  return producer({.name = "numbers"}, [n = 0, count]() mutable -> std::optional<copies_counted> {
    if (n == count) return std::nullopt;
    return copies_counted(n++);
  });
}

auto note(std::string name, std::vector<int>& items) {
  return consumer({.name = std::move(name), .capacity = 3}, [&items](copies_counted one) { items.push_back(one.n); });
}

TEST(tee, copies_an_item_once_less_than_it_has_branches) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    copies_counted::copies = 0;
    std::vector<int> a, b, c;
    manual_runtime rt(seed);
    const auto r = rt.run({"copies", numbered(50),
                           tee({.name = "tee", .capacity = seed % 9 + 1}, branch(note("a", a)), branch(note("b", b)),
                               branch(note("c", c)))});
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(copies_counted::copies, 100);
    for (const auto* items : {&a, &b, &c}) EXPECT_TRUE(std::ranges::equal(*items, std::views::iota(0, 50)));
  }
}

TEST(tee, gives_nobody_an_item_whose_copy_throws) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    copies_counted::throw_at = 7;
    std::vector<int> a, b, c;
    manual_runtime rt(seed);
    const auto r = rt.run({"no copy", numbered(50),
                           tee({.name = "tee", .capacity = seed % 9 + 1}, branch(note("a", a)), branch(note("b", b)),
                               branch(note("c", c)))});
    copies_counted::throw_at = -1;
    EXPECT_EQ(r.state(), end_state::failed);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_THROW(r.rethrow(), std::runtime_error);
    EXPECT_EQ(r.stage("tee").failed, 1U);
    for (const auto* items : {&a, &b, &c}) EXPECT_EQ(std::ranges::count(*items, 7), 0);
  }
}

TEST(tee, waits_for_its_slowest_branch_unless_told_otherwise) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    const auto capacity = seed % 5 + 1;
    std::vector<int> slow, fast;
    manual_runtime rt(seed);
    const auto run = rt.start(
        {"slow", numbers(30),
         tee({.name = "tee"},
             branch(throttle({.name = "pace", .rate = per_second(1), .capacity = capacity}), into_vector("slow", slow)),
             branch(into_vector("fast", fast)))});
    for (int second = 0; second < 29; ++second) {
      rt.run_until_idle();
      EXPECT_EQ(slow.size(), static_cast<std::size_t>(second + 1));
      EXPECT_LE(fast.size(), slow.size() + capacity);
      rt.advance(1s);
    }
    const auto r = run.wait();
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_EQ(r.dropped(), 0U);
    EXPECT_TRUE(std::ranges::equal(slow, std::views::iota(0, 30)));
    EXPECT_EQ(slow, fast);
  }
}

TEST(tee, drops_and_counts_on_a_branch_that_may_lose_items_and_the_others_go_on) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    const auto capacity = seed % 5 + 1;
    std::vector<int> slow, fast;
    manual_runtime rt(seed);
    const auto began = rt.now();
    const auto run = rt.start(
        {"lossy", numbers(200),
         tee({.name = "tee", .capacity = seed % 20 + 1},
             branch({.overflow = overflow::drop_newest},
                    throttle({.name = "pace", .rate = per_second(1), .capacity = capacity}), into_vector("slow", slow)),
             branch(into_vector("fast", fast, seed % 3 + 1)))});
    rt.run_until_idle();
    EXPECT_EQ(rt.now(), began);
    EXPECT_TRUE(std::ranges::equal(fast, std::views::iota(0, 200))) << "nobody waited for the slow one";
    const auto r = run.wait();
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_GE(slow.size(), capacity + 1) << "what was there first is kept";
    EXPECT_TRUE(std::ranges::is_sorted(slow));
    const auto& edge = edge_to(r, "pace");
    EXPECT_EQ(edge.emitted, 200U);
    EXPECT_EQ(edge.dropped, 200 - slow.size());
    EXPECT_EQ(edge.dropped, r.dropped());
    EXPECT_EQ(r.stage("tee").emitted, 400U);
    EXPECT_EQ(r.stage("tee").done, 200U);
  }
}

TEST(tee, lets_a_branch_that_may_lose_items_take_some_before_it_loses_one) {
  stage_in_hand it({2000}, {3, 2000});
  it.make<flow::tee_stage<int, flow::no_receipt>>(std::vector{overflow::drop_newest, overflow::block});
  it.put(*it.ins[0], 0, 1000);
  std::size_t got = 0;
  while (it.activate() == flow::step::again) got += it.take_all(*it.outs[0]).size();
  got += it.take_all(*it.outs[0]).size();
  EXPECT_EQ(got, 1000U);
  EXPECT_EQ(it.outs[0]->counts().dropped, 0U);
  it.put(*it.ins[0], 1000, 2000);
  while (it.activate() == flow::step::again) {  // now it does not take its chance
  }
  EXPECT_EQ(it.outs[0]->counts().dropped, 997U);
  EXPECT_EQ(it.take_all(*it.outs[1]).size(), 2000U);
}

TEST(tee, fails_the_run_where_a_branch_must_never_be_full) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<int> slow, fast;
    manual_runtime rt(seed);
    const auto r = rt.run(
        {"full", numbers(200),
         tee({.name = "tee", .capacity = seed % 20 + 1}, branch(into_vector("fast", fast)),
             branch({.overflow = overflow::fail}, throttle({.name = "pace", .rate = per_second(1), .capacity = 4}),
                    into_vector("slow", slow)))});
    EXPECT_EQ(r.state(), end_state::failed) << r;
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.stage("tee").failed, 1U);
    ASSERT_EQ(r.errors.size(), 1U);
    EXPECT_EQ(r.errors[0].message, "branch 1 of the tee has no room: the queue is full");
    try {
      r.rethrow();
      ADD_FAILURE() << "nothing was thrown";
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::full);
    }
  }
}

TEST(tee, that_may_fail_does_not_where_there_is_room) {
  std::vector<int> a, b;
  manual_runtime rt(1);
  const auto r = rt.run({"room", numbers(50),
                         tee({.name = "tee"}, branch({.overflow = overflow::fail}, into_vector("a", a, 50)),
                             branch({.overflow = overflow::drop_newest}, into_vector("b", b, 50)))});
  EXPECT_TRUE(r.ok()) << r;
  EXPECT_EQ(a.size() + b.size(), 100U);
}

TEST(tee, makes_no_copies_for_a_branch_that_has_left_and_goes_on_with_the_others) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    const auto count = seed % 20 + 1;
    std::vector<int> few, all;
    manual_runtime rt(seed);
    const auto r =
        rt.run({"left", numbers(300),
                tee({.name = "tee", .capacity = seed % 9 + 1},
                    branch(transform({.name = "way", .capacity = seed % 4 + 1}, [](int n) { return n; }),
                           take({.name = "take", .count = count, .capacity = seed % 7 + 1}), into_vector("few", few)),
                    branch(into_vector("all", all, seed % 3 + 1)))});
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_TRUE(std::ranges::equal(few, std::views::iota(0, static_cast<int>(count))));
    EXPECT_TRUE(std::ranges::equal(all, std::views::iota(0, 300)));
    EXPECT_LT(edge_to(r, "way").emitted, 100U) << "no copies any more";
  }
}

TEST(tee, ends_what_comes_before_it_when_every_branch_has_left) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    queue<int> target(5);
    std::vector<int> few;
    manual_runtime rt(seed);
    const auto run =
        rt.start({"all left", producer({.name = "count"}, std::views::iota(0)),
                  tee({.name = "tee", .capacity = seed % 9 + 1},
                      branch({.overflow = overflow::drop_newest}, consumer({.name = "target"}, into(target))),
                      branch(tee({.name = "nested", .capacity = 2}, branch(take({.name = "take", .count = 3})),
                                 branch(take({.name = "more", .count = 5}))),
                             take({.name = "few", .count = 6}), into_vector("sink", few)))});
    for (std::uint64_t steps = 0; steps < 10 * seed && rt.step(); ++steps) {
    }
    target.close();
    const auto r = run.wait();
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(few.size(), 6U);
  }
}

TEST(tee, pays_for_an_item_of_a_queue_when_its_last_copy_is_gone) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    queue<int> input(100);
    for (int n = 0; n < 10; ++n) EXPECT_EQ(input.try_put(+n).state, state::ok);
    std::vector<int> slow, fast, few;
    manual_runtime rt(seed);
    const auto run = rt.start(
        {"paid", producer({.name = "input"}, input),
         tee({.name = "tee", .capacity = seed % 9 + 1}, branch(into_vector("fast", fast)),
             branch(throttle({.name = "pace", .rate = per_second(1), .capacity = 20}), into_vector("slow", slow)),
             branch({.overflow = overflow::drop_newest}, take({.name = "take", .count = 3, .capacity = 2}),
                    into_vector("few", few)))});
    for (std::size_t second = 0; second < 9; ++second) {
      rt.run_until_idle();
      EXPECT_EQ(input.snapshot().unfinished, 9 - second);
      rt.advance(1s);
    }
    EXPECT_EQ(input.snapshot().unfinished, 0U);
    EXPECT_EQ(fast.size(), 10U);
    EXPECT_FALSE(run.wait_for(0s));
    input.close();
    const auto r = run.wait();
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(input.snapshot().unfinished, 0U);
  }
}

TEST(tee, leaves_no_unpaid_item_with_a_branch_that_has_left_while_the_run_goes_on) {
  for (std::uint64_t seed = 1; seed <= 5 * seeds; ++seed) {
    SCOPED_TRACE(seed);
    queue<int> input(100);
    for (int n = 0; n < 20; ++n) EXPECT_EQ(input.try_put(+n).state, state::ok);
    std::vector<int> few, all;
    manual_runtime rt(seed);
    const auto run = rt.start({"left", producer({.name = "input"}, input),
                               tee({.name = "tee", .capacity = seed % 9 + 1}, branch(into_vector("all", all)),
                                   branch(transform({.name = "way", .workers = seed % 3 + 1}, [](int n) { return n; }),
                                          take({.name = "take", .count = seed % 5 + 1}), into_vector("few", few)))});
    rt.run_until_idle();
    EXPECT_EQ(all.size(), 20U);
    EXPECT_EQ(few.size(), seed % 5 + 1);
    EXPECT_EQ(input.snapshot().unfinished, 0U) << "so a join returns while the run goes on";
    EXPECT_FALSE(run.wait_for(0s));
    input.close();
    EXPECT_TRUE(run.wait().balanced());
  }
}

}  // namespace
