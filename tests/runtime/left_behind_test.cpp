// The handle of a run is destroyed where it cannot wait: the hook hears of it.
#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "penstock/penstock.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;

TEST(live_run, that_is_left_behind_is_reported_to_the_hook_and_one_that_was_waited_for_is_not) {
  for (const auto where : {place::cpu, place::blocking}) {
    std::vector<report> heard;
    event destroyed;
    {
      runtime rt({.cpu_workers = 1});
      const auto hook = [&](const report& r) { heard.push_back(r); };
      static_cast<void>(
          rt.start({"waited for", producer({.name = "count"}, endless()), consumer({.name = "sink"}, [](int) {})},
                   {.on_left_behind = hook}));
      EXPECT_TRUE(heard.empty()) << "here the handle could wait";
      run itself;
      event assigned;
      itself = rt.start({"left behind", producer({.name = "count"}, endless()),
                         consumer({.name = "sink", .on = where},
                                  [&](int n) {
                                    if (n != 0) return;
                                    assigned.wait();
                                    itself = run();
                                    destroyed.set();
                                  })},
                        {.on_left_behind = hook});
      assigned.set();
      destroyed.wait();
    }
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_EQ(heard.front().pipeline, "left behind");
    EXPECT_FALSE(heard.front().ended);
    EXPECT_TRUE(heard.front().stop_requested);
  }
}

TEST(live_run, may_be_left_behind_at_any_moment_of_its_end) {
  for (int i = 0; i < 300; ++i) {
    std::atomic<int> heard{0};
    {
      runtime rt({.cpu_workers = 2});
      auto short_run =
          rt.start({"short", producer({.name = "give"}, std::vector<int>(static_cast<std::size_t>(i % 50))),
                    consumer({.name = "sink"}, [](int) {})},
                   {.on_left_behind = [&](const report& r) {
                     ++heard;
                     EXPECT_FALSE(r.ended);
                   }});
      finish(rt, {"lets go", producer({.name = "once"}, std::vector<int>{1}),
                  consumer({.name = "drop"}, [&](int) { short_run = run(); })});
    }
    EXPECT_LE(heard, 1);
  }
}

}  // namespace
