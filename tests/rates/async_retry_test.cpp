#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <penstock/penstock.hpp>
#include <penstock/testing/manual_runtime.hpp>
#include <stdexcept>

namespace penstock {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

const auto whenever_it_throws = [](const int*, const std::exception_ptr& failed) {
  return retry_verdict{failed != nullptr, {}};
};

/// Fails so many times, then gives the number of the attempt.
auto failing(int times) {
  return [times](unsigned number) -> asio::awaitable<int> {
    if (number <= static_cast<unsigned>(times)) throw std::runtime_error("no");
    co_return static_cast<int>(number);
  };
}

struct outcome {
  bool over = false;
  std::exception_ptr error;
  int value = 0;
};

void start(manual_runtime& machinery, asio::awaitable<int> what, outcome& to) {
  asio::co_spawn(machinery.io(), std::move(what), [&](std::exception_ptr e, int v) { to = {true, e, v}; });
}

TEST(async_retry, waits_between_attempts_and_gives_the_first_good_result) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    manual_runtime machinery(seed);
    outcome got;
    const retry_options how{.times = 3, .backoff = 100ms, .jitter = jitter::none};
    start(machinery, async_retry<int>(how, retry_budget(), {}, failing(2), whenever_it_throws), got);
    machinery.advance(299ms);
    EXPECT_FALSE(got.over);
    machinery.advance(1ms);
    ASSERT_TRUE(got.over);
    EXPECT_EQ(got.value, 3);
  }
}

TEST(async_retry, gives_up_with_the_last_failure) {
  manual_runtime machinery;
  outcome got;
  start(machinery, async_retry<int>({.times = 2, .backoff = 1ms}, retry_budget(), {}, failing(9), whenever_it_throws),
        got);
  machinery.advance(1s);
  ASSERT_TRUE(got.over);
  EXPECT_THROW(std::rethrow_exception(got.error), std::runtime_error);
}

TEST(async_retry, waits_as_long_as_the_judge_says_and_the_back_off_on_top) {
  manual_runtime machinery;
  outcome got;
  const auto judge = [](const int*, const std::exception_ptr& failed) { return retry_verdict{failed != nullptr, 5s}; };
  const retry_options how{.times = 1, .backoff = 100ms, .jitter = jitter::none};
  start(machinery, async_retry<int>(how, retry_budget(), {}, failing(1), judge), got);
  machinery.advance(5s);
  EXPECT_FALSE(got.over);
  machinery.advance(100ms);
  EXPECT_TRUE(got.over);
}

TEST(async_retry, may_take_a_value_for_a_failure) {
  manual_runtime machinery;
  outcome got;
  const auto judge = [](const int* value, const std::exception_ptr&) { return retry_verdict{value && *value < 3, {}}; };
  start(machinery, async_retry<int>({.times = 9, .backoff = 1ms}, retry_budget(), {}, failing(0), judge), got);
  machinery.advance(1s);
  EXPECT_EQ(got.value, 3);
}

TEST(async_retry, makes_no_attempt_that_could_only_begin_after_the_deadline) {
  manual_runtime machinery;
  outcome got;
  const retry_options how{.times = 9, .backoff = 100ms, .jitter = jitter::none};
  start(machinery, async_retry<int>(how, retry_budget(), within(250ms), failing(9), whenever_it_throws), got);
  machinery.advance(100ms);  // the second attempt; the third would be at 300 ms
  ASSERT_TRUE(got.over);
  EXPECT_THROW(std::rethrow_exception(got.error), std::runtime_error);
}

TEST(async_retry, ends_its_back_off_with_a_stop) {
  manual_runtime machinery;
  outcome got;
  stop_source stop;
  const retry_options how{.times = 1, .backoff = 1h, .most = 1h, .jitter = jitter::none};
  start(machinery, async_retry<int>(how, retry_budget(), stopped_by(stop.token()), failing(1), whenever_it_throws),
        got);
  machinery.advance(1s);
  EXPECT_FALSE(got.over);
  stop.request_stop();
  machinery.run_until_idle();
  ASSERT_TRUE(got.over);
  EXPECT_THROW(std::rethrow_exception(got.error), error);
}

TEST(retry_budget, adds_a_fixed_part_to_the_load_when_everything_fails) {
  retry_budget budget({.ratio = 0.25, .reserve = 10});
  int further = 0;
  for (int i = 0; i < 1000; ++i) {
    budget.earn();
    for (int attempt = 0; attempt < 3; ++attempt) further += budget.spend();
  }
  EXPECT_EQ(further, 10 + 249);  // the first earns nothing: the reserve is full
}

TEST(retry_budget, saves_no_more_than_its_reserve) {
  retry_budget budget({.ratio = 1, .reserve = 3});
  for (int i = 0; i < 100; ++i) budget.earn();
  int further = 0;
  while (budget.spend()) ++further;
  EXPECT_EQ(further, 3);
}

}  // namespace
}  // namespace penstock
