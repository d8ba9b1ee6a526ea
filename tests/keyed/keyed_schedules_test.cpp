// Keyed stages under 200 schedules each: which worker gets what, in which order, and what becomes of all of it.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <ranges>
#include <set>
#include <stdexcept>
#include <vector>

#include "penstock/core/partition.hpp"
#include "penstock/penstock.hpp"
#include "penstock/testing/manual_runtime.hpp"

namespace {

using namespace penstock;
using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr std::uint64_t seeds = 200;

/// An item: the key, and the how-manieth of its key it is.
struct entry {
  int key = 0;
  int number = 0;
};

/// A random stream, the same for the same dice.
std::vector<entry> random_entries(std::mt19937_64& dice, int count, int keys) {
  std::map<int, int> last;
  std::vector<entry> all;
  for (int i = 0; i < count; ++i) {
    // Some keys are much more frequent than others.
    const int key = static_cast<int>(dice() % (dice() % static_cast<unsigned>(keys) + 1));
    all.push_back({key, last[key]++});
  }
  return all;
}

/// Hears of items where their order matters.
class listener {
 public:
  /// At most some may be missing, but none may come late.
  void saw(const entry& e) {
    const auto [at, is_new] = last_.try_emplace(e.key, -1);
    EXPECT_GT(e.number, at->second) << "key " << e.key;
    at->second = e.number;
    ++seen_;
  }
  [[nodiscard]] std::uint64_t seen() const { return seen_; }

 private:
  std::map<int, int> last_;
  std::uint64_t seen_ = 0;
};

TEST(keyed, gives_all_items_of_a_key_to_one_worker_and_keeps_their_order) {
  std::set<std::size_t> busy;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    const auto entries = random_entries(dice, 300, 20);
    const auto workers = dice() % 5 + 1;
    const auto where = dice() % 2 == 0 ? place::cpu : place::blocking;
    listener in_bodies, after;
    std::map<int, std::size_t> worker_of;
    const auto r = rt.run(
        {"keys", producer({.name = "read"}, entries),
         keyed_transform({.name = "apply", .workers = workers, .capacity = dice() % 20 + 1, .on = where}, &entry::key,
                         [&](const entry& e, context& c) {
                           in_bodies.saw(e);
                           EXPECT_EQ(worker_of.try_emplace(e.key, c.worker()).first->second, c.worker());
                           busy.insert(c.worker());
                           return e;
                         }),
         consumer({.name = "sink", .capacity = dice() % 9 + 1}, [&](const entry& e) { after.saw(e); })});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(after.seen(), entries.size());
    EXPECT_LE(r.edges[0].peak, r.edges[0].capacity);
  }
  EXPECT_EQ(busy.size(), 5U) << "some worker never had anything to do";
}

TEST(keyed, consumer_keeps_the_order_of_every_key_too) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    const auto entries = random_entries(dice, 300, 20);
    listener seen;
    const auto r = rt.run({"keys", producer({.name = "read"}, entries),
                           keyed_consumer({.name = "apply", .workers = dice() % 5 + 1, .capacity = dice() % 20 + 1},
                                          &entry::key, [&](const entry& e) { seen.saw(e); })});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(seen.seen(), entries.size());
  }
}

TEST(keyed, numbers_its_items_as_they_came_whichever_worker_gets_them) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    std::uint64_t items = 0;
    const auto r = rt.run({"numbers", producer({.name = "count"}, std::views::iota(0, 100)),
                           keyed_consumer(
                               {.name = "apply", .workers = 3, .capacity = seed % 20 + 1}, [](int n) { return n % 7; },
                               [&](int n, context& c) {
                                 ++items;
                                 EXPECT_EQ(c.item(), static_cast<std::uint64_t>(n));
                               })});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(items, 100U);
  }
}

/// What a per_worker body counts for each of its keys.
struct tally_of_keys {
  std::map<int, int>* all;
  std::map<int, int> own{};

  int operator()(const entry& e) { return ++own[e.key]; }
  void finish(context&) {
    for (const auto& [key, count] : own) EXPECT_TRUE(all->emplace(key, count).second) << "another worker had " << key;
  }
};

TEST(keyed, lets_a_body_per_worker_keep_state_per_key_and_finishes_it_after_its_last_item) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    const auto entries = random_entries(dice, 200, 20);
    std::map<int, int> expected, all;
    for (const auto& e : entries) ++expected[e.key];
    const auto r = rt.run({"state", producer({.name = "read"}, entries),
                           keyed_transform({.name = "count", .workers = dice() % 5 + 1, .capacity = dice() % 20 + 1},
                                           &entry::key, per_worker([&] { return tally_of_keys{&all}; })),
                           consumer({.name = "sink"}, [](int) {})});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(all, expected);
  }
}

TEST(keyed, fails_items_whose_body_or_key_of_throws_and_goes_on_with_the_others_of_the_key) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    const auto entries = random_entries(dice, 300, 20);
    const auto bad_key = [](const entry& e) { return e.number % 5 == 3; };
    const auto bad_body = [](const entry& e) { return e.number % 7 == 4; };
    std::uint64_t bad = 0;
    for (const auto& e : entries) bad += bad_key(e) || bad_body(e) ? 1 : 0;
    listener after;
    const auto r =
        rt.run({"errors", producer({.name = "read"}, entries),
                keyed_transform(
                    {.name = "apply", .workers = dice() % 5 + 1, .capacity = dice() % 20 + 1, .on_error = skip},
                    [&](const entry& e) {
                      if (bad_key(e)) throw std::runtime_error("no key");
                      return e.key;
                    },
                    [&](const entry& e) {
                      if (bad_body(e)) throw std::runtime_error("no result");
                      return e;
                    }),
                consumer({.name = "sink"}, [&](const entry& e) { after.saw(e); })});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.stage("apply").in, entries.size());
    EXPECT_EQ(r.stage("apply").failed, bad);
    EXPECT_EQ(after.seen(), entries.size() - bad);
    EXPECT_EQ(r.errors.size(), std::min<std::uint64_t>(bad, 100));
    for (const auto& e : r.errors) {
      const auto& item = entries.at(e.item);
      EXPECT_EQ(e.message, bad_key(item) ? "no key" : "no result");
    }
  }
}

TEST(keyed, ends_the_run_with_the_exception_of_a_key_of_unless_told_to_skip) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    manual_runtime rt(seed);
    const auto r = rt.run({"fails", producer({.name = "count"}, std::views::iota(0)),
                           keyed_consumer(
                               {.name = "apply", .workers = 3, .capacity = seed % 30 + 1},
                               [](int n) {
                                 if (n == 77) throw std::runtime_error("no key");
                                 return n;
                               },
                               [](int) {})});
    EXPECT_EQ(r.state(), end_state::failed);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_THROW(r.rethrow(), std::runtime_error);
    ASSERT_EQ(r.errors.size(), 1U);
    EXPECT_EQ(r.errors[0].item, 77U);
  }
}

/// An item that counts how many of it are alive.
class alive {
 public:
  alive(std::int64_t& count, entry e) : count_(&count), what_(e) { ++*count_; }
  alive(alive&& other) noexcept : count_(std::exchange(other.count_, nullptr)), what_(other.what_) {}
  ~alive() {
    if (count_ != nullptr) --*count_;
  }
  [[nodiscard]] const entry& what() const { return what_; }

 private:
  std::int64_t* count_;
  entry what_;
};

/// Anything may happen: bodies that throw, an end at any time, a reader that leaves. What holds all the same.
TEST(keyed, loses_nothing_and_stays_within_its_bound_however_the_run_ends) {
  std::array<int, 4> ended{};
  for (std::uint64_t seed = 1; seed <= 10 * seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    const auto entries = random_entries(dice, static_cast<int>(dice() % 200) + 1, 20);
    std::int64_t count = 0;
    std::int64_t most = 0;
    const auto one_in = [&dice](std::uint64_t n) { return dice() % n == 0; };
    const auto maybe_throw = [&](std::uint64_t n) {
      if (one_in(n)) throw std::runtime_error("bad luck");
    };
    const auto policy = one_in(4) ? fail_fast : skip;
    const auto where = one_in(2) ? place::cpu : place::blocking;
    const auto capacity = dice() % 20 + 1;
    const auto sink_capacity = dice() % 5 + 1;
    const auto workers = dice() % 5 + 1;
    const auto room = dice() % 5 + 1;
    queue<alive> out(room);
    listener after;
    const pipeline line{
        "anything",
        producer({.name = "read"},
                 [&, i = std::size_t{0}]() mutable -> std::optional<alive> {
                   if (i == entries.size()) return std::nullopt;
                   most = std::max(most, count + 1);
                   return alive(count, entries[i++]);
                 }),
        keyed_transform(
            {.name = "apply", .workers = workers, .capacity = capacity, .on = where, .on_error = policy},
            [&](const alive& a) {
              maybe_throw(80);
              return a.what().key;
            },
            [&](alive a) {
              maybe_throw(40);
              return a;
            }),
        consumer({.name = "sink", .capacity = sink_capacity}, into(out))};
    const auto run = rt.start(line);
    // The queue's own items come on top of the run's.
    const auto bound = static_cast<std::int64_t>(line.bound() + room);
    const auto closes_after = one_in(3) ? dice() % 100 : 1000;
    std::uint64_t got = 0;
    const auto read = [&] {
      while (auto item = out.try_get()) {
        after.saw(item->what());
        if (++got == closes_after) out.close();
      }
    };
    const auto steps = dice() % 400;
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

TEST(keyed, finishes_everything_that_was_accepted_before_a_stop) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    std::uint64_t seen = 0;
    const auto run = rt.start({"stop", producer({.name = "count"}, std::views::iota(0)),
                               keyed_consumer(
                                   {.name = "apply", .workers = 3, .capacity = dice() % 30 + 1},
                                   [](int n) { return n % 11; }, [&](int) { ++seen; })});
    for (std::uint64_t i = dice() % 200; i > 0; --i) rt.step();
    run.stop();
    const auto r = run.wait();
    EXPECT_EQ(r.state(), end_state::stopped);
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(r.dropped(), 0U);
    EXPECT_EQ(seen, r.stage("count").done);
  }
}

TEST(keyed, pays_for_every_item_of_a_source_queue_exactly_once) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    manual_runtime rt(seed);
    queue<int> input(100);
    for (int n = 0; n < 100; ++n) {
      int item = n;
      EXPECT_EQ(input.try_put(std::move(item)).state, state::ok);
    }
    input.close();
    const auto run = rt.start({"receipts", producer({.name = "read"}, input),
                               keyed_transform(
                                   {.name = "apply", .workers = 3, .capacity = dice() % 9 + 1, .on_error = skip},
                                   [](int n) {
                                     if (n % 10 == 3) throw std::runtime_error("no key");
                                     return n % 7;
                                   },
                                   [](int n) {
                                     if (n % 10 == 5) throw std::runtime_error("no result");
                                     return n;
                                   }),
                               consumer({.name = "sink"}, [](int) {})});
    for (std::uint64_t i = dice() % 100; i > 0; --i) rt.step();
    if (dice() % 2 == 0) run.cancel();
    const auto r = run.wait();
    EXPECT_TRUE(r.balanced()) << r;
    EXPECT_EQ(input.snapshot().unfinished, input.snapshot().size);
  }
}

}  // namespace
