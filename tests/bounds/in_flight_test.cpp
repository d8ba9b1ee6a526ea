// A bound on the items of a whole run, under 200 schedules each. The items count themselves.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "penstock/penstock.hpp"
#include "penstock/testing/manual_runtime.hpp"
#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr std::uint64_t seeds = 200;

struct census {
  std::size_t now = 0;
  std::size_t most = 0;
};

/// An item that is alive from when it is made until it is destroyed, wherever it is moved meanwhile.
class living {
 public:
  living(census& all, int number) : all_(&all), number_(number) { all.most = std::max(all.most, ++all.now); }
  living(living&& other) noexcept : all_(std::exchange(other.all_, nullptr)), number_(other.number_) {}
  living& operator=(living&& other) noexcept {
    std::swap(all_, other.all_);
    std::swap(number_, other.number_);
    return *this;
  }
  ~living() {
    if (all_ != nullptr) --all_->now;
  }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  census* all_;
  int number_;
};

auto numbered(census& all, int count) {
  return [&all, n = 0, count]() mutable -> std::optional<living> {
    if (n == count) return std::nullopt;
    return living(all, n++);
  };
}

constexpr auto same = [](living l) { return l; };
constexpr auto gone = [](const living&) {};

auto sleeps(duration d) {
  return [d](living l) -> asio::awaitable<living> {
    const duration some = d * (l.number() % 5);
    co_await async_sleep(some);
    co_return l;
  };
}

TEST(in_flight, is_never_exceeded_and_is_reached_in_every_kind_of_neighbourhood) {
  std::uint64_t reached = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto most = dice() % 12 + 1;
    const auto capacity = [&] { return dice() % 9 + 1; };
    const auto workers = [&] { return dice() % 3 + 1; };
    census all;
    std::vector<int> seen;
    manual_runtime rt(seed);
    const auto r =
        rt.run({"all kinds", producer({.name = "make"}, numbered(all, 100)),
                transform({.name = "any", .workers = workers(), .capacity = capacity()}, same),
                transform({.name = "kept", .workers = workers(), .capacity = capacity(), .order = order::kept}, same),
                filter({.name = "some", .workers = workers(), .capacity = capacity()},
                       [](const living& l) { return l.number() % 10 != 0; }),
                async_transform({.name = "async", .workers = workers(), .capacity = capacity(), .order = order::kept},
                                sleeps(1ms)),
                async_transform({.name = "async any", .workers = workers(), .capacity = capacity()}, sleeps(1ms)),
                transform({.name = "odd", .workers = workers(), .capacity = capacity(), .on_error = skip},
                          [](living l) {
                            if (l.number() % 10 == 1) throw std::runtime_error("one");
                            return l;
                          }),
                throttle({.name = "throttle", .rate = per_second(1000), .capacity = capacity()}),
                take({.name = "take", .count = 1000, .capacity = capacity()}),
                flat_map({.name = "flat", .workers = workers(), .capacity = capacity()},
                         [](living l) {
                           std::vector<living> one;
                           if (l.number() % 10 != 2) one.push_back(std::move(l));
                           return one;
                         }),
                flat_map({.name = "flat kept", .workers = workers(), .capacity = capacity(), .order = order::kept},
                         [](living l) {
                           std::vector<living> one;
                           if (l.number() % 10 != 3) one.push_back(std::move(l));
                           return one;
                         }),
                consumer({.name = "sink", .workers = 1, .capacity = capacity()},
                         [&](const living& l) { seen.push_back(l.number()); })},
               {.in_flight = most});
    EXPECT_TRUE(r.ok()) << r;
    expect_adds_up(r);
    EXPECT_EQ(seen.size(), 60U);
    EXPECT_LE(all.most, most);
    EXPECT_EQ(all.now, 0U);
    if (all.most == most) ++reached;
  }
  EXPECT_GT(reached, seeds * 9 / 10);
}

TEST(in_flight, is_kept_by_every_kind_of_source_and_every_item_comes_through) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto most = dice() % 5 + 1;
    census all;
    std::vector<int> seen;
    manual_runtime rt(seed);
    queue<int> input(100);
    const auto behind = [&](auto source) {
      return pipeline("source", std::move(source),
                      transform({.name = "wrap", .capacity = dice() % 9 + 1}, [&](int n) { return living(all, n); }),
                      async_transform({.name = "sleep", .order = order::kept}, sleeps(1ms)),
                      consumer({.name = "sink"}, [&](const living& l) { seen.push_back(l.number()); }));
    };
    const auto run = [&](const pipeline& p) {
      seen.clear();
      all.most = 0;
      const auto r = rt.run(p, {.in_flight = most});
      EXPECT_TRUE(r.ok()) << r;
      expect_adds_up(r);
      EXPECT_TRUE(std::ranges::equal(seen, std::views::iota(0, 50)));
      EXPECT_EQ(all.most, most);
    };
    run(behind(producer({.name = "range"}, std::views::iota(0, 50))));
    run(behind(producer({.name = "call"}, [n = 0]() mutable { return n < 50 ? std::optional(n++) : std::nullopt; })));
    run(behind(async_producer({.name = "async"}, [n = 0]() mutable -> asio::awaitable<std::optional<int>> {
      const auto next = n < 50 ? std::optional(n++) : std::nullopt;
      const duration d = n % 7 == 0 ? 1ms : 0ms;
      co_await async_sleep(d);
      co_return next;
    })));
    for (int n = 0; n < 50; ++n) EXPECT_TRUE(input.try_put(int{n}));
    input.close();
    run(behind(producer({.name = "queue"}, input)));
    EXPECT_EQ(input.snapshot().unfinished, 0U);
  }
}

TEST(in_flight, leaves_in_a_source_queue_what_may_not_be_taken_yet_also_while_the_source_waits_in_line) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    queue<int> input(100);
    const auto run = rt.start({"waits", producer({.name = "from"}, input),
                               async_consumer({.name = "sink", .workers = 100},
                                              [](int) -> asio::awaitable<void> { co_await async_sleep(1s); })},
                              {.in_flight = 3});
    rt.run_until_idle();
    for (int n = 0; n < 10; ++n) {
      EXPECT_TRUE(input.try_put(int{n}));
      if (n % 3 == 0) rt.run_until_idle();
    }
    rt.run_until_idle();
    EXPECT_EQ(input.snapshot().size, 7U);
    EXPECT_EQ(run.report().stages[1].in, 3U);
    rt.advance(1s);
    EXPECT_EQ(input.snapshot().size, 4U);
    input.close();
    const auto r = run.wait();
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r.stage("sink").done, 10U);
  }
}

TEST(in_flight, holds_sources_back_while_there_are_more_because_a_stage_multiplies_them) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto most = dice() % 9 + 1;
    const auto copies = dice() % 30 + 1;
    const auto workers = dice() % 3 + 1;
    census all;
    manual_runtime rt(seed);
    // Those that lie on the way to the multiplying stage have been taken when there were few.
    const auto r =
        rt.run({"many",
                producer({.name = "make"},
                         [&, n = 0]() mutable -> std::optional<int> {
                           EXPECT_LT(all.now, most);
                           return n < 30 ? std::optional(n++) : std::nullopt;
                         }),
                flat_map({.name = "many", .workers = workers, .order = dice() % 2 == 0 ? order::kept : order::any},
                         [&](int n) {
                           std::vector<living> many;
                           for (auto i = copies; i > 0; --i) many.emplace_back(all, n);
                           return many;
                         }),
                async_transform({.name = "sleep"}, sleeps(1ms)), consumer({.name = "sink"}, gone)},
               {.in_flight = most});
    EXPECT_TRUE(r.ok()) << r;
    expect_adds_up(r);
    EXPECT_EQ(r.stage("sink").done, 30 * copies);
  }
}

TEST(in_flight, ends_like_any_other_run_by_stop_cancel_drain_and_a_reader_that_has_enough) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto most = dice() % 5 + 1;
    const auto how = dice() % 4;
    census all;
    manual_runtime rt(seed);
    const auto run = rt.start(
        {"cut short", producer({.name = "make"}, numbered(all, 1'000'000)),
         transform({.name = "plain", .workers = dice() % 3 + 1}, same), async_transform({.name = "sleep"}, sleeps(1ms)),
         take({.name = "take", .count = how == 3 ? dice() % 50 + 1 : 1'000'000}), consumer({.name = "sink"}, gone)},
        {.in_flight = most});
    for (auto steps = dice() % 300; steps > 0; --steps) {
      if (!rt.step()) rt.advance(1ms);
    }
    if (how == 0) run.stop();
    if (how == 1) run.cancel();
    if (how == 2) run.drain(2ms);
    const auto r = run.wait();
    expect_adds_up(r);
    EXPECT_LE(all.most, most);
    EXPECT_EQ(all.now, 0U);
    if (how == 0) {
      EXPECT_EQ(r.dropped(), 0U);
    }
    if (how == 3) {
      EXPECT_EQ(r.state(), end_state::completed);
    }
  }
}

TEST(in_flight, lets_a_stopped_async_source_leave_that_waits_for_its_turn) {
  manual_runtime rt;
  const auto run = rt.start(
      {"parked", async_producer({.name = "make"}, []() -> asio::awaitable<std::optional<int>> { co_return 1; }),
       async_consumer({.name = "sink"}, [](int) -> asio::awaitable<void> { co_await async_sleep(1h); })},
      {.in_flight = 2});
  rt.run_until_idle();
  EXPECT_EQ(run.report().stages[0].emitted, 2U);
  run.stop();
  rt.run_until_idle();
  const auto began = rt.now();
  const auto r = run.wait();
  EXPECT_EQ(r.state(), end_state::stopped);
  EXPECT_EQ(r.stage("sink").done, 2U);
  EXPECT_EQ(rt.now() - began, 1h);
}

TEST(in_flight, lets_batches_fill_up_if_it_is_as_large_as_what_they_keep_and_one_more) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    const pipeline p{"batches", producer({.name = "make"}, std::views::iota(0, 120)),
                     batch({.name = "tens", .count = 10}), batch({.name = "fours", .count = 4}),
                     consumer({.name = "sink"}, [](const auto& fours) { EXPECT_EQ(fours.size(), 4U); })};
    const auto r = rt.run(p, {.in_flight = 9 + 3 + 1});
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_EQ(r.stage("sink").done, 3U);
  }
}

TEST(in_flight, lets_batches_leave_smaller_by_their_time) {
  manual_runtime rt;
  std::vector<std::size_t> sizes;
  const auto r = rt.run({"by time", producer({.name = "make"}, std::views::iota(0, 10)),
                         batch({.name = "hundreds", .count = 100, .within = 1s}),
                         consumer({.name = "sink"}, [&](const auto& some) { sizes.push_back(some.size()); })},
                        {.in_flight = 4});
  EXPECT_TRUE(r.ok()) << r;
  EXPECT_EQ(sizes, (std::vector<std::size_t>{4, 4, 2}));
}

std::string refusal(const pipeline& p, std::size_t in_flight) {
  manual_runtime rt;
  try {
    static_cast<void>(rt.run(p, {.in_flight = in_flight}));
  } catch (const declaration_error& e) {
    return e.what();
  }
  return "not refused";
}

TEST(in_flight, is_refused_where_nothing_could_move_with_the_name_of_the_stage) {
  const auto none = [](const auto&) {};
  const pipeline plain{"job", producer({.name = "make"}, std::views::iota(0, 10)), consumer({.name = "sink"}, none)};
  EXPECT_EQ(
      refusal(plain, 0),
      "pipeline 'job', stage 'make': a source needs an item to wait with; so far they need 1, and in_flight is 0");
  EXPECT_EQ(refusal(plain, 1), "not refused");
  const pipeline batches{"job", producer({.name = "make"}, std::views::iota(0, 10)),
                         batch({.name = "tens", .count = 10}), batch({.name = "fours", .count = 4}),
                         consumer({.name = "sink"}, none)};
  EXPECT_EQ(refusal(batches, 12),
            "pipeline 'job', stage 'fours': it waits for more items without a limit of time; so far stages keep up to "
            "12 like this, sources 1, and in_flight is 12, so nothing would move");
  EXPECT_EQ(refusal(batches, 13), "not refused");
  const auto source = [](const char* name) { return branch(producer({.name = name}, std::views::iota(0, 10))); };
  const pipeline two{"job", merge({.name = "both"}, source("busy"), source("quiet")),
                     batch({.name = "fives", .count = 5}), consumer({.name = "sink"}, none)};
  EXPECT_EQ(refusal(two, 5),
            "pipeline 'job', stage 'fives': it waits for more items without a limit of time; so far stages keep up to "
            "4 like this, sources 2, and in_flight is 5, so nothing would move")
      << "the quiet source holds one while it waits";
  EXPECT_EQ(refusal(two, 6), "not refused");
}

TEST(in_flight, counts_the_item_that_waits_before_a_weighed_edge) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto most = dice() % 5 + 1;
    census all;
    manual_runtime rt(seed);
    const auto weigh = [](const living& l) noexcept { return static_cast<std::uint64_t>(l.number() % 7); };
    const auto r = rt.run({"both", producer({.name = "make"}, numbered(all, 80)),
                           weighed({.most = 5}, weigh, transform({.name = "plain", .workers = dice() % 3 + 1}, same)),
                           weighed({.most = 3}, weigh, async_transform({.name = "sleep"}, sleeps(1ms))),
                           weighed({.most = 6}, weigh, consumer({.name = "sink"}, gone))},
                          {.in_flight = most});
    EXPECT_TRUE(r.ok()) << r;
    expect_adds_up(r);
    EXPECT_LE(all.most, most);
  }
}

}  // namespace
