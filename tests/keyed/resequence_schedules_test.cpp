// Resequencing under 200 schedules each: the order, the gaps, and what becomes of every item.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>
#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "penstock/penstock.hpp"
#include "penstock/testing/manual_runtime.hpp"

namespace {

using namespace penstock;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::uint64_t seeds = 200;
constexpr auto itself = [](int n) { return n; };

/// 0 to count - 1, each at most `late` places late.
std::vector<int> shuffled(std::mt19937_64& dice, int count, std::size_t late) {
  std::vector<std::pair<std::uint64_t, int>> by_time;
  for (int n = 0; n < count; ++n) by_time.emplace_back(static_cast<std::uint64_t>(n) + dice() % (late + 1), n);
  std::ranges::sort(by_time);
  std::vector<int> all;
  for (const auto& [time, n] : by_time) all.push_back(n);
  return all;
}

std::vector<int> first_numbers(std::uint64_t count) {
  std::vector<int> all(count);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

auto into_vector(std::vector<int>& items) {
  return [&items](int n) { items.push_back(n); };
}

TEST(resequence, lets_items_out_in_the_order_of_their_numbers) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    const auto window = dice() % 30 + 1;
    std::vector<int> seen;
    const auto r = rt.run({"order", producer({.name = "read"}, shuffled(dice, 300, window)),
                           resequence({.name = "in order", .window = window, .capacity = dice() % 20 + 1}, itself),
                           consumer({.name = "sink", .capacity = dice() % 9 + 1}, into_vector(seen))});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(seen, first_numbers(300));
    EXPECT_EQ(r.stage("in order").done, 300U);
  }
}

TEST(resequence, puts_in_order_what_the_workers_before_it_did_not) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    const auto capacity = dice() % 20 + 1;
    std::vector<int> seen;
    // The window is as large as the input: on some schedules almost all items overtake one.
    const auto r = rt.run(
        {"order", producer({.name = "count"}, std::views::iota(0, 300)),
         transform({.name = "any", .workers = dice() % 5 + 1, .capacity = capacity}, itself),
         keyed_transform(
             {.name = "by key", .workers = dice() % 5 + 1, .capacity = capacity}, [](int n) { return n % 7; }, itself),
         resequence({.name = "in order", .window = 300, .capacity = capacity}, itself),
         consumer({.name = "sink"}, into_vector(seen))});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(seen, first_numbers(300));
  }
}

TEST(resequence, fails_the_run_when_its_window_is_full_and_says_which_number_is_missing) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    std::vector<int> seen;
    const auto r = rt.run({"gap", producer({.name = "count"}, std::views::iota(0)),
                           filter({.name = "lose"}, [](int n) { return n != 42; }),
                           resequence({.name = "in order", .window = seed % 20 + 1}, itself),
                           consumer({.name = "sink"}, into_vector(seen))});
    EXPECT_EQ(r.state(), end_state::failed);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(seen, first_numbers(seen.size()));
    EXPECT_LE(seen.size(), 42U);
    ASSERT_EQ(r.errors.size(), 1U);
    EXPECT_FALSE(r.errors[0].of_item);
    EXPECT_EQ(r.errors[0].message, "stage 'in order': number 42 is missing, and the window of " +
                                       std::to_string(seed % 20 + 1) + " items is full");
  }
}

TEST(resequence, fails_the_run_when_a_number_is_missing_at_the_end_of_the_input) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    const auto r = rt.run({"gap", producer({.name = "read"}, std::vector{0, 2, 1, 5, 4}),
                           resequence({.name = "in order", .capacity = seed % 4 + 1}, itself),
                           consumer({.name = "sink"}, [](int) {})});
    EXPECT_EQ(r.state(), end_state::failed);
    EXPECT_TRUE(r.balanced()) << r;
    ASSERT_EQ(r.errors.size(), 1U);
    EXPECT_THAT(r.errors[0].message, HasSubstr("number 3 is missing at the end of the input"));
    EXPECT_EQ(r.stage("in order").dropped, 2U);
  }
}

TEST(resequence, goes_on_after_a_gap_with_the_smallest_number_where_told_to_skip) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    const auto window = dice() % 10 + 1;
    auto came = shuffled(dice, 300, window);
    std::erase_if(came, [](int n) { return n % 10 == 3 || n / 20 == 7; });
    auto expected = came;
    std::ranges::sort(expected);
    std::vector<int> seen;
    const auto r = rt.run(
        {"gaps", producer({.name = "read"}, came),
         resequence({.name = "in order", .window = window, .on_gap = gap::skip_over, .capacity = dice() % 20 + 1},
                    itself),
         consumer({.name = "sink"}, into_vector(seen))});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(seen, expected);
    EXPECT_TRUE(r.errors.empty()) << "what is missing is no item";
  }
}

TEST(resequence, fails_items_that_come_too_late_or_twice_or_without_a_number) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    std::vector<int> seen;
    //                                                early twice  late        late  gap, then late     no number
    const auto r =
        rt.run({"bad", producer({.name = "read"}, std::vector{12, 12, 10, 10, 11, 9, 14, 15, 13, 99, -1, 16}),
                resequence({.name = "in order",
                            .window = 1,
                            .first = 10,
                            .on_gap = gap::skip_over,
                            .capacity = seed % 9 + 1,
                            .on_error = skip},
                           [](int n) {
                             if (n == 99) throw std::runtime_error("no number");
                             return n;
                           }),
                consumer({.name = "sink"}, into_vector(seen))});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(seen, (std::vector{10, 11, 12, 14, 15, 16}));
    EXPECT_EQ(r.stage("in order").failed, 6U);
    const std::array<std::pair<std::uint64_t, const char*>, 6> expected{{{1, "two items with the number 12"},
                                                                         {3, "number 10 has passed"},
                                                                         {5, "number 9 has passed"},
                                                                         {8, "number 13 has passed"},
                                                                         {9, "no number"},
                                                                         {10, "negative: -1"}}};
    ASSERT_EQ(r.errors.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(r.errors[i].item, expected[i].first);
      EXPECT_THAT(r.errors[i].message, HasSubstr(expected[i].second));
    }
  }
}

TEST(resequence, ends_the_run_with_the_first_item_that_comes_twice_unless_told_to_skip) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    const auto r = rt.run({"twice", producer({.name = "read"}, std::vector{0, 2, 2, 1}),
                           resequence({.name = "in order", .capacity = seed % 4 + 1}, itself),
                           consumer({.name = "sink"}, [](int) {})});
    EXPECT_EQ(r.state(), end_state::failed);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_THROW(r.rethrow(), std::runtime_error);
  }
}

/// An item that counts how many of it are alive.
class alive {
 public:
  alive(std::int64_t& count, int number) : count_(&count), number_(number) { ++*count_; }
  alive(alive&& other) noexcept : count_(std::exchange(other.count_, nullptr)), number_(other.number_) {}
  ~alive() {
    if (count_ != nullptr) --*count_;
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  std::int64_t* count_;
  int number_;
};

/// Anything may happen: gaps, numbers that come twice, an end at any time, a reader that leaves. What holds all the
/// same.
TEST(resequence, loses_nothing_and_stays_within_its_bound_however_the_run_ends) {
  std::array<int, 4> ended{};
  for (std::uint64_t seed = 1; seed <= 10 * seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    const auto one_in = [&dice](std::uint64_t n) { return dice() % n == 0; };
    const auto window = dice() % 12 + 1;
    auto came = shuffled(dice, static_cast<int>(dice() % 200) + 1, window + (one_in(3) ? 2 : 0));
    if (one_in(2)) std::erase_if(came, [&](int) { return one_in(40); });
    if (one_in(2)) came.insert(came.end(), {3, 5, 7});
    std::int64_t count = 0;
    std::int64_t most = 0;
    const auto room = dice() % 5 + 1;
    const auto capacity = dice() % 20 + 1;
    queue<alive> out(room);
    const pipeline line{"anything",
                        producer({.name = "read"},
                                 [&, i = std::size_t{0}]() mutable -> std::optional<alive> {
                                   if (i == came.size()) return std::nullopt;
                                   most = std::max(most, count + 1);
                                   return alive(count, came[i++]);
                                 }),
                        resequence({.name = "in order",
                                    .window = window,
                                    .on_gap = one_in(2) ? gap::fail : gap::skip_over,
                                    .capacity = capacity,
                                    .on_error = one_in(4) ? fail_fast : skip},
                                   &alive::number),
                        consumer({.name = "sink", .capacity = dice() % 5 + 1}, into(out))};
    const auto run = rt.start(line);
    // The queue's own items come on top of the run's.
    const auto bound = static_cast<std::int64_t>(line.bound() + room);
    const auto closes_after = one_in(3) ? dice() % 100 : 1000;
    std::uint64_t got = 0;
    int last = -1;
    const auto read = [&] {
      while (auto item = out.try_get()) {
        EXPECT_GT(item->number(), last);
        last = item->number();
        if (++got == closes_after) out.close();
      }
    };
    const auto steps = dice() % 300;
    for (std::uint64_t i = 0; i < steps; ++i) {
      rt.step();
      if (one_in(3)) read();
      EXPECT_LE(count, bound);
    }
    switch (dice() % 4) {
      case 0: run.stop(); break;
      case 1: run.cancel(); break;
      case 2: run.drain(1ms); break;
      default: break;
    }
    for (int i = 0; i < 10'000 && !run.report().ended; ++i) {
      rt.run_until_idle();
      read();
      rt.advance(100us);
    }
    const auto r = run.report();
    ASSERT_TRUE(r.ended) << r;
    read();
    out.cancel();
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_LE(most, bound);
    EXPECT_EQ(count, 0);
    EXPECT_LE(r.edges[0].peak, capacity);
    ++ended.at(static_cast<std::size_t>(r.state()));
    if (HasFailure()) break;
  }
  for (const auto n : ended) EXPECT_GT(n, 50) << "an ending that was never seen";
}

TEST(resequence, holds_as_many_as_its_window_and_no_more) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    const auto window = static_cast<int>(dice() % 10) + 1;
    std::vector<int> came;
    for (int n = 1; n <= window; ++n) came.push_back(n);
    came.push_back(0);  // exactly as late as it may be
    std::vector<int> seen;
    const pipeline line{
        "full", producer({.name = "read"}, came),
        resequence({.name = "in order", .window = static_cast<std::size_t>(window), .capacity = 1}, itself),
        consumer({.name = "sink", .capacity = 1}, into_vector(seen))};
    EXPECT_EQ(line.bound(), 1U + 1U + came.size() - 1U + 1U + 1U) << "producer, edge, window, edge, consumer";
    EXPECT_TRUE(rt.run(line).ok());
    EXPECT_EQ(seen, first_numbers(came.size()));
  }
}

TEST(resequence, lets_out_what_was_accepted_before_a_stop) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    std::vector<int> seen;
    const auto run =
        rt.start({"stop", producer({.name = "count"}, std::views::iota(0)),
                  transform({.name = "mix", .workers = 4, .capacity = dice() % 20 + 1}, itself),
                  resequence({.name = "in order"}, itself), consumer({.name = "sink"}, into_vector(seen))});
    for (std::uint64_t i = dice() % 300; i > 0; --i) rt.step();
    run.stop();
    const auto r = run.wait();
    EXPECT_EQ(r.state(), end_state::stopped);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.dropped(), 0U);
    EXPECT_EQ(seen, first_numbers(r.stage("count").done));
  }
}

TEST(resequence, pays_for_every_item_of_a_source_queue_exactly_once) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    queue<int> input(100);
    for (int n : shuffled(dice, 100, 10)) EXPECT_EQ(input.try_put(std::move(n)).state, state::ok);
    input.close();
    const auto run =
        rt.start({"receipts", producer({.name = "read"}, input),
                  resequence({.name = "in order", .window = 9, .on_gap = gap::skip_over, .on_error = skip}, itself),
                  consumer({.name = "sink"}, [](int) {})});
    for (std::uint64_t i = dice() % 50; i > 0; --i) rt.step();
    if (dice() % 2 == 0) run.cancel();
    EXPECT_TRUE(run.wait().balanced());
    EXPECT_EQ(input.snapshot().unfinished, input.snapshot().size);
  }
}

}  // namespace
