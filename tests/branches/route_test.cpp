// Each item goes one way: which, and what if it cannot.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <vector>

#include "penstock/penstock.hpp"
#include "penstock/testing/manual_runtime.hpp"

namespace {

using namespace penstock;
using namespace std::chrono_literals;

constexpr std::uint64_t seeds = 200;

auto numbers(int count) { return producer({.name = "numbers"}, std::views::iota(0, count)); }

auto into_vector(std::string name, std::vector<int>& items, std::size_t capacity = 4) {
  return consumer({.name = std::move(name), .capacity = capacity}, [&items](int n) { items.push_back(n); });
}

TEST(route, leads_by_index_by_enum_and_by_bool_whose_true_is_the_first_branch) {
  enum class size : std::uint8_t { small, large };
  const auto which = [](auto key) {
    std::vector<int> first, second;
    manual_runtime rt(1);
    const auto r = rt.run(
        {"which", numbers(10),
         route({.name = "route"}, key, branch(into_vector("first", first)), branch(into_vector("second", second)))});
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(first.size() + second.size(), 10U);
    return first;
  };
  EXPECT_EQ(which([](int n) { return n < 3 ? 0 : 1; }), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(which([](int n) { return n < 3 ? std::size_t{0} : 1; }), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(which([](int n) { return n < 3 ? size::small : size::large; }), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(which([](int n) { return n < 3; }), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(which([](const int& n, context& c) { return n < 3 && c.stage() == "route"; }), (std::vector<int>{0, 1, 2}));
}

TEST(route, moves_its_items_and_copies_none) {
  std::vector<int> small, large;
  const auto body = [](std::vector<int>& items) { return [&items](std::unique_ptr<int> n) { items.push_back(*n); }; };
  manual_runtime rt(1);
  const auto r =
      rt.run({"moved", numbers(20), transform({.name = "own"}, [](int n) { return std::make_unique<int>(n); }),
              route(
                  {.name = "route"}, [](const std::unique_ptr<int>& n) { return *n < 5; },
                  branch(consumer({.name = "small", .capacity = 1}, body(small))),
                  branch(consumer({.name = "large", .capacity = 1}, body(large))))});
  EXPECT_TRUE(r.ok());
  EXPECT_TRUE(std::ranges::equal(small, std::views::iota(0, 5)));
  EXPECT_TRUE(std::ranges::equal(large, std::views::iota(5, 20)));
}

TEST(route, to_a_branch_that_is_not_there_is_a_failure_of_the_item) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    for (const int nowhere : {2, 1'000'000, -1}) {
      const auto odd_one = [nowhere](int n) { return n == 7 ? nowhere : n % 2; };
      std::vector<int> even, odd;
      manual_runtime rt(seed);
      const auto skipped = rt.run({"nowhere", numbers(20),
                                   route({.name = "route", .on_error = skip}, odd_one,
                                         branch(into_vector("even", even)), branch(into_vector("odd", odd)))});
      EXPECT_TRUE(skipped.ok());
      EXPECT_TRUE(skipped.balanced()) << skipped;
      EXPECT_EQ(skipped.stage("route").failed, 1U);
      ASSERT_EQ(skipped.errors.size(), 1U);
      EXPECT_EQ(skipped.errors[0].item, 7U);
      EXPECT_EQ(skipped.errors[0].message, "there is no branch " + std::to_string(nowhere) + ", they are 0 to 1");
      EXPECT_EQ(even.size(), 10U);
      EXPECT_EQ(odd.size(), 9U);
      const auto failed = rt.run(
          {"nowhere", numbers(20),
           route({.name = "route"}, odd_one, branch(into_vector("even", even)), branch(into_vector("odd", odd)))});
      EXPECT_EQ(failed.state(), end_state::failed);
      EXPECT_TRUE(failed.balanced()) << failed;
      EXPECT_THROW(failed.rethrow(), std::out_of_range);
    }
  }
}

TEST(route, counts_what_is_meant_for_a_branch_that_has_left_as_dropped_there_and_goes_on) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<int> few, all;
    manual_runtime rt(seed);
    const auto r = rt.run(
        {"left", numbers(300),
         route(
             {.name = "route", .capacity = seed % 9 + 1}, [](int n) { return n % 3 == 0; },
             branch(transform({.name = "way", .capacity = seed % 4 + 1}, [](int n) { return n; }),
                    take({.name = "take", .count = seed % 20 + 1, .capacity = seed % 7 + 1}), into_vector("few", few)),
             branch(into_vector("all", all, seed % 3 + 1)))});
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(few.size(), seed % 20 + 1);
    EXPECT_EQ(all.size(), 200U);
    EXPECT_EQ(r.dropped(), 100 - few.size());
    EXPECT_EQ(r.stage("route").done, 300U);
  }
}

TEST(route, ends_what_comes_before_it_when_every_branch_has_left) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<int> few, more;
    manual_runtime rt(seed);
    const auto r =
        rt.run({"all left", producer({.name = "count"}, std::views::iota(0)),
                route(
                    {.name = "route", .capacity = seed % 9 + 1}, [](int n) { return n % 2; },
                    branch(take({.name = "take 3", .count = 3, .capacity = 2}), into_vector("few", few)),
                    branch(take({.name = "take 50", .count = 50, .capacity = 5}), into_vector("more", more)))});
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(few, (std::vector<int>{0, 2, 4}));
    EXPECT_EQ(more.size(), 50U);
  }
}

TEST(route, that_gives_all_to_one_branch_is_not_held_up_by_the_others) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<int> seen;
    manual_runtime rt(seed);
    const auto way = [](const char* name) {
      return transform({.name = name, .workers = 3, .capacity = 1, .order = order::kept, .window = 3},
                       [](int n) { return n; });
    };
    const pipeline p("skewed", numbers(200),
                     route(
                         {.name = "route", .capacity = 1}, [](int) { return 1; }, branch(way("0")), branch(way("1")),
                         branch(way("2"))),
                     into_vector("end", seen, 1));
    const auto run = rt.start(p);
    while (rt.step()) {
      std::uint64_t there = 0;
      const auto now = run.report();
      for (const auto& s : now.stages) there += s.in_flight();
      for (const auto& e : now.edges) there += e.size;
      ASSERT_LE(there, p.bound());
    }
    const auto r = run.wait();
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_TRUE(std::ranges::equal(seen, std::views::iota(0, 200))) << "by one way the order is kept";
  }
}

TEST(route, loses_nothing_where_a_full_branch_holds_up_what_is_behind) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<int> slow, fast;
    manual_runtime rt(seed);
    const auto began = rt.now();
    const auto r =
        rt.run({"slow", numbers(20),
                route(
                    {.name = "route", .capacity = seed % 5 + 1}, [](int n) { return n % 2 == 0; },
                    branch(throttle({.name = "pace", .rate = per_second(1), .capacity = 1}), into_vector("slow", slow)),
                    branch(into_vector("fast", fast)))});
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_EQ(r.dropped(), 0U);
    EXPECT_EQ(rt.now() - began, 9s);
    EXPECT_EQ(slow.size(), 10U);
    EXPECT_EQ(fast.size(), 10U);
  }
}

TEST(route, counts_what_it_held_for_a_full_branch_as_dropped_when_the_run_is_cancelled) {
  std::uint64_t held = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<int> slow, fast;
    manual_runtime rt(seed);
    const auto run = rt.start(
        {"held", numbers(100),
         route(
             {.name = "route"}, [](int n) { return n % 2 == 0; },
             branch(throttle({.name = "pace", .rate = per_second(1), .capacity = 1}), into_vector("slow", slow)),
             branch(into_vector("fast", fast)))});
    rt.run_until_idle();
    run.cancel();
    const auto r = run.wait();
    EXPECT_EQ(r.state(), end_state::cancelled);
    EXPECT_TRUE(r.balanced()) << r;
    held += r.stage("route").dropped;
  }
  EXPECT_EQ(held, seeds);
}

struct counting_body {
  int* finished;
  bool operator()(int n) { return n % 2 == 0; }
  void finish(context&) { ++*finished; }
};

TEST(route, finishes_the_body_that_was_made_for_it) {
  int finished = 0;
  std::vector<int> even, odd;
  manual_runtime rt(1);
  const auto r = rt.run({"finish", numbers(10),
                         route({.name = "route"}, per_worker([&] { return counting_body{&finished}; }),
                               branch(into_vector("even", even)), branch(into_vector("odd", odd)))});
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(finished, 1);
}

}  // namespace
