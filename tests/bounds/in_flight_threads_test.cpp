// A bound on the items of a whole run, where sources and consumers really run at once: it is exact, and nobody who
// waits for the run to get lighter is forgotten.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <ranges>
#include <thread>
#include <utility>

#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
namespace asio = boost::asio;

constexpr int items = 20'000;

struct census {
  std::atomic<std::int64_t> now{0};
  std::atomic<std::int64_t> most{0};
  void born() {
    const auto n = now.fetch_add(1) + 1;
    auto seen = most.load();
    while (seen < n && !most.compare_exchange_weak(seen, n)) {
    }
  }
};

class living {
 public:
  living(census& all, int number) : all_(&all), number_(number) { all.born(); }
  living(living&& other) noexcept : all_(std::exchange(other.all_, nullptr)), number_(other.number_) {}
  living& operator=(living&& other) noexcept {
    std::swap(all_, other.all_);
    std::swap(number_, other.number_);
    return *this;
  }
  ~living() {
    if (all_ != nullptr) all_->now.fetch_sub(1);
  }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  census* all_;
  int number_;
};

class in_flight_threads : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(, in_flight_threads, testing::Values(1, 2));

TEST_P(in_flight_threads, never_exceed_it_and_nobody_is_forgotten) {
  runtime rt({.cpu_workers = GetParam()});
  for (const std::size_t most : {1U, 2U, 3U, 50U}) {
    SCOPED_TRACE(most);
    census all;
    const auto make = [&all, n = 0]() mutable -> std::optional<living> {
      if (n == items) return std::nullopt;
      return living(all, n++);
    };
    const auto same = [](living l) { return l; };
    const auto r = finish(rt,
                          {"cpu", producer({.name = "make"}, make), transform({.name = "serial"}, same),
                           transform({.name = "any", .workers = 2}, same),
                           transform({.name = "kept", .workers = 2, .order = order::kept}, same),
                           filter({.name = "some", .workers = 2}, [](const living& l) { return l.number() % 3 != 0; }),
                           consumer({.name = "sink", .workers = 2}, [](const living&) {})},
                          {.in_flight = most});
    EXPECT_TRUE(r.ok());
    EXPECT_LE(all.most.load(), static_cast<std::int64_t>(most));
    EXPECT_EQ(all.now.load(), 0);
  }
}

TEST_P(in_flight_threads, of_all_kinds_never_exceed_it_and_nobody_is_forgotten) {
  runtime rt({.cpu_workers = GetParam()});
  for (const std::size_t most : {1U, 3U, 20U}) {
    SCOPED_TRACE(most);
    census all;
    const auto make = [&all, n = 0]() mutable -> std::optional<living> {
      if (n == items / 4) return std::nullopt;
      return living(all, n++);
    };
    const auto same = [](living l) { return l; };
    const auto r = finish(
        rt,
        {"mixed", producer({.name = "make", .on = place::blocking}, make),
         async_transform({.name = "async", .workers = 4}, [](living l) -> asio::awaitable<living> { co_return l; }),
         transform({.name = "blocking", .workers = 2, .on = place::blocking}, same),
         async_consumer({.name = "sink", .workers = 3},
                        [](living l) -> asio::awaitable<void> {
                          static_cast<void>(l.number());
                          co_return;
                        })},
        {.in_flight = most});
    EXPECT_TRUE(r.ok());
    EXPECT_LE(all.most.load(), static_cast<std::int64_t>(most));
    EXPECT_EQ(all.now.load(), 0);
  }
}

TEST_P(in_flight_threads, that_feed_a_source_queue_lose_nothing) {
  runtime rt({.cpu_workers = GetParam()});
  queue<int> input(16);
  std::thread feeder([&input] {
    for (int n = 0; n < items; ++n) EXPECT_TRUE(input.put(int{n}));
    input.close();
  });
  const auto r = finish(
      rt,
      {"queue", producer({.name = "from"}, input), transform({.name = "any", .workers = 2}, [](int n) { return n; }),
       consumer({.name = "sink"}, [](int) {})},
      {.in_flight = 2});
  feeder.join();
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.stage("sink").done, static_cast<std::uint64_t>(items));
  EXPECT_EQ(input.snapshot().unfinished, 0U);
}

// Thousands of cheap items make activations long; what has left in one that lasts must not hold back the source for
// good.
TEST(in_flight, lets_the_source_go_on_while_the_body_of_a_late_item_waits_for_it) {
  runtime rt({.cpu_workers = 2});
  constexpr int late = 20'000;
  count_up made;
  const auto r = finish(rt,
                        {"waits",
                         producer({.name = "make"},
                                  [&made, n = 0]() mutable -> std::optional<int> {
                                    if (n >= late) made.add();
                                    return n < late + 2'000 ? std::optional(n++) : std::nullopt;
                                  }),
                         consumer({.name = "sink"},
                                  [&made](int n) {
                                    if (n >= late && n < late + 1'000 && n % 10 == 0) made.wait_for(n - late + 32);
                                  })},
                        {.in_flight = 64});
  EXPECT_TRUE(r.ok());
}

}  // namespace
