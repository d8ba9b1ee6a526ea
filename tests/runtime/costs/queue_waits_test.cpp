// What waits at a queue cost in allocations. Only in optimised builds without a sanitizer, as costs_test.cpp.
#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <utility>

#include <boost/asio.hpp>

#include <penstock/penstock.hpp>

#include "runtime/costs/allocations.hpp"

namespace {

namespace asio = boost::asio;
using penstock_tests::allocations;
using items = penstock::queue<std::uint64_t>;

asio::awaitable<void> put_all(items& to, std::uint64_t n) {
  for (std::uint64_t i = 0; i < n; ++i) {
    auto item = i;
    co_await to.async_put(std::move(item));
  }
  to.close();
}

asio::awaitable<void> get_all(items& from, std::uint64_t& sum) {
  for (;;) {
    auto got = co_await from.async_get();
    if (!got) co_return;
    sum += *got;
  }
}

/// Through a queue so small that both sides wait all the time, on one thread.
long allocations_of(std::uint64_t n) {
  items line(2);
  std::uint64_t sum = 0;
  const auto before = allocations();
  asio::io_context loop(1);
  asio::co_spawn(loop, put_all(line, n), asio::detached);
  asio::co_spawn(loop, get_all(line, sum), asio::detached);
  loop.run();
  EXPECT_EQ(sum, n * (n - 1) / 2);
  return allocations() - before;
}

TEST(coroutines_that_wait_at_a_queue, allocate_nothing_per_item) {
  constexpr std::uint64_t n = 50'000;
  allocations_of(n);  // what a thread allocates once
  const auto few = allocations_of(n);
  const auto per_item = static_cast<double>(allocations_of(2 * n) - few) / n;
  RecordProperty("allocations_per_item", std::to_string(per_item));
  std::cout << per_item << " allocations per item\n";
  EXPECT_LE(per_item, 0.001);
}

}  // namespace
