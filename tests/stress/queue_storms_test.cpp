// Storms over queues, drawn from a seed: few threads and many, coroutines on one thread, stops and deadlines that come
// at the moment of the hand-off, several closes and cancels at once. Every item is accounted for, each producer's items
// stay in order, and everybody comes home.
//
// PENSTOCK_STRESS_SECONDS: for how long (3); PENSTOCK_FIRST_SEED: from where (from the clock);
// PENSTOCK_SEED: one storm again, the one a failure names.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "stress/random_plans.hpp"
#include "support/watchdog.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using penstock_tests::stress::dice;
using penstock_tests::stress::scramble;
namespace asio = boost::asio;

/// Counted, move-only, with the number of its producer and its own.
class letter {
 public:
  letter(unsigned from, unsigned number) noexcept : from_(from), number_(number) { ++alive(); }
  letter(letter&& other) noexcept
      : from_(other.from_), number_(other.number_), here_(std::exchange(other.here_, false)) {
    ++alive();
  }
  letter& operator=(letter&&) = delete;
  ~letter() { --alive(); }

  [[nodiscard]] unsigned from() const noexcept { return from_; }
  [[nodiscard]] unsigned number() const noexcept { return number_; }
  [[nodiscard]] bool here() const noexcept { return here_; }
  static std::atomic<long>& alive() noexcept {
    static std::atomic<long> count{0};
    return count;
  }

 private:
  unsigned from_, number_;
  bool here_ = true;
};

struct weather {
  explicit weather(std::uint64_t from) : seed(from) {
    dice d(from);
    capacity = d.between(1, 4);
    // One putter and one getter; some of each; far more than there are cores; coroutines only, on one thread.
    constexpr std::array<std::size_t, 4> sizes{1, 2, 3, 12};
    putters = sizes[d.below(4)];
    getters = sizes[d.below(4)];
    coroutines_only = d.one_in(3);
    letters = static_cast<unsigned>(d.between(1, 1500 / (putters + getters) + 1));
    when_full = d.one_in(4) ? overflow::drop_oldest : d.one_in(4) ? overflow::fail : overflow::block;
    ends = static_cast<unsigned>(d.between(0, 3));
    end_after = d.below(2 * letters);
    stops = d.one_in(2);
  }
  std::uint64_t seed;
  std::size_t capacity, putters, getters;
  bool coroutines_only;
  unsigned letters;
  overflow when_full;
  unsigned ends;  ///< 0: closed when all is put; else that many close and cancel at once, in the middle
  std::uint64_t end_after;
  bool stops;  ///< somebody stops callers all the time
};

class storm {
 public:
  explicit storm(const weather& w)
      : w_(w),
        q_({.capacity = w.capacity, .overflow = w.when_full}),
        shown_(watch("in the storm", q_)),
        stops_(w.putters + w.getters) {}

  void rages() {
    asio::io_context io(1);
    std::vector<std::jthread> threads;
    putting_ = w_.putters;
    for (std::size_t i = 0; i < w_.putters + w_.getters; ++i) {
      const bool puts = i < w_.putters;
      const bool as_coroutine = w_.coroutines_only || i % 3 == 2;
      if (as_coroutine) {
        asio::co_spawn(io, puts ? put_all(i) : get_all(i), asio::detached);
      } else {
        threads.emplace_back([this, i, puts] { puts ? put_from_a_thread(i) : get_from_a_thread(i); });
      }
    }
    threads.emplace_back([&io] { io.run(); });
    std::jthread stopper;
    if (w_.stops) stopper = std::jthread([this](const std::stop_token& enough) { stop_them(enough); });
    if (w_.ends > 0) end_it();
    // Waits with a short limit until nothing is owed: the last to leave owe nothing.
    std::jthread joiner([this] {
      while (!q_.join(within(std::chrono::microseconds(500)))) std::this_thread::yield();
    });
    threads.clear();
    joiner.join();
    stopper = {};

    const auto s = q_.snapshot();
    EXPECT_EQ(s.put, put_);
    EXPECT_EQ(s.got, got_);
    EXPECT_EQ(s.put, s.got + s.dropped);
    EXPECT_EQ(s.size, 0U);
    EXPECT_EQ(s.unfinished, 0U);
    EXPECT_LE(s.peak, w_.capacity);
    EXPECT_EQ(s.waiting_getters + s.waiting_putters + s.waiting_joiners, 0U);
    if (!s.cancelled && w_.when_full != overflow::drop_oldest) {
      EXPECT_EQ(s.dropped, 0U);
    }
  }

 private:
  /// A limit that ends some waits early, at the very moment at which the other side comes.
  wait_limits limits(std::size_t caller, dice& d) {
    wait_limits l;
    if (d.one_in(2)) {
      const std::lock_guard lock(stops_[caller].lock);
      stops_[caller].source = std::stop_source();
      l.stop = stop_token(stops_[caller].source.get_token());
    }
    if (d.one_in(3)) l.until = clock::now() + std::chrono::nanoseconds(d.below(d.one_in(2) ? 200 : 60'000));
    return l;
  }

  void stop_them(const std::stop_token& enough) {
    dice d(scramble(w_.seed));
    while (!enough.stop_requested()) {
      auto& one = stops_[d.below(stops_.size())];
      std::stop_source source(std::nostopstate);
      {
        const std::lock_guard lock(one.lock);
        source = one.source;
      }
      source.request_stop();
      if (d.one_in(2)) std::this_thread::yield();
    }
  }

  void end_it() {
    while (moved_ < w_.end_after && putting_ > 0) std::this_thread::yield();
    std::atomic<int> closed{0}, cancelled{0};
    {
      std::vector<std::jthread> all;
      for (unsigned i = 0; i < w_.ends; ++i) {
        all.emplace_back([&] { closed += q_.close(); });
        if (w_.seed % 2 == 0) all.emplace_back([&] { cancelled += q_.cancel(); });
      }
    }
    // A cancel of an open queue leaves nothing to close.
    EXPECT_LE(closed, 1);
    EXPECT_EQ(cancelled, w_.seed % 2 == 0 ? 1 : 0);
    if (w_.seed % 2 != 0) {
      EXPECT_TRUE(closed == 1 || putting_ == 0);
    }
  }

  void one_putter_less() {
    if (--putting_ == 0) q_.close();
  }

  static bool is_over(state s) { return s == state::closed || s == state::failed; }

  /// False: the queue takes no more.
  bool was_put(const letter& l, state said) {
    EXPECT_EQ(l.here(), said != state::ok);
    if (said == state::ok) ++put_, ++moved_;
    return !is_over(said) && !q_.snapshot().cancelled;
  }

  void was_got(const letter& l, std::vector<int>& last) {
    EXPECT_LT(last[l.from()], static_cast<int>(l.number()));
    last[l.from()] = static_cast<int>(l.number());
    ++got_, ++moved_;
  }

  void put_from_a_thread(std::size_t caller) {
    dice d(w_.seed + caller);
    for (unsigned i = 0; i < w_.letters; ++i) {
      letter l(static_cast<unsigned>(caller), i);
      const auto said = d.one_in(4) ? q_.try_put(std::move(l)).state : q_.put(std::move(l), limits(caller, d)).state;
      if (!was_put(l, said)) break;
    }
    one_putter_less();
  }

  void get_from_a_thread(std::size_t caller) {
    dice d(w_.seed + caller);
    std::vector<int> last(w_.putters, -1);
    for (;;) {
      const auto item = d.one_in(4) ? q_.try_get() : q_.get(limits(caller, d));
      if (item.state() == state::ok) {
        const done_guard done(q_);
        was_got(*item, last);
      } else if (is_over(item.state()) || q_.snapshot().cancelled) {
        return;
      }
    }
  }

  asio::awaitable<void> put_all(std::size_t caller) {
    dice d(w_.seed + caller);
    for (unsigned i = 0; i < w_.letters; ++i) {
      letter l(static_cast<unsigned>(caller), i);
      auto said = state::ok;
      auto how_long = limits(caller, d);
      try {
        co_await q_.async_put(std::move(l), std::move(how_long));
      } catch (const error& e) {
        said = e.code() == errc::closed ? state::closed : state::cancelled;
      }
      if (!was_put(l, said)) break;
    }
    one_putter_less();
  }

  asio::awaitable<void> get_all(std::size_t caller) {
    dice d(w_.seed + caller);
    std::vector<int> last(w_.putters, -1);
    for (;;) {
      auto how_long = limits(caller, d);
      const auto item = co_await q_.async_get(std::move(how_long));
      if (item.state() == state::ok) {
        const done_guard done(q_);
        was_got(*item, last);
      } else if (is_over(item.state()) || q_.snapshot().cancelled) {
        co_return;
      }
    }
  }

  struct stopped_caller {
    std::mutex lock;
    std::stop_source source;  // guarded by lock
  };

  const weather w_;
  queue<letter> q_;
  const watch_list::handle shown_;
  std::vector<stopped_caller> stops_;
  std::atomic<std::size_t> putting_{0};
  std::atomic<std::uint64_t> put_{0}, got_{0}, moved_{0};
};

void one_storm(watchdog& dog, std::uint64_t seed) {
  dog.begins("PENSTOCK_SEED=" + std::to_string(seed));
  storm(weather(seed)).rages();
  EXPECT_EQ(letter::alive(), 0);
}

TEST(queue_storms, lose_nothing_and_keep_the_order_of_each_producer) {
  watchdog dog;
  if (const char* again = std::getenv("PENSTOCK_SEED")) {
    const auto seed = std::strtoull(again, nullptr, 10);
    for (int i = 0; i < 100 && !HasFailure(); ++i) one_storm(dog, seed);
    return;
  }
  const char* asked = std::getenv("PENSTOCK_STRESS_SECONDS");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(asked != nullptr ? std::atol(asked) : 3);
  // Another start each time: what a machine never tried it cannot find. A failure names its seed.
  const auto first = penstock_tests::stress::first_seed();
  auto seed = first;
  while (std::chrono::steady_clock::now() < until && !HasFailure()) one_storm(dog, seed = scramble(seed));
  std::cout << dog.rounds() << " storms, from seed " << first << std::endl;
  EXPECT_FALSE(HasFailure()) << "PENSTOCK_SEED=" << seed;
}

}  // namespace
