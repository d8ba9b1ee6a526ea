// Weighed edges and queues where both sides really run at once.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr int items = 20'000;
constexpr std::uint64_t most = 40;

/// From 0 to 16, and now and then 60.
constexpr std::uint64_t weight_of(int n) noexcept {
  return n % 23 == 0 ? 60 : static_cast<std::uint64_t>(n) * 7919 % 17;
}
constexpr auto weigh = [](int n) noexcept { return weight_of(n); };

auto numbers() {
  return [n = 0]() mutable -> std::optional<int> { return n < items ? std::optional(n++) : std::nullopt; };
}

class weighed_threads : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(, weighed_threads, testing::Values(1, 2));

void expect_was_bounded(const report& r) {
  EXPECT_TRUE(r.ok()) << r;
  for (const auto& e : r.edges) {
    EXPECT_EQ(e.weight, 0U);
    EXPECT_LE(e.peak_weight, 60U) << "one alone";
  }
}

TEST_P(weighed_threads, keep_order_and_lose_nothing) {
  runtime rt({.cpu_workers = GetParam()});
  const auto w = [](auto stage) { return weighed({.most = most}, weigh, std::move(stage)); };
  int next = 0;
  const auto same = [](int n) { return n; };
  const auto r = finish(rt, {"cpu", producer({.name = "make"}, numbers()), w(transform({.name = "serial"}, same)),
                             w(transform({.name = "kept", .workers = 3, .order = order::kept}, same)),
                             w(take({.name = "take", .count = items})),
                             w(consumer({.name = "sink"}, [&](int n) { EXPECT_EQ(n, next++); }))});
  expect_was_bounded(r);
  EXPECT_EQ(next, items);
}

TEST_P(weighed_threads, of_all_kinds_lose_nothing) {
  runtime rt({.cpu_workers = GetParam()});
  const auto w = [](auto stage) { return weighed({.most = most}, weigh, std::move(stage)); };
  const auto same = [](int n) { return n; };
  const auto r = finish(
      rt, {"mixed", producer({.name = "make", .on = place::blocking}, numbers()),
           w(async_transform({.name = "async", .workers = 4}, [](int n) -> asio::awaitable<int> { co_return n; })),
           w(transform({.name = "blocking", .workers = 2, .on = place::blocking}, same)),
           w(transform({.name = "any", .workers = 2}, same)),
           w(consumer({.name = "sink", .workers = 2, .on = place::blocking}, [](int) {}))});
  expect_was_bounded(r);
  EXPECT_EQ(r.stage("sink").done, static_cast<std::uint64_t>(items));
}

// The consumer's body takes the weight off its edge before it starts, not when it returns.
TEST_P(weighed_threads, let_a_producer_go_on_while_the_body_that_took_the_item_lasts) {
  runtime rt({.cpu_workers = GetParam()});
  count_up made;
  const auto r = finish(
      rt, {"goes on",
           producer({.name = "make", .on = place::blocking},
                    [&made, n = 0]() mutable -> std::optional<int> {
                      made.add();
                      return n < 20 ? std::optional(n++) : std::nullopt;
                    }),
           weighed(
               {.most = 10}, [](int) noexcept { return std::uint64_t{10}; }, consumer({.name = "sink"}, [&made](int n) {
                 // This item, one on the edge, one that waits before it; the end is a call like others.
                 made.wait_for(std::min(n + 3, 21));
               }))});
  EXPECT_TRUE(r.ok());
}

TEST(weighed_queue, bounds_what_threads_and_coroutines_put_and_lets_all_of_it_pass) {
  asio::io_context io;
  queue<int> q({.capacity = 100, .most_weight = most}, weigh);
  const auto put_some = [&q](int from, int to) -> asio::awaitable<void> {
    for (int n = from; n < to; ++n) {
      int item = n;
      co_await q.async_put(std::move(item));
    }
  };
  std::atomic<int> open{4};
  const auto over = [&](std::exception_ptr error) {
    EXPECT_EQ(error, nullptr);
    if (--open == 0) q.close();
  };
  asio::co_spawn(io, put_some(0, items), over);
  asio::co_spawn(io, put_some(items, 2 * items), over);
  std::thread runner([&io] { io.run(); });
  std::vector<std::thread> putters;
  for (int which = 2; which < 4; ++which) {
    putters.emplace_back([&, which] {
      std::vector<int> some;
      for (int n = which * items; n < (which + 1) * items; ++n) {
        some.push_back(n);
        if (some.size() < 7) continue;
        EXPECT_TRUE(q.put_n(some));
        some.clear();
      }
      EXPECT_TRUE(q.put_n(some));
      over(nullptr);
    });
  }
  std::vector<int> last(4, -1);
  int got_some = 0;
  while (auto n = q.get()) {
    auto& before = last[static_cast<std::size_t>(*n / items)];
    EXPECT_LT(before, *n);
    before = *n;
    ++got_some;
    q.task_done();
  }
  for (auto& t : putters) t.join();
  runner.join();
  EXPECT_EQ(got_some, 4 * items);
  EXPECT_EQ(q.snapshot().weight, 0U);
  EXPECT_LE(q.snapshot().peak_weight, 60U);
  EXPECT_TRUE(q.join());
}

TEST(weighed_queue, lets_those_in_who_wait_behind_a_heavy_item_that_gives_up) {
  asio::io_context io;
  queue<int> q({.capacity = 100, .most_weight = most}, [](int n) noexcept { return static_cast<std::uint64_t>(n); });
  EXPECT_TRUE(q.try_put(30));
  asio::cancellation_signal give_up;
  state heavy = state::ok;
  state light = state::empty;
  q.async_put(20, asio::bind_cancellation_slot(give_up.slot(), asio::bind_executor(io, [&](put_outcome<int> result) {
                                                 heavy = result.state;
                                                 EXPECT_EQ(result.item, 20);
                                               })));
  q.async_put(5, asio::bind_executor(io, [&](put_outcome<int> result) { light = result.state; }));
  io.poll();
  EXPECT_EQ(q.snapshot().waiting_putters, 2U);
  EXPECT_EQ(q.try_put(1).state, state::full) << "it would fit, but others wait";
  give_up.emit(asio::cancellation_type::terminal);
  io.restart();
  io.poll();
  EXPECT_EQ(heavy, state::cancelled);
  EXPECT_EQ(light, state::ok);
  EXPECT_EQ(q.snapshot().weight, 35U);
}

TEST(weighed_queue, times_out_with_a_heavy_item_and_keeps_it_with_its_caller) {
  queue<int> q({.capacity = 100, .most_weight = most}, [](int n) noexcept { return static_cast<std::uint64_t>(n); });
  EXPECT_TRUE(q.try_put(30));
  EXPECT_EQ(q.put(20, within(1ms)).state, state::timed_out);
  EXPECT_TRUE(q.try_put(10));
  EXPECT_EQ(*q.try_get(), 30);
  EXPECT_TRUE(q.put(20, within(1ms)));
}

TEST(weighed_queue, is_refused_without_a_function_or_a_limit) {
  constexpr auto one = [](int) noexcept { return std::uint64_t{1}; };
  EXPECT_THROW(queue<int>({.capacity = 1, .most_weight = 1}), declaration_error);
  EXPECT_THROW(queue<int>({.capacity = 1}, one), declaration_error);
  EXPECT_THROW(queue<int>({.capacity = 1, .overflow = overflow::drop_oldest, .most_weight = 1}, one),
               declaration_error);
}

}  // namespace
