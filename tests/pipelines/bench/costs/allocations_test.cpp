#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "histogram.hpp"
#include "runtime/costs/allocations.hpp"

namespace {

TEST(histogram_costs, no_allocation_for_a_record) {
  std::mt19937_64 random(3);
  bench::histogram h;
  const auto before = penstock_tests::allocations();
  for (int i = 0; i < 10'000; ++i) h.record(random() >> (random() % 64));
  EXPECT_EQ(penstock_tests::allocations(), before);
  EXPECT_EQ(h.count(), 10'000U);
}

}  // namespace
