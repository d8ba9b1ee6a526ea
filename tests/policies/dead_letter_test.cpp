// Dead letters in virtual time, under 200 schedules each.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <ranges>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "penstock/penstock.hpp"
#include "penstock/testing/manual_runtime.hpp"

namespace {

using namespace penstock;
using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr std::uint64_t seeds = 200;

std::string message_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  }
}

std::vector<dead<int>> all_of(queue<dead<int>>& letters) {
  std::vector<dead<int>> all;
  static_cast<void>(letters.try_get_n(all, 10'000));
  return all;
}

/// Odd items fail.
constexpr auto odd_fail = [](int& n, context&) {
  if (n % 2 == 1) throw std::runtime_error("odd: " + std::to_string(n));
  return n;
};

/// A line whose stage "work" buries the odd ones of `count` items; `kind` decides what it is. The stage's own policy
/// has nothing to say.
pipeline burying(std::uint64_t kind, queue<dead<int>>& letters, queue<int>& input, std::vector<int>& out) {
  const retry_options once{.times = 1, .backoff = 1s, .jitter = jitter::none};
  auto sink = consumer({.name = "sink", .capacity = 3}, [&](int n) { out.push_back(n); });
  auto source = producer({.name = "in"}, input);
  switch (kind % 6) {
    case 0: return {"p", source, transform({.name = "work"}, dead_letter(letters, retry(once, odd_fail))), sink};
    case 1:
      return {"p", source, transform({.name = "work", .workers = 3}, dead_letter(letters, retry(once, odd_fail))),
              sink};
    case 2:
      return {
          "p", source,
          transform({.name = "work", .workers = 3, .order = order::kept}, dead_letter(letters, retry(once, odd_fail))),
          sink};
    case 3:
      return {"p", source,
              consumer({.name = "work", .workers = 2},
                       dead_letter(letters, retry(once, [&](int& n, context& c) { out.push_back(odd_fail(n, c)); })))};
    default: {
      const auto body = [](int& n, context& c) -> asio::awaitable<int> { co_return odd_fail(n, c); };
      return {"p", source,
              async_transform({.name = "work", .workers = 3, .order = kind % 6 == 4 ? order::kept : order::any},
                              dead_letter(letters, retry(once, body))),
              sink};
    }
  }
}

void fill(queue<int>& input, int count) {
  for (int n = 0; n < count; ++n) EXPECT_EQ(input.try_put(int(n)).state, state::ok);
  input.close();
}

TEST(dead_letter, has_the_item_the_error_the_stage_and_the_attempts_and_the_stage_goes_on) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    queue<dead<int>> letters(100);
    queue<int> input(100);
    std::vector<int> out;
    fill(input, 40);
    const auto r = rt.run(burying(seed, letters, input, out));
    EXPECT_TRUE(r.ok()) << r;
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.stage("work").failed, 20U);
    EXPECT_EQ(r.stage("work").done, 20U);
    EXPECT_EQ(r.stage("work").retried, 20U);
    EXPECT_EQ(r.stage("work").letters_lost, 0U);
    EXPECT_EQ(r.errors.size(), 20U) << "they are reported, too";
    EXPECT_EQ(out.size(), 20U);
    if (seed % 6 == 2 || seed % 6 == 4) {
      EXPECT_TRUE(std::ranges::is_sorted(out));
    }
    std::set<int> buried;
    for (const auto& letter : all_of(letters)) {
      buried.insert(letter.item);
      EXPECT_EQ(letter.item % 2, 1);
      EXPECT_EQ(letter.number, static_cast<std::uint64_t>(letter.item));
      EXPECT_EQ(letter.stage, "work");
      EXPECT_EQ(letter.attempts, 2U);
      EXPECT_EQ(message_of(letter.error), "odd: " + std::to_string(letter.item));
    }
    EXPECT_EQ(buried.size(), 20U);
    EXPECT_EQ(input.snapshot().unfinished, 0U) << "what was buried has left the pipeline";
    EXPECT_FALSE(letters.snapshot().closed);
  }
}

TEST(dead_letter, pushes_back_while_its_queue_is_full_and_goes_on_when_there_is_room) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    queue<dead<int>> letters(2);
    queue<int> input(100);
    std::vector<int> out;
    fill(input, 60);
    const auto run = rt.start(burying(seed, letters, input, out));
    rt.advance(1h);
    const auto then = run.report();
    EXPECT_TRUE(letters.snapshot().full());
    const auto waiting = letters.snapshot().waiting_putters;
    EXPECT_GE(waiting, 1U);
    if (seed % 6 == 2 || seed % 6 == 4) {  // results wait for their turn, too
      EXPECT_GE(then.stage("work").in_flight(), waiting);
    } else {
      EXPECT_EQ(then.stage("work").in_flight(), waiting) << "an item whose letter waits is under way";
    }
    EXPECT_LE(then.stage("work").in, 2 + 2 * 3 + 60 / 2U);
    rt.advance(1h);
    EXPECT_EQ(run.report().stage("work").in, then.stage("work").in) << "nothing moves without room";
    std::vector<dead<int>> all;
    while (!run.wait_for(0s)) {
      for (auto& letter : all_of(letters)) all.push_back(std::move(letter));
      rt.advance(1s);
    }
    for (auto& letter : all_of(letters)) all.push_back(std::move(letter));
    const auto r = run.wait();
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(all.size(), 30U);
    EXPECT_EQ(out.size(), 30U);
    EXPECT_EQ(r.stage("work").letters_lost, 0U);
    EXPECT_EQ(input.snapshot().unfinished, 0U);
  }
}

TEST(dead_letter, whose_queue_takes_no_more_is_counted_as_lost_and_the_stage_goes_on) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    auto letters = std::make_unique<queue<dead<int>>>(2);
    queue<int> input(100);
    std::vector<int> out;
    fill(input, 60);
    const auto run = rt.start(burying(seed, *letters, input, out));
    if (dice() % 3 > 0) rt.advance(1h);
    switch (dice() % 3) {
      case 0: letters->close(); break;
      case 1: letters->cancel(); break;
      default: letters.reset();
    }
    const auto r = run.wait();
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.stage("work").failed, 30U);
    const auto taken = letters ? letters->snapshot().put : 2U;
    if (letters) {
      EXPECT_EQ(r.stage("work").letters_lost, 30 - taken);
    }
    EXPECT_GE(r.stage("work").letters_lost, 28U);
    EXPECT_EQ(out.size(), 30U);
    EXPECT_EQ(input.snapshot().unfinished, 0U);
  }
}

TEST(dead_letter, that_a_full_queue_drops_by_its_policy_is_counted_as_lost) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    for (const auto policy : {overflow::drop_newest, overflow::fail}) {
      manual_runtime rt(seed);
      queue<dead<int>> letters({.capacity = 2, .overflow = policy});
      queue<int> input(100);
      std::vector<int> out;
      fill(input, 60);
      const auto r = rt.run(burying(seed, letters, input, out));
      EXPECT_TRUE(r.balanced()) << r;
      EXPECT_EQ(r.stage("work").failed, 30U);
      EXPECT_EQ(r.stage("work").letters_lost, 28U);
      EXPECT_EQ(letters.snapshot().size, 2U);
    }
  }
}

TEST(dead_letter, that_waits_for_room_is_lost_at_once_on_a_cancel) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    queue<dead<int>> letters(1);
    queue<int> input(100);
    std::vector<int> out;
    fill(input, 60);
    const auto run = rt.start(burying(seed, letters, input, out));
    rt.advance(1h);
    const auto waiting = letters.snapshot().waiting_putters;
    const auto then = rt.now();
    run.cancel();
    const auto r = run.wait();
    EXPECT_EQ(rt.now(), then);
    EXPECT_EQ(r.state(), end_state::cancelled);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.stage("work").letters_lost, waiting);
    EXPECT_EQ(r.stage("work").failed, 1 + waiting);
    EXPECT_EQ(letters.snapshot().waiting_putters, 0U);
    EXPECT_EQ(letters.snapshot().size, 1U);
    EXPECT_EQ(input.snapshot().unfinished, 0U);
  }
}

TEST(dead_letter, becomes_a_stage_when_its_queue_is_the_source_of_another_pipeline) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    queue<dead<int>> letters(2);
    std::vector<std::string> notes;
    const auto clerk = rt.start(
        {"letters", producer({.name = "letters"}, letters), consumer({.name = "note"}, [&](const dead<int>& letter) {
           notes.push_back(letter.stage + ": " + message_of(letter.error));
         })});
    const auto r = rt.run({"main", producer({.name = "count"}, std::views::iota(0, 100)),
                           consumer({.name = "store", .workers = 2}, dead_letter(letters, odd_fail))});
    EXPECT_TRUE(r.ok());
    letters.close();
    EXPECT_TRUE(clerk.wait().ok());
    ASSERT_EQ(notes.size(), 50U);
    std::ranges::sort(notes);
    EXPECT_EQ(notes.front(), "store: odd: 1");
  }
}

TEST(dead_letter, together_with_retry_and_a_limit_reads_like_this) {
  manual_runtime rt;
  const auto call = [](int& n) -> asio::awaitable<int> {
    const duration d = n == 3 ? 1h : 1s;
    co_await async_sleep(d);
    co_return n;
  };
  const auto store = [](int& n) {
    if (n == 5) throw std::runtime_error("no five");
  };
  // [around_a_body]
  queue<dead<int>> failed(100);
  const shared_limit connections("connections", 4);
  const auto r = rt.run({"guarded", producer({.name = "count"}, std::views::iota(0, 10)),
                         async_transform({.name = "call", .workers = 100, .limit = 2s, .on_error = skip},
                                         limited(connections, retry({.times = 3, .backoff = 100ms, .most = 5s}, call))),
                         consumer({.name = "store"}, dead_letter(failed, retry({.times = 3}, store)))});
  EXPECT_EQ(r.stage("call").failed, 1U);   // item 3, four times too late
  EXPECT_EQ(r.stage("store").failed, 1U);  // item 5
  EXPECT_EQ(r.stage("store").retried, 3U);
  EXPECT_EQ(failed.try_get()->item, 5);
  // [/around_a_body]
  EXPECT_EQ(r.stage("call").retried, 3U);
  EXPECT_TRUE(r.ok());
}

TEST(dead_letter, owns_a_move_only_item_as_the_body_left_it) {
  manual_runtime rt;
  queue<dead<std::unique_ptr<int>>> letters(10);
  const auto r = rt.run({"owned", producer({.name = "count"}, std::views::iota(0, 3)),
                         transform({.name = "own"}, [](int n) { return std::make_unique<int>(n); }),
                         consumer({.name = "store"}, dead_letter(letters, [](std::unique_ptr<int>& p) {
                                    if (*p == 2) p.reset();
                                    throw std::runtime_error("no");
                                  }))});
  EXPECT_TRUE(r.ok());
  for (const int n : {0, 1}) EXPECT_EQ(*letters.try_get()->item, n);
  EXPECT_EQ(letters.try_get()->item, nullptr);
}

}  // namespace
