// Keyed stages and resequences allocate nothing per item.
#include <gtest/gtest.h>

#include <optional>

#include "penstock/penstock.hpp"
#include "runtime/costs/allocations.hpp"
#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;

/// Counts to `items`, each pair of numbers the wrong way round.
auto swapped_pairs(int items) {
  return producer({.name = "count"}, [n = 0, items]() mutable -> std::optional<int> {
    if (n == items) return std::nullopt;
    return n++ ^ 1;
  });
}

long allocations_of(runtime& rt, const pipeline& line) {
  const auto before = allocations();
  const auto run = rt.start(line);
  EXPECT_TRUE(run.wait_for(patience));
  return allocations() - before;
}

template <class Make>
void allocates_as_much_for_more_items(Make make) {
  for (const std::size_t threads : {1U, 2U}) {
    runtime rt({.cpu_workers = threads});
    allocations_of(rt, make(100'000));  // what a thread allocates once
    const auto few = allocations_of(rt, make(100'000));
    // Some lists of the runtime may grow once more, whenever many are ready or parked at once.
    EXPECT_LT(allocations_of(rt, make(200'000)), few + 20) << "on " << threads << " workers";
  }
}

TEST(keyed_costs, are_no_allocation_per_item) {
  allocates_as_much_for_more_items([](int items) {
    return pipeline("keys", swapped_pairs(items),
                    keyed_transform(
                        {.name = "apply", .workers = 2}, [](int n) { return n % 100; }, [](int n) { return n; }),
                    keyed_consumer({.name = "sink", .workers = 3}, [](int n) { return n % 50; }, [](int) {}));
  });
}

TEST(resequence_costs, are_no_allocation_per_item) {
  allocates_as_much_for_more_items([](int items) {
    return pipeline("numbers", swapped_pairs(items), resequence({.name = "in order"}, [](int n) { return n; }),
                    consumer({.name = "sink"}, [](int) {}));
  });
}

}  // namespace
