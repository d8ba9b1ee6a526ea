// Many threads and coroutines at once, with stops, deadlines, closes and cancels in between. Whatever happens, every
// item is accounted for: it was got, or dropped and counted, or it is still with whoever wanted to put it.
//
// PENSTOCK_SEED: the one that a failure names (from the clock).
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/counted.hpp"
#include "penstock/sync/queue.hpp"
#include "support/watchdog.hpp"

namespace penstock {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::counted;

/// Another one each time: what a machine never tried it cannot find.
unsigned first_seed() {
  const char* const told = std::getenv("PENSTOCK_SEED");
  const auto now = static_cast<std::uint64_t>(clock::now().time_since_epoch().count());
  const auto seed = static_cast<unsigned>(told != nullptr ? std::strtoull(told, nullptr, 10) : now % 1'000'000'000);
  std::cout << "PENSTOCK_SEED=" << seed << std::endl;
  return seed;
}

struct tally {
  std::atomic<std::uint64_t> put{0};
  std::atomic<std::uint64_t> got{0};
  std::atomic<std::uint64_t> put_sum{0};
  std::atomic<std::uint64_t> got_sum{0};

  void saw_put(int value) { ++put, put_sum += static_cast<std::uint64_t>(value); }
  void saw_got(int value) { ++got, got_sum += static_cast<std::uint64_t>(value); }
};

/// A limit that now and then ends the wait early.
wait_limits some_limits(std::mt19937& random, std::stop_source& source) {
  switch (random() % 4) {
    case 0: return within(std::chrono::microseconds(random() % 50));
    case 1: return {.stop = source.get_token()};
    case 2:
      return {.stop = source.get_token(), .until = after(clock::now(), std::chrono::microseconds(random() % 100))};
    default: return {};
  }
}

void put_from_a_thread(queue<counted>& q, tally& counts, unsigned seed, int items) {
  std::mt19937 random(seed);
  for (int i = 0; i < items; ++i) {
    counted item(i);
    for (;;) {
      std::stop_source source;
      if (random() % 8 == 0) source.request_stop();
      const state said = q.put(std::move(item), some_limits(random, source)).state;
      ASSERT_EQ(item.value == counted::taken, said == state::ok);
      if (said == state::ok) counts.saw_put(i);
      if (said == state::closed) return;
      if (said == state::ok || said == state::cancelled) break;
    }
    if (q.snapshot().cancelled) return;
  }
}

void get_from_a_thread(queue<counted>& q, tally& counts, unsigned seed) {
  std::mt19937 random(seed);
  for (;;) {
    std::stop_source source;
    const got<counted> item = q.get(some_limits(random, source));
    if (item.state() == state::ok) {
      counts.saw_got(item->value);
      q.task_done();
    } else if (item.state() == state::closed || q.snapshot().cancelled) {
      return;
    }
  }
}

asio::awaitable<void> put_from_a_coroutine(queue<counted>& q, tally& counts, unsigned seed, int items) {
  std::mt19937 random(seed);
  for (int i = 0; i < items; ++i) {
    counted item(i);
    std::stop_source source;
    wait_limits limits = some_limits(random, source);
    try {
      co_await q.async_put(std::move(item), std::move(limits));
      counts.saw_put(i);
    } catch (const error& e) {
      EXPECT_NE(item.value, counted::taken);
      if (e.code() == errc::closed || q.snapshot().cancelled) co_return;
    }
  }
}

asio::awaitable<void> get_from_a_coroutine(queue<counted>& q, tally& counts, unsigned seed) {
  std::mt19937 random(seed);
  for (;;) {
    std::stop_source source;
    wait_limits limits = some_limits(random, source);
    const auto item = co_await q.async_get(std::move(limits));
    if (item.state() == state::ok) {
      counts.saw_got(item->value);
      q.task_done();
    } else if (item.state() == state::closed || q.snapshot().cancelled) {
      co_return;
    }
  }
}

enum class ending { close, cancel };

void storm(unsigned seed, ending how) {
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  const long before = counted::alive;
  constexpr int items = 1500;
  {
    queue<counted> q(3);
    const auto shown = penstock_tests::watch("of the storm", q);
    tally counts;
    asio::io_context io;
    std::vector<std::thread> putters, others;
    for (unsigned i = 0; i < 2; ++i) {
      putters.emplace_back([&, i] { put_from_a_thread(q, counts, seed + i, items); });
      others.emplace_back([&, i] { get_from_a_thread(q, counts, seed + 10 + i); });
      asio::co_spawn(io, put_from_a_coroutine(q, counts, seed + 20 + i, items), asio::detached);
      asio::co_spawn(io, get_from_a_coroutine(q, counts, seed + 30 + i), asio::detached);
    }
    others.emplace_back([&] { io.run(); });
    if (how == ending::cancel) {
      while (q.snapshot().got < seed % 1000) std::this_thread::yield();
      q.cancel();
    }
    for (auto& t : putters) t.join();
    if (how == ending::close) q.close();
    for (auto& t : others) t.join();

    const queue_snapshot s = q.snapshot();
    EXPECT_EQ(s.put, counts.put);
    EXPECT_EQ(s.got, counts.got);
    EXPECT_EQ(s.put, s.got + s.dropped);
    EXPECT_EQ(s.size, 0u);
    EXPECT_EQ(s.unfinished, 0u);
    EXPECT_LE(s.peak, 3u);
    EXPECT_EQ(s.waiting_getters + s.waiting_putters + s.waiting_joiners, 0u);
    if (how == ending::close) {
      EXPECT_EQ(counts.put_sum, counts.got_sum);
      EXPECT_EQ(s.dropped, 0u);
    }
    EXPECT_TRUE(q.join());
  }
  EXPECT_EQ(counted::alive, before);
}

TEST(queue_storm, conserves_items_until_it_is_closed) {
  penstock_tests::watchdog dog;
  const auto first = first_seed();
  for (unsigned i = 0; i < 4; ++i) {
    dog.begins("a storm");
    storm(first + i * 100, ending::close);
  }
}

TEST(queue_storm, conserves_items_when_it_is_cancelled_in_the_middle) {
  penstock_tests::watchdog dog;
  const auto first = first_seed();
  for (unsigned i = 0; i < 8; ++i) {
    dog.begins("a storm");
    storm(first + i * 137, ending::cancel);
  }
}

TEST(queue_storm, a_cancel_races_a_hand_off_and_the_item_is_in_one_place) {
  constexpr int rounds = 10'000;
  queue<int> q(1);
  std::stop_source source;
  state said = state::empty;
  std::atomic<int> started{0}, getter_done{0}, putter_done{0};
  const auto wait_for = [](const std::atomic<int>& counter, int round) {
    while (counter < round) std::this_thread::yield();
  };
  std::thread getter([&] {
    for (int round = 1; round <= rounds; ++round) {
      wait_for(started, round);
      said = q.get({.stop = source.get_token()}).state();
      getter_done = round;
    }
  });
  std::thread putter([&] {
    for (int round = 1; round <= rounds; ++round) {
      wait_for(started, round);
      EXPECT_TRUE(q.put(1));
      putter_done = round;
    }
  });
  int lost = 0;
  for (int round = 1; round <= rounds; ++round) {
    source = std::stop_source();
    started = round;
    if (round % 2) std::this_thread::yield();
    source.request_stop();
    wait_for(getter_done, round);
    wait_for(putter_done, round);
    const bool left = static_cast<bool>(q.try_get());
    lost += left != (said == state::cancelled);
  }
  getter.join();
  putter.join();
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(q.snapshot().put, static_cast<std::uint64_t>(rounds));
}

TEST(queue_storm, keeps_the_order_of_every_producer_for_every_consumer) {
  constexpr int producers = 3, consumers = 3, items = 3000;
  queue<std::pair<int, int>> q(4);
  std::vector<std::thread> threads;
  std::atomic<int> left{producers};
  for (int p = 0; p < producers; ++p)
    threads.emplace_back([&, p] {
      for (int i = 0; i < items; ++i) ASSERT_TRUE(q.put({p, i}));
      if (--left == 0) q.close();
    });
  std::atomic<int> seen{0};
  for (int c = 0; c < consumers; ++c)
    threads.emplace_back([&] {
      std::array<int, producers> last{-1, -1, -1};
      while (auto item = q.get()) {
        auto& before = last[static_cast<std::size_t>(item->first)];
        ASSERT_LT(before, item->second);
        before = item->second;
        ++seen;
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(seen, producers * items);
}

TEST(queue_storm, batches_of_all_sizes_conserve_items_and_never_hang) {
  const auto first = first_seed();
  constexpr int putters = 3, getters = 3, items = 20'000;
  queue<int> q(7);
  std::atomic<long> sum{0};
  std::atomic<int> left{putters};
  std::vector<std::thread> threads;
  for (unsigned p = 0; p < putters; ++p)
    threads.emplace_back([&, p] {
      std::mt19937 random(first + p);
      for (int sent = 0; sent < items;) {
        std::vector<int> batch(1 + random() % 20, 1);
        ASSERT_EQ(q.put_n(batch).accepted, batch.size());
        sent += static_cast<int>(batch.size());
        sum -= static_cast<long>(batch.size());
      }
      if (--left == 0) q.close();
    });
  for (unsigned g = 0; g < getters; ++g)
    threads.emplace_back([&, g] {
      std::mt19937 random(first + 50 + g);
      std::vector<int> out;
      for (;;) {
        out.clear();
        if (q.get_n(out, 1 + random() % 20).state != state::ok) return;
        sum += static_cast<long>(out.size());
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(sum, 0);
}

}  // namespace
}  // namespace penstock
