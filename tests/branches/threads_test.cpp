// Pipelines with branches on real runtimes, with one worker and with two: what is foretold comes, and every ending adds
// up.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <ranges>
#include <vector>

#include "branches/shapes.hpp"
#include "support/runs.hpp"

namespace {

using namespace penstock_tests;
using namespace penstock_tests::branches;

TEST(branches_on_threads, bring_every_item_to_where_it_was_foretold) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    drawn it(seed, 500);
    runtime rt({.cpu_workers = seed % 2 + 1});
    const auto r = finish(rt, *it.line);
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_EQ(it.got.count(), it.foretold()) << r;
    EXPECT_TRUE(it.got.in_order() || !it.kept) << r;
    EXPECT_EQ(it.input.snapshot().unfinished, it.input.snapshot().size);
  }
  EXPECT_EQ(thing::alive, 0);
}

TEST(branches_on_threads, may_be_stopped_and_cancelled_at_any_moment) {
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(seed);
    drawn it(seed, 2000);
    runtime rt({.cpu_workers = seed % 2 + 1});
    const auto run = rt.start(*it.line);
    for (auto n = it.throw_dice(30'000); n > 0; --n) std::atomic_signal_fence(std::memory_order_seq_cst);
    seed % 3 == 0 ? run.stop() : run.cancel();
    const auto r = finish(run);
    if (seed % 3 == 0) {
      EXPECT_EQ(r.dropped(), 0U) << r;
    }
    EXPECT_TRUE(it.got.in_order() || !it.kept) << r;
    EXPECT_EQ(it.input.snapshot().unfinished, it.input.snapshot().size);
  }
  EXPECT_EQ(thing::alive, 0);
}

TEST(branches_on_threads, lose_nothing_between_blocking_bodies_and_a_branch_that_leaves) {
  for (std::uint64_t round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    std::atomic<int> archived = 0;
    std::vector<int> few, rest;
    const pipeline p(
        "blocking", producer({.name = "numbers", .on = place::blocking}, std::views::iota(0, 2000)),
        tee({.name = "copy", .capacity = round % 7 + 1},
            branch(consumer({.name = "archive", .workers = 2, .capacity = 4, .on = place::blocking},
                            [&](int) { archived.fetch_add(1); })),
            branch(
                route(
                    {.name = "even", .capacity = round % 3 + 1}, [](int n) { return n % 2 == 0; },
                    branch(take({.name = "take", .count = round + 1, .capacity = 3}),
                           consumer({.name = "few"}, [&](int n) { few.push_back(n); })),
                    branch(transform({.name = "slow", .capacity = 2, .on = place::blocking}, [](int n) { return n; }))),
                consumer({.name = "rest"}, [&](int n) { rest.push_back(n); }))));
    runtime rt({.cpu_workers = round % 2 + 1});
    const auto r = finish(rt, p);
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_EQ(archived, 2000);
    EXPECT_EQ(few.size(), round + 1);
    EXPECT_EQ(rest.size(), 1000U);
    EXPECT_EQ(r.dropped(), 1000 - few.size()) << r;
  }
}

TEST(branches_on_threads, one_branch_may_wait_for_what_another_gets) {
  std::mutex lock;
  std::condition_variable changed;
  int seen = 0;
  int waited = 0;
  const pipeline p("wait", producer({.name = "numbers"}, std::views::iota(0, 50)),
                   tee({.name = "copy"},
                       branch(consumer({.name = "see"},
                                       [&](int n) {
                                         const std::lock_guard hold(lock);
                                         seen = n + 1;
                                         changed.notify_all();
                                       })),
                       branch(consumer({.name = "wait"}, [&](int n) {
                         std::unique_lock hold(lock);
                         if (changed.wait_for(hold, patience, [&] { return seen > n; })) ++waited;
                       }))));
  runtime rt({.cpu_workers = 2});
  const auto r = finish(rt, p);
  EXPECT_TRUE(r.ok()) << r;
  EXPECT_EQ(waited, 50);
}

TEST(branches_on_threads, a_failure_in_one_ends_all) {
  for (std::uint64_t round = 0; round < 100; ++round) {
    SCOPED_TRACE(round);
    runtime rt({.cpu_workers = round % 2 + 1});
    const auto fails_at = static_cast<int>(round * 20);
    const auto r = finish(rt, {"fails", producer({.name = "count"}, endless()),
                               tee({.name = "copy", .capacity = 4},
                                   branch(transform({.name = "fine", .capacity = 2}, [](int n) { return n; })),
                                   branch(transform({.name = "odd", .workers = 2, .capacity = 1},
                                                    [&](int n) {
                                                      if (n == fails_at) throw std::domain_error("mine");
                                                      return n;
                                                    }))),
                               consumer({.name = "end", .capacity = 1}, [](int) {})});
    EXPECT_EQ(r.state(), end_state::failed);
    EXPECT_THROW(r.rethrow(), std::domain_error);
  }
}

}  // namespace
