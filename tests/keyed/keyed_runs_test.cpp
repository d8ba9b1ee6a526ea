// Keyed stages on real threads: order per key, and bodies that take long.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <ranges>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "penstock/core/partition.hpp"
#include "penstock/penstock.hpp"
#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;

/// The smallest key of a worker.
int key_for(std::size_t worker, std::size_t workers) {
  int key = 0;
  while (partition_of(std::hash<int>{}(key), workers) != worker) ++key;
  return key;
}

void keeps_the_order_of_every_key(std::size_t threads, std::size_t workers, std::size_t capacity, place where) {
  constexpr int keys = 37;
  constexpr int items = 5'000;
  runtime rt({.cpu_workers = threads});
  std::vector<int> in_body(keys, -1), after(keys, -1);  // each written by the worker of the key, without a lock
  const auto in_order = [](std::vector<int>& last, int n) {
    auto& before = last[static_cast<std::size_t>(n % keys)];
    EXPECT_LT(before, n);
    before = n;
  };
  const auto r = finish(
      rt, {"keys", producer({.name = "count"}, std::views::iota(0, items)),
           keyed_transform(
               {.name = "apply", .workers = workers, .capacity = capacity, .on = where}, [](int n) { return n % keys; },
               [&](int n) {
                 in_order(in_body, n);
                 return n;
               }),
           consumer({.name = "sink", .capacity = capacity}, [&](int n) { in_order(after, n); })});
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.stages.back().done, static_cast<std::uint64_t>(items));
}

TEST(keyed_run, keeps_the_order_of_every_key_whatever_the_workers_and_threads) {
  for (const std::size_t threads : {1U, 2U}) {
    for (const std::size_t workers : {1U, 2U, 4U}) {
      for (const std::size_t capacity : {1U, 7U, 1024U}) {
        for (const auto where : {place::cpu, place::blocking}) {
          keeps_the_order_of_every_key(threads, workers, capacity, where);
        }
      }
    }
  }
}

// [state]
struct payment {
  std::string account;
  int cents = 0;
};

struct balance {
  std::string account;
  int cents = 0;
};

/// The body of one worker: it alone sees the payments of its accounts, one after the other.
class add_up {
 public:
  balance operator()(const payment& p) { return {p.account, cents_[p.account] += p.cents}; }

 private:
  std::unordered_map<std::string, int> cents_;  // needs no lock
};

template <class Show>
pipeline balances(std::vector<payment> payments, Show show) {
  return {"balances",  //
          producer({.name = "read"}, std::move(payments)),
          keyed_transform({.name = "add up", .workers = 4}, &payment::account, per_worker([] { return add_up(); })),
          consumer({.name = "show"}, show)};
}
// [/state]

TEST(keyed_run, needs_no_lock_for_what_a_worker_keeps_of_its_keys) {
  std::vector<payment> payments;
  std::map<std::string, std::vector<int>> expected, shown;
  for (int i = 0; i < 10'000; ++i) {
    payments.push_back({"account " + std::to_string(i % 101), i});
    auto& steps = expected[payments.back().account];
    steps.push_back(i + (steps.empty() ? 0 : steps.back()));
  }
  runtime rt({.cpu_workers = 2});
  EXPECT_TRUE(finish(rt, balances(payments, [&](const balance& b) { shown[b.account].push_back(b.cents); })).ok());
  EXPECT_EQ(shown, expected);
}

/// The body of the first item waits until the other worker has done all of its items, while more of the slow key wait
/// behind it and take up almost all of the edge.
TEST(keyed_run, does_not_hold_up_other_keys_behind_a_body_that_takes_long) {
  constexpr long others = 1000;
  for (const auto where : {place::cpu, place::blocking}) {
    for (const int behind : {0, 5}) {
      runtime rt({.cpu_workers = 2});
      const int slow = key_for(0, 2);
      const int quick = key_for(1, 2);
      std::vector<int> keys(static_cast<std::size_t>(1 + behind), slow);
      keys.insert(keys.end(), others, quick);
      count_up done;
      bool first = true;
      const auto r = finish(rt, {"slow key", producer({.name = "read"}, keys),
                                 keyed_consumer({.name = "apply", .workers = 2, .capacity = 8, .on = where},
                                                std::identity{}, [&](int key) {
                                                  if (key == quick) return done.add();
                                                  if (std::exchange(first, false)) done.wait_for(others);
                                                })});
      EXPECT_TRUE(r.ok());
    }
  }
}

/// After thousands of cheap items, when a worker has many at once, one waits until everything made before it was seen:
/// so what its worker held back was taken from it meanwhile. What was behind it must come to the same worker, in order.
TEST(keyed_run, passes_on_what_was_made_before_a_body_that_takes_long_and_leaves_what_comes_after_it_to_its_worker) {
  constexpr int cheap = 20'000;
  constexpr int items = cheap + 5000;
  struct key_state {
    std::size_t worker = 99;
    int last = -1;
  };
  for (const std::size_t capacity : {1U, 7U, 1024U}) {
    for (const std::size_t workers : {1U, 3U}) {
      runtime rt({.cpu_workers = 3});
      count_up seen;
      std::vector<key_state> keys(10);
      const auto r =
          finish(rt, {"surprise", producer({.name = "count"}, std::views::iota(0, items)),
                      keyed_transform(
                          {.name = "wait", .workers = workers, .capacity = capacity}, [](int n) { return n % 10; },
                          [&](int n, context& c) {
                            auto& key = keys[static_cast<std::size_t>(n % 10)];
                            EXPECT_TRUE(key.last == -1 || key.worker == c.worker());
                            EXPECT_EQ(n, key.last == -1 ? n % 10 : key.last + 10);
                            key = {c.worker(), n};
                            if (n == cheap) seen.wait_for(n);
                            return n;
                          }),
                      consumer({.name = "sink", .capacity = capacity}, [&](int n) {
                        if (n < cheap) seen.add();
                      })});
      EXPECT_TRUE(r.ok());
      EXPECT_EQ(seen.value(), cheap);
      for (const auto& key : keys) EXPECT_GE(key.last, items - 10);
    }
  }
}

TEST(keyed_run, that_is_cancelled_while_a_body_takes_long_counts_what_waited_behind_it) {
  for (const auto where : {place::cpu, place::blocking}) {
    runtime rt({.cpu_workers = 2});
    event inside;
    const auto live =
        rt.start({"cancel", producer({.name = "count"}, endless()),
                  keyed_transform(
                      {.name = "wait", .workers = 4, .capacity = 64, .on = where}, [](int n) { return n % 10; },
                      [&](int n, context& c) {
                        if (n == 5000) {
                          inside.set();
                          wait_until_told(c);
                        }
                        return n;
                      }),
                  consumer({.name = "sink"}, [](int) {})});
    inside.wait();
    live.cancel();
    EXPECT_EQ(finish(live).state(), end_state::cancelled);
  }
}

}  // namespace
