// Pipelines with branches drawn by lot, under a seeded schedule: what comes to each end is what was foretold, in the
// order that is promised by each way, everything is counted, and nothing is left.
#include <gtest/gtest.h>

#include <algorithm>

#include "branches/shapes.hpp"
#include "penstock/testing/manual_runtime.hpp"

namespace {

using namespace penstock_tests::branches;

constexpr std::uint64_t seeds = 1500;

/// What holds however the run ended.
void expect_adds_up(drawn& it, const report& r) {
  EXPECT_TRUE(r.ended);
  EXPECT_TRUE(r.balanced()) << r;
  EXPECT_TRUE(it.got.in_order() || !it.kept) << r;
  for (const auto& e : r.edges) EXPECT_LE(e.peak, e.capacity) << e.from << " to " << e.to;
  const auto foretold = it.foretold();
  for (const auto& [what, times] : it.got.count()) {
    const auto found = foretold.find(what);
    ASSERT_NE(found, foretold.end()) << std::get<0>(what) << " got what was not foretold, by " << std::get<1>(what);
    EXPECT_LE(times, found->second) << std::get<0>(what) << " got an item twice, by " << std::get<1>(what);
  }
  const auto left = it.input.snapshot();
  EXPECT_EQ(left.unfinished, left.size) << "what was taken from the queue is paid for, the rest is there";
}

void expect_nothing_is_alive() { EXPECT_EQ(thing::alive, 0); }

TEST(random_branches, bring_every_item_to_where_it_was_foretold) {
  std::map<std::string, int> shapes;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    {
      manual_runtime rt(seed);
      drawn it(seed, 30);
      ++shapes[it.line->name()];
      const auto r = rt.run(*it.line);
      EXPECT_TRUE(r.ok()) << r;
      EXPECT_EQ(r.dropped(), 0U) << r;
      expect_adds_up(it, r);
      EXPECT_EQ(it.got.count(), it.foretold()) << r;
    }
    expect_nothing_is_alive();
  }
  EXPECT_EQ(shapes.size(), 8U);
}

TEST(random_branches, that_are_stopped_finish_what_was_accepted) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    {
      manual_runtime rt(seed);
      drawn it(seed, 40);
      const auto run = rt.start(*it.line);
      for (auto steps = it.throw_dice(200); steps > 0 && rt.step(); --steps) {
      }
      run.stop();
      const auto r = run.wait();
      EXPECT_TRUE(r.state() == end_state::stopped || r.state() == end_state::completed) << r;
      EXPECT_EQ(r.dropped(), 0U) << r;
      expect_adds_up(it, r);
    }
    expect_nothing_is_alive();
  }
}

TEST(random_branches, that_are_cancelled_drop_and_count_the_rest) {
  std::uint64_t dropped = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    {
      manual_runtime rt(seed);
      drawn it(seed, 40);
      const auto run = rt.start(*it.line);
      for (auto steps = it.throw_dice(200); steps > 0 && rt.step(); --steps) {
      }
      run.cancel();
      const auto r = run.wait();
      EXPECT_TRUE(r.state() == end_state::cancelled || it.got.count() == it.foretold()) << r;
      expect_adds_up(it, r);
      dropped += r.dropped();
    }
    expect_nothing_is_alive();
  }
  EXPECT_GT(dropped, seeds) << "nothing was under way, so nothing was shown";
}

TEST(random_branches, hold_no_more_than_their_bound) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    drawn it(seed, 30);
    const auto run = rt.start(*it.line);
    while (rt.step()) {
      std::uint64_t there = 0;
      const auto r = run.report();
      for (const auto& s : r.stages) there += s.in_flight();
      for (const auto& e : r.edges) there += e.size;
      ASSERT_LE(there, it.line->bound()) << r;
    }
    static_cast<void>(run.wait());
  }
}

}  // namespace
