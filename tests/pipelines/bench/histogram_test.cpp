#include "histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using bench::histogram;

constexpr double shares[] = {0, 0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};

/// The value that the share of all does not exceed, from all of them in order.
std::uint64_t exact(const std::vector<std::uint64_t>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

void expect_quantiles(const histogram& h, std::vector<std::uint64_t> values) {
  std::sort(values.begin(), values.end());
  ASSERT_EQ(h.count(), values.size());
  ASSERT_EQ(h.max(), values.back());
  for (const double share : shares) {
    const auto right = exact(values, share);
    const auto found = h.quantile(share);
    ASSERT_GE(found, right) << share;
    // In doubles, for the sum may not fit; their own error is far below the histogram's.
    ASSERT_LE(static_cast<double>(found), static_cast<double>(right) * (1 + histogram::precision)) << share;
    ASSERT_LE(found, h.max()) << share;
  }
}

/// Of any size: as many bits as chance wants, so that all octaves come.
std::uint64_t any_size(std::mt19937_64& random) { return random() >> (random() % 64); }

TEST(histogram, is_as_near_to_all_values_in_order_as_it_says) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    histogram h;
    std::vector<std::uint64_t> values(1 + random() % 2000);
    for (auto& value : values) {
      value = seed % 2 == 0 ? any_size(random) : 1000 + random() % 5000;
      h.record(value);
    }
    expect_quantiles(h, values);
    if (HasFatalFailure()) return;
  }
}

TEST(histogram, knows_small_values_exactly) {
  histogram h;
  for (std::uint64_t value = 0; value < 256; ++value) h.record(value);
  for (std::uint64_t value = 0; value < 256; ++value)
    EXPECT_EQ(h.quantile(static_cast<double>(value + 1) / 256), value);
}

TEST(histogram, holds_the_ends_of_every_octave) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t value : {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit}) {
      histogram h;
      h.record(value);
      h.record(std::numeric_limits<std::uint64_t>::max());
      expect_quantiles(h, {value, std::numeric_limits<std::uint64_t>::max()});
    }
  }
}

TEST(histogram, that_took_in_others_is_as_if_it_had_seen_all) {
  std::mt19937_64 random(7);
  std::vector<histogram> parts(3);
  std::vector<std::uint64_t> values(3000);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = any_size(random);
    parts[i % 3].record(values[i]);
  }
  histogram all;
  for (const auto& part : parts) all.add(part);
  expect_quantiles(all, values);
}

TEST(histogram, of_nothing_says_zero) {
  const histogram h;
  EXPECT_EQ(h.count(), 0U);
  EXPECT_EQ(h.max(), 0U);
  EXPECT_EQ(h.quantile(0.5), 0U);
}

}  // namespace
