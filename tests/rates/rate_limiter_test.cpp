#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <penstock/penstock.hpp>
#include <penstock/testing/manual_runtime.hpp>
#include <thread>
#include <vector>

namespace penstock {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct permits {
  std::vector<int> order;
  std::vector<time_point> when;
};

asio::awaitable<void> one(rate_limiter limiter, permits& seen, int number) {
  co_await limiter.async_acquire();
  seen.order.push_back(number);
  seen.when.push_back(clock::now());
}

TEST(rate_limiter, gives_permits_in_the_order_of_asking_and_evenly_spaced) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    manual_runtime machinery(seed);
    const rate_limiter limiter(per_second(100));
    permits seen;
    for (int i = 0; i < 50; ++i) {
      asio::co_spawn(machinery.io(), one(limiter, seen, i), asio::detached);
      machinery.run_until_idle();
    }
    EXPECT_EQ(limiter.waiting(), 49U);
    machinery.advance(1s);
    ASSERT_EQ(seen.order.size(), 50U) << seed;
    for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(seen.order[i], static_cast<int>(i));
    for (std::size_t i = 1; i < 50; ++i) EXPECT_GE(seen.when[i] - seen.when[i - 1], 10ms);
    EXPECT_EQ(limiter.waiting(), 0U);
  }
}

TEST(rate_limiter, lets_nobody_overtake_who_comes_just_when_a_permit_is_due) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    manual_runtime machinery(seed);
    rate_limiter limiter(per_second(100));
    permits seen;
    // As far apart as permits are; its sleep was begun first, and so ends before the alarm for the line rings.
    const auto comes_then = [&]() -> asio::awaitable<void> {
      co_await async_sleep(10'200'003ns);
      co_await one(limiter, seen, 99);
    };
    asio::co_spawn(machinery.io(), comes_then(), asio::detached);
    machinery.run_until_idle();
    ASSERT_TRUE(limiter.try_acquire());
    for (int i = 0; i < 3; ++i) {
      asio::co_spawn(machinery.io(), one(limiter, seen, i), asio::detached);
      machinery.run_until_idle();
    }
    machinery.advance(1s);
    EXPECT_THAT(seen.order, testing::ElementsAre(0, 1, 2, 99)) << seed;
  }
}

TEST(rate_limiter, takes_no_permit_along_with_who_leaves_the_line) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    manual_runtime machinery(seed);
    rate_limiter limiter(per_second(10));
    ASSERT_TRUE(limiter.try_acquire());
    std::vector<std::error_code> ended;
    stop_source stop;
    const auto leaves = [&](wait_limits limits) -> asio::awaitable<void> {
      try {
        co_await limiter.async_acquire(limits);
      } catch (const error& e) {
        ended.push_back(e.code());
      }
    };
    asio::cancellation_signal signal;
    asio::co_spawn(machinery.io(), leaves(within(50ms)), asio::detached);
    asio::co_spawn(machinery.io(), leaves(stopped_by(stop.token())), asio::detached);
    asio::co_spawn(machinery.io(), leaves({}), asio::bind_cancellation_slot(signal.slot(), asio::detached));
    machinery.run_until_idle();
    permits seen;
    asio::co_spawn(machinery.io(), one(limiter, seen, 0), asio::detached);
    machinery.run_until_idle();
    EXPECT_EQ(limiter.waiting(), 4U);
    machinery.advance(60ms);
    stop.request_stop();
    signal.emit(asio::cancellation_type::terminal);
    machinery.run_until_idle();
    EXPECT_THAT(ended, testing::ElementsAre(errc::timed_out, errc::cancelled, errc::cancelled));
    machinery.advance(43ms);  // 103 ms: the first permit after the one at the beginning
    EXPECT_EQ(seen.order.size(), 1U) << seed;
  }
}

TEST(rate_limiter, refuses_who_comes_stopped_or_too_late) {
  manual_runtime machinery;
  rate_limiter limiter(per_second(1));
  int refused = 0;
  stop_source stop;
  stop.request_stop();
  const auto comes = [&](wait_limits limits) -> asio::awaitable<void> {
    try {
      co_await limiter.async_acquire(limits);
    } catch (const error&) {
      ++refused;
    }
  };
  asio::co_spawn(machinery.io(), comes(stopped_by(stop.token())), asio::detached);
  machinery.run_until_idle();
  EXPECT_EQ(refused, 1);
  EXPECT_TRUE(limiter.try_acquire());
  EXPECT_FALSE(limiter.try_acquire());
  asio::co_spawn(machinery.io(), comes(within(0s)), asio::detached);
  machinery.run_until_idle();
  EXPECT_EQ(refused, 2);
  EXPECT_THROW(rate_limiter(rate{0}), declaration_error);
  EXPECT_THROW(rate_limiter(per_second(1), 0), declaration_error);
}

TEST(rate_limiter, keeps_its_rate_among_threads_and_stages_that_share_it) {
  constexpr int items = 400;
  const rate_limiter limiter(per_second(1000));
  std::mutex mutex;
  std::vector<time_point> when;
  const auto body = [&](int) -> asio::awaitable<void> {
    rate_limiter mine = limiter;
    co_await mine.async_acquire();
    const std::lock_guard hold(mutex);
    when.push_back(clock::now());
  };
  const auto line = [&] {
    return pipeline{
        "line",
        producer({.name = "items"}, [i = 0]() mutable { return i < items / 2 ? std::optional(i++) : std::nullopt; }),
        async_consumer({.name = "call", .workers = 20}, body)};
  };
  runtime one({.cpu_workers = 1}), other({.cpu_workers = 2});
  auto first = one.start(line()), second = other.start(line());
  EXPECT_TRUE(first.wait().ok());
  EXPECT_TRUE(second.wait().ok());
  ASSERT_EQ(when.size(), static_cast<std::size_t>(items));
  std::ranges::sort(when);
  EXPECT_GE(when.back() - when.front(), 395ms);
}

TEST(rate_limiter, cancels_who_waits_when_the_context_of_its_alarm_goes_down) {
  rate_limiter limiter(per_second(1));
  ASSERT_TRUE(limiter.try_acquire());
  asio::io_context other;
  std::exception_ptr error;
  {
    asio::io_context first;
    asio::co_spawn(first, limiter.async_acquire(), asio::detached);
    first.poll();
    asio::co_spawn(other, limiter.async_acquire(), [&](std::exception_ptr e) { error = e; });
    other.poll();
    EXPECT_EQ(limiter.waiting(), 2U);
  }
  other.restart();
  other.run();
  EXPECT_THROW(std::rethrow_exception(error), penstock::error);
  EXPECT_EQ(limiter.waiting(), 0U);
  asio::co_spawn(other, limiter.async_acquire(), [&](std::exception_ptr e) { error = e; });
  other.restart();
  other.run();
  EXPECT_EQ(error, nullptr);
}

// The context of the first one stops, with nobody in line.
TEST(rate_limiter, sets_its_alarm_where_the_first_of_the_line_is) {
  rate_limiter limiter(per_second(1000));
  asio::io_context first, second;
  int served = 0;
  const auto twice = [&]() -> asio::awaitable<void> {
    co_await limiter.async_acquire();
    co_await limiter.async_acquire();
    ++served;
  };
  asio::co_spawn(first, twice(), asio::detached);
  first.run();
  asio::co_spawn(second, twice(), asio::detached);
  second.run();
  EXPECT_EQ(served, 2);
  EXPECT_EQ(limiter.waiting(), 0U);
}

TEST(rate_limiter, counts_a_renewed_permit_from_now_on) {
  manual_runtime machinery;
  rate_limiter limiter(per_second(10));
  ASSERT_TRUE(limiter.try_acquire());
  machinery.advance(200ms);
  limiter.renew();
  machinery.advance(100ms);
  EXPECT_FALSE(limiter.try_acquire());
  machinery.advance(3ms);
  EXPECT_TRUE(limiter.try_acquire());
}

TEST(keyed_rate_limiter, has_a_rate_for_each_key_and_forgets_those_of_no_use) {
  manual_runtime machinery;
  keyed_rate_limiter hosts(per_second(1));
  EXPECT_TRUE(hosts.of("a").try_acquire());
  EXPECT_FALSE(hosts.of("a").try_acquire());
  EXPECT_TRUE(hosts.of("b").try_acquire());
  for (int i = 0; i < 5000; ++i) (void)hosts.of(std::to_string(i));
  EXPECT_FALSE(hosts.of("a").try_acquire());
  machinery.advance(2s);
  EXPECT_TRUE(hosts.of("a").try_acquire());
}

}  // namespace
}  // namespace penstock
