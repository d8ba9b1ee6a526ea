// What may be an item of async stages: anything that can be moved, also what can neither be assigned nor made by
// default.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include "core/counted.hpp"
#include "support/runs.hpp"

namespace penstock {
namespace {

using boost::asio::awaitable;
using penstock_tests::finish;
using testing::counted;

TEST(async_stage, takes_items_that_cannot_be_assigned_whether_it_keeps_order_or_not) {
  const long before = counted::alive;
  for (const order kept : {order::any, order::kept}) {
    runtime rt({.cpu_workers = 1});
    std::atomic<int> sum{0};
    const auto r = finish(rt, {"no assignment",
                               async_producer({.name = "make"},
                                              [n = 0]() mutable -> awaitable<std::optional<counted>> {
                                                if (n == 100) co_return std::nullopt;
                                                co_return std::optional<counted>(std::in_place, n++);
                                              }),
                               async_transform({.name = "add", .workers = 3, .capacity = 2, .order = kept},
                                               [](counted c) -> awaitable<counted> { co_return counted(c.value + 1); }),
                               async_consumer({.name = "sum", .workers = 2}, [&](counted c) -> awaitable<void> {
                                 sum += c.value;
                                 co_return;
                               })});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(sum, 5050);
  }
  EXPECT_EQ(counted::alive, before);
}

TEST(async_stage, takes_items_that_cannot_be_assigned_from_a_queue_that_waits_for_them) {
  const long before = counted::alive;
  {
    runtime rt({.cpu_workers = 1});
    queue<counted> q(8);
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(q.put(counted(i)));
    q.close();
    std::atomic<int> sum{0};
    const auto r = finish(rt, {"no assignment, with receipts", producer({.name = "take"}, q),
                               async_transform({.name = "add", .workers = 3, .capacity = 2},
                                               [](counted c) -> awaitable<counted> { co_return counted(c.value + 1); }),
                               consumer({.name = "sum"}, [&](counted c) { sum += c.value; })});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(sum, 36);
    EXPECT_EQ(q.snapshot().unfinished, 0U);
  }
  EXPECT_EQ(counted::alive, before);
}

}  // namespace
}  // namespace penstock
