// Retries, dead letters and limits on runtimes with real threads, and any mix of them under random schedules.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <random>
#include <ranges>
#include <stdexcept>
#include <thread>
#include <vector>

#include "penstock/penstock.hpp"
#include "penstock/testing/manual_runtime.hpp"

namespace {

using namespace penstock;
using namespace std::chrono_literals;
namespace asio = boost::asio;

/// Counts the bodies that run at the same time.
struct gauge {
  std::atomic<int> now{0}, most{0};
  void enter() {
    const int here = ++now;
    for (int seen = most; seen < here && !most.compare_exchange_weak(seen, here);) {
    }
  }
  void leave() { --now; }
};

struct inside {
  explicit inside(gauge& of) : g(of) { g.enter(); }
  ~inside() { g.leave(); }
  inside(const inside&) = delete;
  inside& operator=(const inside&) = delete;
  gauge& g;
};

/// Fails at first for every third item, and always for every seventh.
void fail_sometimes(int n, const context& c) {
  if (n % 7 == 0 || (n % 3 == 0 && c.attempt() == 1)) throw std::runtime_error("no");
}

/// Every kind of stage, with wrappers of every kind.
pipeline mixed(queue<int>& input, queue<dead<int>>& letters, const shared_limit& limit, gauge& g, std::uint64_t seed) {
  std::mt19937_64 dice(seed);
  const auto some = [&](std::size_t most) { return dice() % most + 1; };
  const auto o = [&] { return dice() % 2 ? order::kept : order::any; };
  const auto where = [&] { return dice() % 3 ? place::cpu : place::blocking; };
  const retry_options twice{.times = 2, .backoff = std::chrono::microseconds(dice() % 200), .most = 1ms};
  const auto plain = [&g](int& n, context& c) {
    const inside here(g);
    fail_sometimes(n, c);
    return n;
  };
  const auto waits = [&g](int& n, context& c) -> asio::awaitable<int> {
    const inside here(g);
    if (n % 2 == 0) {
      const duration d = std::chrono::microseconds(n % 50);
      co_await async_sleep(d);
    }
    fail_sometimes(n, c);
    co_return n;
  };
  return {"mixed",
          producer({.name = "in"}, input),
          transform({.name = "a", .workers = some(4), .capacity = some(50), .order = o(), .on = where()},
                    limited(limit, dead_letter(letters, retry(twice, plain)))),
          async_transform({.name = "b", .workers = some(8), .capacity = some(50), .order = o(), .limit = 10s},
                          dead_letter(letters, retry(twice, limited(limit, waits)))),
          filter_map({.name = "c", .workers = some(4), .capacity = some(50), .order = o(), .on_error = skip},
                     retry(twice,
                           [](int& n, context& c) {
                             fail_sometimes(n + 1, c);
                             return n % 11 == 0 ? std::nullopt : std::optional(n);
                           })),
          flat_map({.name = "d", .workers = some(4), .capacity = some(50), .order = o()},
                   dead_letter(letters,
                               [](int& n, context& c) {
                                 fail_sometimes(n + 2, c);
                                 return std::vector(static_cast<std::size_t>(n % 4), n);
                               })),
          consumer({.name = "e", .workers = some(3), .capacity = some(50), .on = where()},
                   dead_letter(letters, retry(twice, limited(limit, plain))))};
}

TEST(policies, of_every_kind_mixed_add_up_and_lose_nothing_however_the_run_ends) {
  std::uint64_t retried = 0, lost = 0, completed = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    queue<int> input(300);
    queue<dead<int>> letters(dice() % 3 ? 10'000 : 5);
    const shared_limit limit("few", dice() % 3 + 1);
    gauge g;
    for (int n = 0; n < 200; ++n) EXPECT_TRUE(input.try_put(int(n)));
    input.close();
    const auto run = rt.start(mixed(input, letters, limit, g, seed));
    const auto end = dice() % 4;
    if (end > 0) {
      for (auto steps = dice() % 1500; steps > 0 && rt.step(); --steps) {
      }
      if (dice() % 2) rt.advance(std::chrono::microseconds(dice() % 500));
    }
    if (end == 1) run.stop();
    if (end == 2) run.drain(std::chrono::microseconds(dice() % 1000));
    if (end == 3) run.cancel();
    if (letters.snapshot().capacity == 5) letters.close();
    const auto r = run.wait();
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(limit.in_use(), 0U);
    EXPECT_EQ(limit.snapshot().waiting, 0U);
    EXPECT_LE(g.most, static_cast<int>(limit.snapshot().permits));
    EXPECT_EQ(g.now, 0);
    EXPECT_EQ(input.snapshot().unfinished, input.snapshot().size);
    std::uint64_t buried = 0, gone = 0;
    for (const auto* name : {"a", "b", "d", "e"}) buried += r.stage(name).failed - r.stage(name).letters_lost;
    for (const auto& s : r.stages) gone += s.letters_lost, retried += s.retried;
    EXPECT_EQ(buried, letters.snapshot().put);
    lost += gone;
    if (end == 0) {
      EXPECT_TRUE(r.ok());
      EXPECT_EQ(r.dropped(), 0U);
      ++completed;
    }
  }
  EXPECT_GT(retried, 10'000U);
  EXPECT_GT(lost, 100U);
  EXPECT_GT(completed, 50U);
}

TEST(policies, of_every_kind_mixed_add_up_on_real_threads) {
  for (const std::size_t workers : {1U, 2U}) {
    runtime one({.cpu_workers = workers});
    runtime two({.cpu_workers = workers});
    const shared_limit limit("two", 2);
    gauge g;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      SCOPED_TRACE(seed);
      queue<int> input_one(300), input_two(300);
      queue<dead<int>> letters(10'000);
      for (int n = 0; n < 200; ++n) {
        EXPECT_TRUE(input_one.try_put(int(n)));
        EXPECT_TRUE(input_two.try_put(int(n)));
      }
      input_one.close();
      input_two.close();
      const auto first = one.start(mixed(input_one, letters, limit, g, seed));
      const auto second = two.start(mixed(input_two, letters, limit, g, seed + 100));
      const auto third = one.start(mixed(input_two, letters, limit, g, seed + 200));
      if (seed % 4 == 0) second.cancel();
      if (seed % 4 == 1) third.drain(1ms);
      for (const auto* run : {&first, &second, &third}) {
        const auto r = run->wait();
        EXPECT_TRUE(r.balanced()) << r;
      }
      EXPECT_TRUE(first.report().ok());
      EXPECT_EQ(limit.in_use(), 0U);
      EXPECT_EQ(limit.snapshot().waiting, 0U);
      EXPECT_EQ(input_one.snapshot().unfinished, 0U);
      EXPECT_EQ(input_two.snapshot().unfinished, input_two.snapshot().size);
    }
    EXPECT_LE(g.most, 2);
    EXPECT_GE(g.most, 1);
  }
}

TEST(policies, back_off_without_a_thread_so_that_the_only_worker_does_other_things) {
  runtime rt({.cpu_workers = 1});
  std::atomic<int> attempts{0};
  const auto waiting =
      rt.start({"waiting", producer({.name = "one"}, std::vector{1}),
                consumer({.name = "store"}, retry({.backoff = 1h, .most = 1h, .jitter = jitter::none}, [&](int&) {
                           ++attempts;
                           throw std::runtime_error("never");
                         }))});
  while (attempts == 0) std::this_thread::yield();
  const auto r = rt.run(
      {"working", producer({.name = "count"}, std::views::iota(0, 1000)), consumer({.name = "store"}, [](int) {})});
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(attempts, 1);
  waiting.cancel();
  EXPECT_EQ(waiting.wait().stage("store").dropped, 1U);
}

TEST(policies, let_a_blocking_body_back_off_and_end_at_once_on_a_cancel) {
  runtime rt({.cpu_workers = 1});
  std::atomic<int> attempts{0};
  const auto run =
      rt.start({"blocking", producer({.name = "one"}, std::vector{1}),
                transform({.name = "read", .on = place::blocking}, retry({.times = 2, .backoff = 1ms},
                                                                         [&](int& n, context& c) {
                                                                           ++attempts;
                                                                           if (c.attempt() < 3)
                                                                             throw std::runtime_error("no");
                                                                           return n;
                                                                         })),
                consumer({.name = "store"}, retry({.backoff = 1h, .most = 1h, .jitter = jitter::none}, [&](int&) {
                           ++attempts;
                           throw std::runtime_error("never");
                         }))});
  while (attempts < 4) std::this_thread::yield();
  run.cancel();
  const auto r = run.wait();
  EXPECT_EQ(r.stage("read").retried, 2U);
  EXPECT_EQ(r.stage("read").done, 1U);
  EXPECT_EQ(r.stage("store").dropped, 1U);
}

TEST(policies, end_a_body_that_takes_too_long_on_real_threads) {
  for (const std::size_t workers : {1U, 2U}) {
    runtime rt({.cpu_workers = workers});
    std::atomic<int> done{0};
    const auto r = rt.run({"late", producer({.name = "count"}, std::views::iota(0, 100)),
                           async_consumer({.name = "call", .workers = 10, .limit = 1ms, .on_error = skip},
                                          [&](int n) -> asio::awaitable<void> {
                                            if (n % 2 == 0) co_await async_sleep(1h);
                                            ++done;
                                          })});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced());
    EXPECT_EQ(r.stage("call").failed, 50U);
    EXPECT_EQ(done, 50);
  }
}

}  // namespace
