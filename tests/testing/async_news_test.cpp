// An async stage tells its neighbours once for all that happens together. Nobody waits for that longer than it takes.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <ranges>
#include <utility>
#include <vector>

#include "penstock/penstock.hpp"
#include "penstock/testing/manual_runtime.hpp"

namespace {

using namespace penstock;
using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr std::uint64_t seeds = 200;

TEST(async_news, of_a_result_comes_at_its_very_instant_though_nothing_follows) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto kept = dice() % 2 == 0 ? order::kept : order::any;
    manual_runtime rt(seed);
    queue<int> input(10);
    std::vector<int> got;
    const auto run = rt.start({"news", producer({.name = "read"}, input),
                               async_transform({.name = "wait", .workers = 5, .order = kept},
                                               [](int n) -> asio::awaitable<int> {
                                                 const duration d = std::chrono::seconds(n);
                                                 co_await async_sleep(d);
                                                 co_return n;
                                               }),
                               consumer({.name = "sink"}, [&](int n) { got.push_back(n); })});
    for (int n = 1; n <= 5; ++n) EXPECT_EQ(input.try_put(std::move(n)).state, state::ok);
    rt.run_until_idle();
    for (std::size_t n = 1; n <= 5; ++n) {
      EXPECT_EQ(got.size(), n - 1);
      rt.advance(1s);
      ASSERT_EQ(got.size(), n);
      EXPECT_EQ(input.snapshot().unfinished, 5 - n);
    }
    input.close();
    EXPECT_TRUE(run.wait().balanced());
  }
}

TEST(async_news, of_a_free_place_comes_though_every_body_goes_on_waiting) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto capacity = dice() % 5 + 1;
    const auto workers = dice() % 5 + 1;
    manual_runtime rt(seed);
    const auto run = rt.start(
        {"places", producer({.name = "count"}, std::views::iota(0)),
         async_consumer({.name = "wait", .workers = workers, .capacity = capacity}, [](int n) -> asio::awaitable<void> {
           const duration d = std::chrono::hours(n + 1);
           co_await async_sleep(d);
         })});
    rt.run_until_idle();
    const auto r = run.report();
    EXPECT_EQ(r.stage("wait").under_way, workers);
    EXPECT_EQ(r.edges[0].size, capacity);
    run.cancel();
    EXPECT_TRUE(run.wait().balanced());
  }
}

}  // namespace
