#include "penstock/core/partition.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace penstock {
namespace {

TEST(partition, of_a_hash_is_always_the_same) {
  for (std::uint64_t hash = 0; hash < 1000; ++hash) {
    EXPECT_EQ(partition_of(hash, 7), partition_of(hash, 7));
    EXPECT_LT(partition_of(hash, 7), 7U);
    EXPECT_EQ(partition_of(hash, 1), 0U);
  }
}

// What std::hash makes of numbers, with the patterns that numbers have: steps, alignment, high bits only.
TEST(partition, spreads_numbers_evenly_whatever_their_pattern) {
  constexpr int keys = 10'000;
  for (const std::uint64_t step : {1ULL, 2ULL, 7ULL, 64ULL, 4096ULL, 1ULL << 32U, 1ULL << 48U}) {
    for (std::size_t parts = 2; parts <= 16; ++parts) {
      std::vector<int> in(parts);
      for (std::uint64_t i = 0; i < keys; ++i) ++in[partition_of(i * step, parts)];
      for (const auto n : in) {
        const auto fair = keys / static_cast<int>(parts);
        EXPECT_GT(n, fair * 8 / 10) << "step " << step << ", parts " << parts;
        EXPECT_LT(n, fair * 12 / 10) << "step " << step << ", parts " << parts;
      }
    }
  }
}

}  // namespace
}  // namespace penstock
