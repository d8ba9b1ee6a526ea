// Bodies under retry, in virtual time, where back-offs are exact, under 200 schedules each.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <ranges>
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

/// Every fifth item fails at first, some more often than others.
unsigned failures_of(int n) { return n % 5 == 0 ? static_cast<unsigned>(n / 5 % 4) : 0; }

/// A body that fails as often as `failures_of` says.
auto failing() {
  return [](int& n, context& c) {
    if (c.attempt() <= failures_of(n)) throw std::runtime_error("not yet");
    return n;
  };
}

unsigned all_failures(int count) {
  unsigned all = 0;
  for (int n = 0; n < count; ++n) all += failures_of(n);
  return all;
}

/// When the item is done whose body fails so often, if its first attempt is at the start.
duration doubled(unsigned failures, duration first) { return first * ((1 << failures) - 1); }

TEST(retry, tries_again_at_the_very_nanosecond_at_which_its_back_off_ends) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    const auto start = rt.now();
    std::vector<duration> attempts;
    const auto r = rt.run(
        {"exact", producer({.name = "one"}, std::vector{1}),
         transform({.name = "fetch"}, retry({.times = 5, .backoff = 100ms, .most = 500ms, .jitter = jitter::none},
                                            [&](int& n, context& c) {
                                              attempts.push_back(rt.now() - start);
                                              EXPECT_EQ(c.attempt(), attempts.size());
                                              if (c.attempt() <= 5) throw std::runtime_error("not yet");
                                              return n;
                                            })),
         consumer({.name = "sink"}, [](int) {})});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(attempts, (std::vector<duration>{0ms, 100ms, 300ms, 700ms, 1200ms, 1700ms}));
    EXPECT_EQ(r.stage("fetch").retried, 5U);
    EXPECT_EQ(r.stage("fetch").done, 1U);
    EXPECT_EQ(r.stage("fetch").failed, 0U);
    EXPECT_TRUE(r.errors.empty()) << "only what an item came to is reported";
  }
}

/// A run of 60 items through a stage of `kind` whose body fails now and then, and where each came out, and when.
struct outcome {
  report r;
  std::vector<int> out;
  std::map<int, duration> when;
};

outcome run_failing(std::uint64_t seed, std::size_t workers, order o, place on) {
  std::mt19937_64 dice(seed);
  manual_runtime rt(seed);
  const auto start = rt.now();
  outcome got;
  got.r = rt.run({"failing", producer({.name = "count"}, std::views::iota(0, 60)),
                  transform({.name = "work", .workers = workers, .capacity = dice() % 100 + 1, .order = o, .on = on},
                            retry({.times = 3, .backoff = 1ms, .jitter = jitter::none}, failing())),
                  consumer({.name = "sink", .capacity = dice() % 20 + 1}, [&](int n) {
                    got.out.push_back(n);
                    got.when[n] = rt.now() - start;
                  })});
  return got;
}

TEST(retry, of_one_worker_keeps_the_order_and_holds_back_what_comes_after) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    const auto got = run_failing(seed, 1, order::any, seed % 2 ? place::cpu : place::blocking);
    EXPECT_TRUE(got.r.ok());
    EXPECT_TRUE(got.r.balanced()) << got.r;
    ASSERT_TRUE(std::ranges::equal(got.out, std::views::iota(0, 60)));
    EXPECT_EQ(got.r.stage("work").retried, all_failures(60));
    duration all{};
    for (int n = 0; n < 60; ++n) {
      all += doubled(failures_of(n), 1ms);
      EXPECT_EQ(got.when.at(n), all);
    }
  }
}

TEST(retry, of_several_workers_holds_back_only_the_item_that_failed) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    // As many workers as items that fail, and one more: somebody is always free.
    const auto got = run_failing(seed, 13, order::any, seed % 2 ? place::cpu : place::blocking);
    EXPECT_TRUE(got.r.ok());
    EXPECT_TRUE(got.r.balanced()) << got.r;
    EXPECT_EQ(got.r.stage("work").retried, all_failures(60));
    ASSERT_EQ(got.when.size(), 60U);
    for (int n = 0; n < 60; ++n) EXPECT_EQ(got.when.at(n), doubled(failures_of(n), 1ms)) << "item " << n;
  }
}

TEST(retry, in_an_ordered_stage_lets_an_item_wait_in_its_place) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    const auto got = run_failing(seed, seed % 3 + 2, order::kept, seed % 2 ? place::cpu : place::blocking);
    EXPECT_TRUE(got.r.ok());
    EXPECT_TRUE(got.r.balanced()) << got.r;
    EXPECT_EQ(got.r.stage("work").retried, all_failures(60));
    ASSERT_TRUE(std::ranges::equal(got.out, std::views::iota(0, 60)));
  }
}

TEST(retry, of_an_async_stage_waits_with_its_slot_and_keeps_the_order_where_it_is_promised) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const auto o = seed % 2 ? order::kept : order::any;
    manual_runtime rt(seed);
    const auto start = rt.now();
    std::vector<int> out;
    std::map<int, duration> when;
    const auto r = rt.run({"async", producer({.name = "count"}, std::views::iota(0, 60)),
                           async_transform({.name = "call", .workers = 13, .capacity = dice() % 100 + 1, .order = o},
                                           retry({.times = 3, .backoff = 1ms, .jitter = jitter::none},
                                                 [](int& n, context& c) -> asio::awaitable<int> {
                                                   if (c.attempt() <= failures_of(n))
                                                     throw std::runtime_error("not yet");
                                                   co_return n;
                                                 })),
                           consumer({.name = "sink", .capacity = dice() % 20 + 1}, [&](int n) {
                             out.push_back(n);
                             when[n] = rt.now() - start;
                           })});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.stage("call").retried, all_failures(60));
    ASSERT_EQ(out.size(), 60U);
    if (o == order::kept) {
      ASSERT_TRUE(std::ranges::equal(out, std::views::iota(0, 60)));
    } else {
      for (int n = 0; n < 60; ++n) EXPECT_EQ(when.at(n), doubled(failures_of(n), 1ms)) << "item " << n;
    }
  }
}

TEST(retry, does_not_swallow_the_notices_of_items_that_come_while_it_backs_off) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    const auto start = rt.now();
    queue<int> input(100);
    std::vector<std::pair<int, duration>> out;
    const auto body = [](int& n, context& c) {
      if (n < 2 && c.attempt() == 1) throw std::runtime_error("not yet");
      return n;
    };
    const auto run = rt.start({"arriving", producer({.name = "read"}, input),
                               transform({.name = "work", .workers = 3, .on = seed % 2 ? place::cpu : place::blocking},
                                         retry({.backoff = 1h, .most = 1h, .jitter = jitter::none}, body)),
                               consumer({.name = "sink"}, [&](int n) { out.emplace_back(n, rt.now() - start); })});
    for (int n = 0; n < 10; ++n) {
      EXPECT_EQ(input.try_put(std::move(n)).state, state::ok);
      rt.advance(1s);
    }
    input.close();
    EXPECT_TRUE(run.wait().balanced());
    ASSERT_EQ(out.size(), 10U);
    for (int n = 2; n < 10; ++n) EXPECT_EQ(out[static_cast<std::size_t>(n - 2)], std::pair(n, duration(n * 1s)));
    EXPECT_EQ(out[8], std::pair(0, duration(1h)));
    EXPECT_EQ(out[9], std::pair(1, duration(1h + 1s)));
    EXPECT_EQ(input.snapshot().unfinished, 0U);
  }
}

TEST(retry, leaves_the_last_error_to_the_policy_of_the_stage) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    const auto start = rt.now();
    const bool skips = seed % 2 == 0;
    const auto r = rt.run({"last", producer({.name = "count"}, std::views::iota(0, 10)),
                           consumer({.name = "store", .workers = seed % 3 + 1, .on_error = skips ? skip : fail_fast},
                                    retry({.times = 2, .backoff = 1s, .jitter = jitter::none}, [](int& n, context& c) {
                                      if (n == 5) throw std::runtime_error("attempt " + std::to_string(c.attempt()));
                                    }))});
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.state(), skips ? end_state::completed : end_state::failed);
    EXPECT_EQ(r.stage("store").failed, 1U);
    EXPECT_EQ(r.stage("store").retried, 2U);
    ASSERT_EQ(r.errors.size(), 1U);
    EXPECT_EQ(r.errors[0].item, 5U);
    EXPECT_EQ(r.errors[0].message, "attempt 3");
    EXPECT_EQ(rt.now() - start, 3s);
  }
}

TEST(retry, waits_a_random_part_of_its_back_off_which_is_the_same_for_the_same_seed) {
  const auto instants = [](std::uint64_t seed) {
    manual_runtime rt(seed);
    std::vector<duration> when;
    auto last = rt.now();
    const auto r = rt.run(
        {"random", producer({.name = "one"}, std::vector{1}),
         consumer({.name = "store", .on_error = skip}, retry({.times = 10, .backoff = 100ms, .most = 2s}, [&](int&) {
                    when.push_back(rt.now() - last);
                    last = rt.now();
                    throw std::runtime_error("never");
                  }))});
    EXPECT_EQ(r.stage("store").retried, 10U);
    return when;
  };
  const retry_rules rules({.times = 10, .backoff = 100ms, .most = 2s});
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto when = instants(seed);
    ASSERT_EQ(when, instants(seed));
    ASSERT_EQ(when.size(), 11U);
    std::size_t full = 0;
    for (unsigned k = 1; k <= 10; ++k) {
      EXPECT_LE(when[k], rules.ceiling(k));
      full += when[k] == rules.ceiling(k) ? 1 : 0;
    }
    EXPECT_LT(full, 2U);
  }
}

/// A line whose only item fails for ever; its stage is of any kind.
pipeline hopeless(std::uint64_t kind, queue<int>& input) {
  constexpr auto body = [](const int&, context&) -> int { throw std::runtime_error("never"); };
  const retry_options options{.times = 1000, .backoff = 1h, .most = 1h, .jitter = jitter::none};
  const auto sink = consumer({.name = "sink"}, [](int) {});
  switch (kind % 5) {
    case 0: return {"serial", producer({.name = "in"}, input), transform({.name = "work"}, retry(options, body)), sink};
    case 1:
      return {"parallel", producer({.name = "in"}, input),
              transform({.name = "work", .workers = 3}, retry(options, body)), sink};
    case 2:
      return {"ordered", producer({.name = "in"}, input),
              transform({.name = "work", .workers = 3, .order = order::kept}, retry(options, body)), sink};
    case 3:
      return {"sink", producer({.name = "in"}, input), consumer({.name = "work", .workers = 2}, retry(options, body))};
    default:
      return {"async", producer({.name = "in"}, input),
              async_transform({.name = "work", .workers = 3, .order = kind % 2 ? order::kept : order::any},
                              retry(options, [](int&) -> asio::awaitable<int> { throw std::runtime_error("never"); })),
              sink};
  }
}

TEST(retry, ends_its_back_off_at_once_on_a_cancel_and_drops_the_item) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    queue<int> input(10);
    auto run = rt.start(hopeless(seed, input));
    EXPECT_EQ(input.try_put(1).state, state::ok);
    rt.advance(30min + std::chrono::hours(seed % 3));
    const auto then = rt.now();
    run.cancel();
    const auto r = run.wait();
    EXPECT_EQ(rt.now(), then);
    EXPECT_EQ(r.state(), end_state::cancelled);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.stage("work").dropped, 1U);
    EXPECT_EQ(r.stage("work").retried, seed % 3);
    EXPECT_EQ(input.snapshot().unfinished, 0U);
    run = {};
    rt.advance(10h);  // an alarm that was left would ring for somebody who is gone
  }
}

TEST(retry, drops_an_item_whose_attempt_fails_after_a_cancel) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    const auto last = seed % 2 == 0;
    const retry_options options{.times = last ? 0U : 1U, .backoff = 1s};
    const auto fails = [](int&, context& c) -> int {
      c.cancel();
      throw std::runtime_error("after the cancel");
    };
    const auto fails_async = [](int&, context& c) -> asio::awaitable<int> {
      co_await async_sleep(1s);
      c.cancel();
      throw std::runtime_error("after the cancel");
    };
    const auto run_with = [&](auto stage) {
      return rt.run(
          {"p", producer({.name = "one"}, std::vector{1}), std::move(stage), consumer({.name = "sink"}, [](int) {})});
    };
    const auto r = seed % 4 < 2 ? run_with(transform({.name = "work", .workers = seed % 3 + 1}, retry(options, fails)))
                                : run_with(async_transform({.name = "work"}, retry(options, fails_async)));
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.state(), last ? end_state::failed : end_state::cancelled) << "the last attempt's failure is one";
    EXPECT_EQ(r.stage("work").dropped, last ? 0U : 1U);
  }
}

TEST(retry, goes_on_after_a_stop_and_until_the_deadline_of_a_drain) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    queue<int> input(10);
    const auto start = rt.now();
    const auto run = rt.start(hopeless(seed, input));
    EXPECT_EQ(input.try_put(1).state, state::ok);
    rt.advance(1min);
    if (seed % 2 == 0) {
      run.stop();
      rt.advance(5h);
    }
    run.drain(5h);
    const auto r = run.wait();
    EXPECT_EQ(rt.now() - start, 1min + (seed % 2 == 0 ? 10h : 5h));
    EXPECT_EQ(r.state(), end_state::cancelled);
    EXPECT_EQ(r.reason, stop_reason::deadline);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.stage("work").retried, seed % 2 == 0 ? 10U : 5U);
    EXPECT_EQ(r.stage("work").dropped, 1U);
  }
}

TEST(retry, gives_every_attempt_the_item_as_it_was_in_every_kind_of_stage) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    const auto workers = dice() % 4 + 1;
    const auto o = dice() % 2 ? order::kept : order::any;
    const retry_options twice{.times = 2, .backoff = 3ms};
    const auto fails_at_first = [](const std::string& word, context& c) {
      EXPECT_EQ(word, "a word that is too long to be kept in place");
      if (c.attempt() <= c.item() % 3) throw std::runtime_error("not yet");
    };
    std::size_t done = 0;
    const auto r = rt.run(
        {"all",
         producer({.name = "words"}, std::vector<std::string>(50, "a word that is too long to be kept in place")),
         filter({.name = "filter", .workers = workers, .order = o}, retry(twice,
                                                                          [&](const std::string& word, context& c) {
                                                                            fails_at_first(word, c);
                                                                            return true;
                                                                          })),
         transform({.name = "move", .workers = workers, .order = o}, retry(twice,
                                                                           [&](auto& word, context& c) {
                                                                             fails_at_first(word, c);
                                                                             return std::move(word);
                                                                           })),
         filter_map({.name = "maybe", .workers = workers, .order = o}, retry(twice,
                                                                             [&](std::string& word, context& c) {
                                                                               fails_at_first(word, c);
                                                                               return std::optional(std::move(word));
                                                                             })),
         flat_map({.name = "many", .workers = workers, .order = o}, retry(twice,
                                                                          [&](std::string& word, context& c) {
                                                                            fails_at_first(word, c);
                                                                            return std::vector{word, word};
                                                                          })),
         consumer({.name = "sink", .workers = workers}, retry(twice, [&](std::string& word, context& c) {
                    fails_at_first(word, c);
                    ++done;
                  }))});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(done, 100U);
    for (const auto* stage : {"filter", "move", "maybe", "many"}) EXPECT_EQ(r.stage(stage).retried, 49U) << stage;
    EXPECT_EQ(r.stage("sink").retried, 99U);
    EXPECT_EQ(r.stage("many").done, 50U);
  }
}

TEST(retry, around_per_worker_keeps_the_state_of_the_worker_and_finishes_it) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    struct adder {
      std::vector<int>* sums;
      int sum = 0;
      void operator()(int& n, context& c) {
        if (c.attempt() == 1 && n % 2 == 1) throw std::runtime_error("not yet");
        sum += n;
      }
      void finish(context&) const { sums->push_back(sum); }
    };
    std::vector<int> sums;
    const auto r = rt.run(
        {"sums", producer({.name = "count"}, std::views::iota(0, 100)),
         consumer({.name = "add", .workers = 3}, retry({.backoff = 1ms}, per_worker([&] { return adder{&sums}; })))});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r.stage("add").retried, 50U);
    ASSERT_EQ(sums.size(), 3U);
    EXPECT_EQ(sums[0] + sums[1] + sums[2], 4950);
  }
}

}  // namespace
