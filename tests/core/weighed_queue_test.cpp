// The queue's rules with weights: by example, and in random sequences of calls against a model that is too simple to be
// wrong: plain containers, weights added up anew each time, and every waiter looked at again after every call.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "penstock/base/error.hpp"
#include "penstock/core/queue_rules.hpp"

namespace penstock {
namespace {

/// An item weighs what is left of it when its number is taken off.
constexpr int item_of(int number, int weight) { return number * 100 + weight; }
constexpr std::uint64_t weight_of(int item) noexcept { return static_cast<std::uint64_t>(item % 100); }

constexpr auto weigh = [](const int& item) noexcept { return weight_of(item); };

template <class Waiter>
struct listener final : Waiter {
  bool told = false;
  void complete() noexcept override { told = true; }
};

state put(queue_rules<int>& rules, int item) {
  decided_waiters decided;
  std::optional<int> dropped;
  const auto result = rules.put(item, dropped, decided);
  decided.complete_all();
  return result.state;
}

got<int> get(queue_rules<int>& rules) {
  decided_waiters decided;
  auto result = rules.get(decided);
  decided.complete_all();
  return result;
}

bool line_up(queue_rules<int>& rules, listener<put_waiter<int>>& waiter, std::vector<int>& items) {
  decided_waiters decided;
  waiter.items = items;
  const bool waits = rules.line_up(waiter, decided);
  decided.complete_all();
  return waits;
}

TEST(weighed_queue_rules, take_no_more_than_the_most_and_one_that_is_too_heavy_alone) {
  queue_rules<int> rules(10, overflow::block, 50, weigh);
  EXPECT_EQ(put(rules, item_of(1, 70)), state::ok);
  EXPECT_EQ(put(rules, item_of(2, 0)), state::full) << "not beside one that is too heavy";
  EXPECT_EQ(rules.snapshot().weight, 70U);
  EXPECT_EQ(*get(rules), item_of(1, 70));
  EXPECT_EQ(put(rules, item_of(3, 20)), state::ok);
  EXPECT_EQ(put(rules, item_of(4, 31)), state::full);
  EXPECT_EQ(put(rules, item_of(5, 30)), state::ok);
  EXPECT_EQ(put(rules, item_of(6, 70)), state::full);
  EXPECT_EQ(put(rules, item_of(7, 0)), state::ok) << "weighs nothing";
  EXPECT_TRUE(rules.full());
  EXPECT_EQ(rules.snapshot().weight, 50U);
  EXPECT_EQ(rules.snapshot().peak_weight, 70U);
  EXPECT_EQ(rules.snapshot().most_weight, 50U);
}

TEST(weighed_queue_rules, let_nobody_overtake_a_heavy_item_that_waits) {
  queue_rules<int> rules(10, overflow::block, 50, weigh);
  EXPECT_EQ(put(rules, item_of(1, 30)), state::ok);
  listener<put_waiter<int>> heavy;
  listener<put_waiter<int>> light;
  std::vector<int> of_heavy{item_of(2, 40)};
  std::vector<int> of_light{item_of(3, 5)};
  EXPECT_TRUE(line_up(rules, heavy, of_heavy));
  EXPECT_EQ(put(rules, item_of(4, 5)), state::full) << "it would fit";
  EXPECT_TRUE(line_up(rules, light, of_light));
  EXPECT_EQ(*get(rules), item_of(1, 30));
  EXPECT_TRUE(heavy.told);
  EXPECT_TRUE(light.told);
  EXPECT_EQ(*get(rules), item_of(2, 40));
  EXPECT_EQ(*get(rules), item_of(3, 5));
}

TEST(weighed_queue_rules, let_those_in_who_waited_behind_a_heavy_item_that_left) {
  queue_rules<int> rules(10, overflow::block, 50, weigh);
  EXPECT_EQ(put(rules, item_of(1, 30)), state::ok);
  listener<put_waiter<int>> heavy;
  listener<put_waiter<int>> light;
  std::vector<int> of_heavy{item_of(2, 40)};
  std::vector<int> of_light{item_of(3, 5), item_of(4, 10)};
  EXPECT_TRUE(line_up(rules, heavy, of_heavy));
  EXPECT_TRUE(line_up(rules, light, of_light));
  EXPECT_TRUE(rules.withdraw(heavy, state::timed_out));
  decided_waiters decided;
  rules.let_in(decided);
  decided.complete_all();
  EXPECT_TRUE(light.told);
  EXPECT_EQ(light.result.accepted, 2U);
  EXPECT_EQ(rules.snapshot().weight, 45U);
}

TEST(weighed_queue_rules, take_of_a_batch_what_comes_before_the_first_that_does_not_fit) {
  queue_rules<int> rules(10, overflow::block, 50, weigh);
  std::vector<int> items{item_of(1, 20), item_of(2, 20), item_of(3, 20), item_of(4, 1)};
  decided_waiters decided;
  const auto result = rules.put_n(items, decided);
  EXPECT_EQ(result.state, state::full);
  EXPECT_EQ(result.accepted, 2U);
}

TEST(weighed_queue_rules, give_an_item_of_any_weight_to_a_getter_that_waits) {
  queue_rules<int> rules(10, overflow::block, 50, weigh);
  listener<get_waiter<int>> waiter;
  decided_waiters decided;
  EXPECT_TRUE(rules.line_up(waiter, decided));
  EXPECT_EQ(put(rules, item_of(1, 90)), state::ok);
  EXPECT_TRUE(waiter.told);
  EXPECT_EQ(rules.snapshot().peak_weight, 0U) << "it was never in the queue";
}

TEST(weighed_queue_rules, weigh_nothing_after_a_cancel) {
  queue_rules<int> rules(10, overflow::block, 50, weigh);
  EXPECT_EQ(put(rules, item_of(1, 30)), state::ok);
  ring<int> dropped;
  decided_waiters decided;
  EXPECT_TRUE(rules.cancel(dropped, decided));
  EXPECT_EQ(rules.snapshot().weight, 0U);
  EXPECT_EQ(rules.snapshot().peak_weight, 30U);
}

TEST(weighed_queue_rules, drop_the_newest_or_fail_where_the_policy_says_so) {
  queue_rules<int> drops(10, overflow::drop_newest, 50, weigh);
  EXPECT_EQ(put(drops, item_of(1, 30)), state::ok);
  int item = item_of(2, 30);
  std::optional<int> dropped;
  decided_waiters decided;
  EXPECT_EQ(drops.put(item, dropped, decided).dropped, 1U);
  EXPECT_EQ(dropped, item_of(2, 30));
  queue_rules<int> fails(10, overflow::fail, 50, weigh);
  EXPECT_EQ(put(fails, item_of(1, 30)), state::ok);
  EXPECT_EQ(put(fails, item_of(2, 30)), state::full);
}

TEST(weighed_queue_rules, are_refused_where_they_could_not_be_kept) {
  EXPECT_THROW(queue_rules<int>(10, overflow::block, 0, weigh), declaration_error);
  EXPECT_THROW(queue_rules<int>(10, overflow::drop_oldest, 50, weigh), declaration_error);
  EXPECT_THROW(queue_rules<int>(0, overflow::block, 50, weigh), declaration_error);
}

struct model_putter {
  std::vector<int> items;
  bool over = false;
  state result = state::ok;
  std::size_t accepted = 0;
};

struct model {
  std::size_t capacity;
  std::uint64_t most;
  bool closed = false;
  std::deque<int> items = {};
  std::vector<std::shared_ptr<model_putter>> waiting = {};

  [[nodiscard]] std::uint64_t weight() const {
    std::uint64_t sum = 0;
    for (const int item : items) sum += weight_of(item);
    return sum;
  }
  [[nodiscard]] bool fits(int item) const {
    if (items.size() == capacity) return false;
    return items.empty() || weight() + weight_of(item) <= most;
  }
  /// First come, first served.
  void settle() {
    while (!waiting.empty()) {
      auto& first = *waiting.front();
      if (!closed && !first.items.empty() && !fits(first.items.front())) return;
      if (closed) {
        first.over = true;
        first.result = state::closed;
      } else {
        items.push_back(first.items.front());
        first.items.erase(first.items.begin());
        ++first.accepted;
        first.over = first.items.empty();
      }
      if (first.over) waiting.erase(waiting.begin());
    }
  }
};

struct pair_of_putters {
  std::vector<int> items;
  std::unique_ptr<listener<put_waiter<int>>> real;
  std::shared_ptr<model_putter> wanted;
};

void run_sequence(unsigned seed) {
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto upto = [&random](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n)(random); };
  const std::size_t capacity = 1 + upto(6);
  const std::uint64_t most = 1 + upto(40);
  queue_rules<int> rules(capacity, overflow::block, most, weigh);
  model expected{.capacity = capacity, .most = most};
  std::vector<pair_of_putters> putters;
  int number = 0;
  const auto next = [&] { return item_of(number++, static_cast<int>(upto(3) == 0 ? upto(99) : upto(12))); };

  for (int step = 0; step < 200; ++step) {
    decided_waiters decided;
    switch (upto(9)) {
      case 0:
      case 1: {
        int item = next();
        std::optional<int> dropped;
        const state said = rules.put(item, dropped, decided).state;
        const bool joins = expected.waiting.empty() && expected.fits(item);
        ASSERT_EQ(said, expected.closed ? state::closed : joins ? state::ok : state::full);
        if (said == state::ok) expected.items.push_back(item);
        break;
      }
      case 2: {
        std::vector<int> items(upto(5));
        for (int& item : items) item = next();
        const std::size_t said = rules.put_n(items, decided).accepted;
        std::size_t wanted = 0;
        while (wanted < items.size() && !expected.closed && expected.waiting.empty() && expected.fits(items[wanted])) {
          expected.items.push_back(items[wanted++]);
        }
        ASSERT_EQ(said, wanted);
        break;
      }
      case 3:
      case 4: {
        const got<int> said = rules.get(decided);
        ASSERT_EQ(said.state() == state::ok, !expected.items.empty());
        if (expected.items.empty()) break;
        ASSERT_EQ(*said, expected.items.front());
        expected.items.pop_front();
        break;
      }
      case 5: {
        std::vector<int> said;
        (void)rules.get_n(upto(4), [&said](int&& item) noexcept { said.push_back(item); }, decided);
        for (const int item : said) {
          ASSERT_EQ(item, expected.items.front());
          expected.items.pop_front();
        }
        break;
      }
      case 6:
      case 7: {
        std::vector<int> items(1 + upto(3));
        for (int& item : items) item = next();
        putters.push_back({items, std::make_unique<listener<put_waiter<int>>>(),
                           std::make_shared<model_putter>(model_putter{.items = items})});
        putters.back().real->items = putters.back().items;
        if (!rules.line_up(*putters.back().real, decided)) putters.back().real->told = true;
        expected.waiting.push_back(putters.back().wanted);
        break;
      }
      case 8: {
        if (putters.empty()) break;
        auto& one = putters[upto(putters.size() - 1)];
        const bool said = rules.withdraw(*one.real, state::timed_out);
        ASSERT_EQ(said, !one.wanted->over);
        if (!said) break;
        rules.let_in(decided);
        one.real->told = one.wanted->over = true;
        one.wanted->result = state::timed_out;
        std::erase(expected.waiting, one.wanted);
        break;
      }
      case 9: {
        if (upto(29) != 0) break;
        ASSERT_EQ(rules.close(nullptr, decided), !expected.closed);
        expected.closed = true;
        break;
      }
    }
    decided.complete_all();
    expected.settle();

    for (const auto& [items, real, wanted] : putters) {
      ASSERT_EQ(real->told, wanted->over);
      ASSERT_EQ(real->result.accepted, wanted->accepted);
      if (wanted->over) {
        ASSERT_EQ(real->result.state, wanted->result);
      }
    }
    const queue_snapshot s = rules.snapshot();
    ASSERT_EQ(s.size, expected.items.size());
    ASSERT_EQ(s.weight, expected.weight());
    ASSERT_TRUE(s.weight <= most || s.size == 1);
    ASSERT_EQ(s.waiting_putters, expected.waiting.size());
  }
}

TEST(weighed_queue_rules, agree_with_a_naive_model_on_random_sequences) {
  for (unsigned seed = 1; seed <= 500 && !::testing::Test::HasFatalFailure(); ++seed) run_sequence(seed);
}

}  // namespace
}  // namespace penstock
