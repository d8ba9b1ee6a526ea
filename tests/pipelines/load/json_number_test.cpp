#include "json_number.hpp"

#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <random>
#include <string>

using load::same_number;

TEST(same_number, is_found_however_it_is_written) {
  EXPECT_EQ(same_number("1.0"), 1.0);
  EXPECT_EQ(same_number("1.50"), 1.5);
  EXPECT_EQ(same_number("1e3"), 1000.0);
  EXPECT_EQ(same_number("10E+2"), 1000.0);
  EXPECT_EQ(same_number("0.001e3"), 1.0);
  EXPECT_EQ(same_number("-0.1"), -0.1);
  EXPECT_EQ(same_number("100000000000000000000.0"), 1e20);
  EXPECT_EQ(same_number("0.0000000000000000000000000000001"), 1e-31);
  EXPECT_EQ(same_number("1.7976931348623157e308"), 1.7976931348623157e308);
  EXPECT_EQ(same_number("5e-324"), 5e-324);
}

TEST(same_number, keeps_the_sign_of_zero) {
  EXPECT_EQ(same_number("0.0"), 0.0);
  EXPECT_EQ(same_number("0e99"), 0.0);
  ASSERT_TRUE(same_number("-0.0"));
  EXPECT_TRUE(std::signbit(*same_number("-0.0")));
}

TEST(same_number, is_not_there_where_a_double_would_be_another) {
  for (const auto* text : {"0.10000000000000001", "0.1000000000000000055511151231257827", "1e400", "1e-400", "2e-324",
                           "9007199254740993.0", "1.00000000000000000000000001", "12345678901234567890.5"})
    EXPECT_FALSE(same_number(text)) << text;
}

TEST(same_number, takes_the_shortest_form_of_every_double) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 100000; ++i) {
    const auto bits = random();
    double value = 0;
    static_assert(sizeof value == sizeof bits);
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    for (const auto form : {std::chars_format::scientific, std::chars_format::general}) {
      std::array<char, 400> text;
      const auto end = std::to_chars(text.data(), text.data() + text.size(), value, form).ptr;
      ASSERT_EQ(same_number({text.data(), end}), value) << std::string(text.data(), end);
    }
  }
}

TEST(same_number, refuses_what_is_no_number) {
  for (const auto* text : {"", "-", "x", "1x", "1e", "inf", "nan", "."}) EXPECT_FALSE(same_number(text)) << text;
}
