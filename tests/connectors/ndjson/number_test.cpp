#include "number.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace penstock::ndjson {
namespace {

double real_of(std::string_view token) { return std::bit_cast<double>(parse_number(token).value().bits); }

TEST(ndjson_number, integers_keep_every_bit) {
  EXPECT_EQ(parse_number("-9223372036854775808").value().kind, kind::integer);
  EXPECT_EQ(parse_number("9223372036854775807").value().bits, std::uint64_t{INT64_MAX});
  EXPECT_EQ(parse_number("9223372036854775808").value().kind, kind::unsigned_integer);
  EXPECT_EQ(parse_number("18446744073709551615").value().bits, UINT64_MAX);
  EXPECT_EQ(parse_number("18446744073709551616").value().kind, kind::big_integer);
  EXPECT_EQ(parse_number("-9223372036854775809").value().kind, kind::big_integer);
}

TEST(ndjson_number, reals_are_the_nearest_double) {
  EXPECT_EQ(real_of("1.50"), 1.5);
  EXPECT_EQ(real_of("-2.5e-3"), -0.0025);
  EXPECT_EQ(parse_number("1e2").value().kind, kind::real);
  EXPECT_TRUE(std::signbit(real_of("-0")));
}

TEST(ndjson_number, what_is_outside_of_a_double_is_infinite_or_zero) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(real_of("1e999"), infinity);
  EXPECT_EQ(real_of("-1e999"), -infinity);
  EXPECT_EQ(real_of("0.0001e999"), infinity);
  EXPECT_EQ(real_of("1e-999"), 0.0);
  EXPECT_EQ(real_of("1e99999999999999999999"), infinity);
  EXPECT_EQ(real_of("1e-99999999999999999999"), 0.0);
  EXPECT_EQ(real_of("0e99999999999999999999"), 0.0);
}

TEST(ndjson_number, what_json_does_not_allow_is_none) {
  for (const char* bad :
       {"", "-", "01", "-01", "+1", ".5", "1.", "1e", "1e+", "1.e5", "0x10", "1a", "Infinity", "NaN", "1_000"})
    EXPECT_FALSE(parse_number(bad)) << bad;
}

}  // namespace
}  // namespace penstock::ndjson
