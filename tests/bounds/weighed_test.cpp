// Edges bounded by weight, under 200 schedules each: what lies on them is counted by the bodies at both ends, and by
// the report.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <ranges>
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

/// Move-only, so that each is in one place.
struct load {
  int number = 0;
  std::uint64_t weight = 0;
  std::unique_ptr<int> alone = nullptr;
};

constexpr auto weight_of = [](const load& l) noexcept { return l.weight; };
constexpr auto same = [](load l) { return l; };

/// Gives `count` loads that weigh up to 20, and now and then one that is heavier than any limit here.
auto loads(std::uint64_t seed, int count) {
  return [dice = std::mt19937_64(seed), n = 0, count]() mutable -> std::optional<load> {
    if (n == count) return std::nullopt;
    const auto weight = dice() % 10 == 0 ? 50 + dice() % 50 : dice() % 21;
    return load{n++, weight};
  };
}

/// The same with none beyond `heaviest`.
auto loads_up_to(std::uint64_t heaviest, std::uint64_t seed, int count) {
  return [made = loads(seed, count), heaviest]() mutable {
    auto l = made();
    if (l) l->weight %= heaviest + 1;
    return l;
  };
}

const edge_report& edge_to(const report& r, const std::string& stage) {
  return *std::ranges::find(r.edges, stage, &edge_report::to);
}

void expect_was_bounded(const report& r, const std::string& stage, std::uint64_t most, std::uint64_t heaviest) {
  const auto& e = edge_to(r, stage);
  EXPECT_EQ(e.most_weight, most);
  EXPECT_EQ(e.weight, 0U);
  EXPECT_LE(e.peak_weight, std::max(most, heaviest));
  EXPECT_LE(e.peak, e.capacity);
}

TEST(weighed, bounds_what_is_on_an_edge_in_every_kind_of_neighbourhood) {
  std::uint64_t alone = 0;
  std::uint64_t to_the_brim = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto most = dice() % 40 + 1;
    const auto capacity = [&] { return dice() % 9 + 1; };
    const auto kind = [&] { return dice() % 2 == 0 ? order::kept : order::any; };
    manual_runtime rt(seed);
    std::vector<int> seen;
    const auto w = [&](auto stage) { return weighed({.most = most}, weight_of, std::move(stage)); };
    const auto r = rt.run(
        {"all kinds", producer({.name = "make"}, loads_up_to(seed % 2 == 0 ? 100 : most / 2, seed, 60)),
         w(transform({.name = "serial", .capacity = capacity()}, same)),
         w(transform({.name = "parallel", .workers = 3, .capacity = capacity(), .order = kind()}, same)),
         w(transform({.name = "kept", .workers = 2, .capacity = capacity(), .order = order::kept}, same)),
         w(filter({.name = "some", .capacity = capacity()}, [](const load& l) { return l.number % 7 != 0; })),
         w(take({.name = "take", .count = 1000, .capacity = capacity()})),
         w(throttle({.name = "throttle", .rate = per_second(1000), .capacity = capacity()})),
         w(async_transform({.name = "async", .workers = 3, .capacity = capacity(), .order = kind()},
                           [](load l) -> asio::awaitable<load> {
                             const duration d = std::chrono::microseconds(l.number % 3);
                             co_await async_sleep(d);
                             co_return l;
                           })),
         w(flat_map({.name = "twice", .workers = dice() % 2 + 1, .capacity = capacity()},
                    [](load l) {
                      std::vector<load> both;
                      both.push_back(load{l.number, l.weight / 2});
                      both.push_back(load{l.number, l.weight - l.weight / 2});
                      return both;
                    })),
         w(batch({.name = "pairs", .count = 2, .capacity = capacity()})),
         weighed(
             {.most = most},
             [](const std::vector<load>& both) noexcept {
               std::uint64_t sum = 0;
               for (const auto& l : both) sum += l.weight;
               return sum;
             },
             consumer({.name = "sink", .workers = dice() % 2 + 1, .capacity = capacity()}, [&](std::vector<load> both) {
               for (const auto& l : both) seen.push_back(l.number);
             }))});
    EXPECT_TRUE(r.ok()) << r;
    expect_adds_up(r);
    EXPECT_EQ(seen.size(), 2U * (60 - 9));
    for (const auto& e : r.edges) {
      expect_was_bounded(r, e.to, most, 200);
      EXPECT_LE(e.peak_weight, seed % 2 == 0 ? 100 : most);
      if (e.peak_weight > most) ++alone;
      if (e.peak_weight == most) ++to_the_brim;
    }
  }
  EXPECT_GT(alone, seeds);
  EXPECT_GT(to_the_brim, seeds);
}

// The weights on the edge, as the source and the consumer know them: what was made and not begun. One load of it may be
// the one that waits before the edge.
TEST(weighed, holds_back_its_producer_at_its_limit_and_lets_one_that_is_too_heavy_pass_alone) {
  std::uint64_t oversized = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto most = dice() % 40 + 1;
    manual_runtime rt(seed);
    std::vector<std::uint64_t> out;  // made and not begun, in order
    const auto r =
        rt.run({"counted",
                producer({.name = "make"},
                         [&, made = loads(seed, 100)]() mutable {
                           auto l = made();
                           if (l) out.push_back(l->weight);
                           return l;
                         }),
                weighed({.most = most}, weight_of, consumer({.name = "sink", .capacity = dice() % 30 + 1}, [&](load l) {
                          std::uint64_t on_edge = 0;
                          for (std::size_t i = 0; i + 1 < out.size(); ++i) on_edge += out[i];
                          if (out.front() > most) {
                            // It is the one whose body starts now; until now it was alone.
                            EXPECT_LE(out.size(), 2U);
                            ++oversized;
                          } else {
                            EXPECT_LE(on_edge, most);
                          }
                          EXPECT_EQ(l.weight, out.front());
                          out.erase(out.begin());
                        }))});
    EXPECT_TRUE(r.ok()) << r;
    expect_adds_up(r);
    EXPECT_EQ(r.stage("sink").done, 100U);
  }
  EXPECT_GT(oversized, seeds);
}

TEST(weighed, fills_up_to_its_limit_and_no_further_while_its_consumer_is_busy) {
  manual_runtime rt;
  const auto run = rt.start({"full", producer({.name = "make"}, std::views::iota(0)),
                             weighed(
                                 {.most = 10}, [](int n) noexcept -> std::uint64_t { return n == 0 ? 100 : 3; },
                                 async_consumer({.name = "sink", .workers = 1, .capacity = 1000},
                                                [](int) -> asio::awaitable<void> { co_await async_sleep(1h); }))});
  rt.run_until_idle();
  auto r = run.report();
  EXPECT_EQ(r.edges[0].weight, 9U) << "three of weight 3";
  EXPECT_EQ(r.edges[0].size, 3U);
  EXPECT_EQ(r.edges[0].emitted, 4U);
  EXPECT_EQ(r.stage("make").emitted, 5U) << "one waits before the edge";
  EXPECT_EQ(r.edges[0].peak_weight, 100U) << "the first was alone";
  rt.advance(1h);
  r = run.report();
  EXPECT_EQ(r.edges[0].weight, 9U);
  EXPECT_EQ(r.edges[0].size, 3U);
  EXPECT_EQ(r.stage("make").emitted, 6U);
  run.cancel();
  r = run.wait();
  expect_adds_up(r);
  EXPECT_EQ(r.edges[0].dropped, 4U) << "the one that waited is among them";
}

TEST(weighed, delivers_what_was_accepted_after_a_stop_and_at_the_end_of_input_also_the_item_that_waits) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto most = dice() % 20 + 1;
    manual_runtime rt(seed);
    std::vector<int> seen;
    const auto run = rt.start(
        {"stopped", producer({.name = "make"}, loads(seed, 1'000'000)),
         weighed(
             {.most = most}, weight_of,
             transform({.name = "middle", .workers = dice() % 3 + 1, .capacity = dice() % 9 + 1, .order = order::kept},
                       same)),
         weighed({.most = most}, weight_of,
                 consumer({.name = "sink", .capacity = dice() % 9 + 1}, [&](load l) { seen.push_back(l.number); }))});
    for (auto steps = dice() % 200; steps > 0; --steps) rt.step();
    run.stop();
    const auto r = run.wait();
    EXPECT_EQ(r.state(), end_state::stopped);
    expect_adds_up(r);
    EXPECT_EQ(r.dropped(), 0U);
    EXPECT_TRUE(std::ranges::equal(seen, std::views::iota(0, static_cast<int>(r.stage("make").emitted))));
  }
}

TEST(weighed, counts_what_a_cancel_a_deadline_or_a_reader_that_has_enough_leaves_behind) {
  std::uint64_t dropped = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto most = dice() % 20 + 1;
    const auto how = dice() % 3;
    manual_runtime rt(seed);
    const auto run = rt.start(
        {"cut short", producer({.name = "make"}, loads(seed, 1'000'000)),
         weighed({.most = most}, weight_of,
                 transform({.name = "plain", .workers = dice() % 3 + 1, .capacity = dice() % 9 + 1}, same)),
         weighed({.most = most}, weight_of,
                 async_transform({.name = "async", .workers = dice() % 3 + 1, .capacity = dice() % 9 + 1},
                                 [](load l) -> asio::awaitable<load> {
                                   const duration d = 1ms;
                                   co_await async_sleep(d);
                                   co_return l;
                                 })),
         weighed({.most = most}, weight_of,
                 take({.name = "take", .count = how == 2 ? dice() % 20 + 1 : 1'000'000, .capacity = dice() % 9 + 1})),
         weighed({.most = most}, weight_of, consumer({.name = "sink", .capacity = dice() % 9 + 1}, [](load) {}))});
    for (auto steps = dice() % 200; steps > 0; --steps) rt.step();
    if (how == 0) run.cancel();
    if (how == 1) run.drain(1ms);
    const auto r = run.wait();
    expect_adds_up(r);
    if (how == 2) {
      EXPECT_EQ(r.state(), end_state::completed);
    }
    for (const auto& e : r.edges) expect_was_bounded(r, e.to, most, 100);
    dropped += r.dropped();
  }
  EXPECT_GT(dropped, seeds);
}

TEST(weighed, stands_before_and_behind_queues) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto most = dice() % 20 + 1;
    manual_runtime rt(seed);
    queue<load> input(200);
    queue<load> output(200);
    auto made = loads(seed, 60);
    while (auto l = made()) EXPECT_TRUE(input.try_put(*std::move(l)));
    input.close();
    const auto r = rt.run({"queues", producer({.name = "from"}, input),
                           weighed({.most = most}, weight_of, transform({.name = "middle"}, same)),
                           weighed({.most = most}, weight_of, consumer({.name = "to"}, into(output)))});
    EXPECT_TRUE(r.ok()) << r;
    expect_adds_up(r);
    for (const auto& e : r.edges) expect_was_bounded(r, e.to, most, 100);
    EXPECT_EQ(input.snapshot().unfinished, 0U);
    for (int n = 0; n < 60; ++n) EXPECT_EQ(output.try_get()->number, n);
  }
}

TEST(weighed, takes_an_async_source_and_failures_that_are_skipped) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto most = dice() % 20 + 1;
    manual_runtime rt(seed);
    std::size_t seen = 0;
    const auto r =
        rt.run({"skips",
                async_producer({.name = "make"},
                               [made = loads(seed, 60)]() mutable -> asio::awaitable<std::optional<load>> {
                                 auto l = made();
                                 co_return l;
                               }),
                weighed({.most = most}, weight_of,
                        transform({.name = "odd", .workers = dice() % 3 + 1, .on_error = skip},
                                  [](load l) {
                                    if (l.number % 2 == 0) throw std::runtime_error("even");
                                    return l;
                                  })),
                weighed({.most = most}, weight_of, consumer({.name = "sink"}, [&](const load&) { ++seen; }))});
    EXPECT_TRUE(r.ok()) << r;
    expect_adds_up(r);
    EXPECT_EQ(seen, 30U);
    EXPECT_EQ(r.stage("odd").failed, 30U);
  }
}

TEST(weighed, weighs_each_item_once_whatever_becomes_of_it) {
  manual_runtime rt;
  std::uint64_t asked = 0;
  // What weighs it forgets, so a second answer would be another.
  const auto r = rt.run({"once", producer({.name = "make"}, std::views::iota(0, 100)),
                         weighed(
                             {.most = 10}, [&asked](int) noexcept { return asked++ % 7; },
                             transform({.name = "middle", .workers = 2}, [](int n) { return n; })),
                         consumer({.name = "sink"}, [](int) {})});
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(asked, 100U);
  EXPECT_EQ(r.edges[0].weight, 0U);
  EXPECT_LE(r.edges[0].peak_weight, 10U);
}

TEST(weighed, is_seen_in_drawings_and_reports) {
  manual_runtime rt;
  const pipeline p{"drawn", producer({.name = "make"}, std::views::iota(0, 10)),
                   weighed(
                       {.most = 12}, [](int) noexcept { return std::uint64_t{4}; },
                       consumer({.name = "sink", .capacity = 5}, [](int) {}))};
  EXPECT_NE(p.mermaid().find("int, 5, weight 12"), std::string::npos) << p.mermaid();
  EXPECT_NE(p.dot().find("int, 5, weight 12"), std::string::npos) << p.dot();
  EXPECT_EQ(p.bound(), 7U) << "items are bounded as before: the one that waits has its place on the edge";
  const auto r = rt.run(p);
  std::ostringstream text;
  text << r;
  EXPECT_NE(text.str().find("edge 'make' to 'sink': weight 12 at its peak, of 12"), std::string::npos) << text.str();
  EXPECT_NE(r.json().find("\"peak_weight\": 12"), std::string::npos) << r.json();
}

TEST(weighed, is_refused_with_a_limit_of_nothing) {
  const pipeline p{
      "job", producer({.name = "make"}, std::views::iota(0, 10)),
      weighed({.most = 0}, [](int) noexcept { return std::uint64_t{4}; }, consumer({.name = "odd"}, [](int) {}))};
  try {
    p.check();
    ADD_FAILURE() << "not refused";
  } catch (const declaration_error& e) {
    EXPECT_STREQ(e.what(),
                 "pipeline 'job', stage 'odd': the edge before it may hold a weight of 0; it needs 1 at least");
  }
}

}  // namespace
