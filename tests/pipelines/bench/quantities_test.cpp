#include "quantities.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace {

using namespace bench;
using namespace std::chrono_literals;
using penstock::rate;

TEST(quantities, a_duration_is_a_number_and_a_unit) {
  EXPECT_EQ(duration_of("10us"), 10us);
  EXPECT_EQ(duration_of("1.5s"), 1500ms);
  EXPECT_EQ(duration_of("0s"), 0s);
  EXPECT_EQ(duration_of("7ns"), 7ns);
  EXPECT_EQ(duration_of("0.5ms"), 500us);
  EXPECT_EQ(duration_of("3\u00b5s"), 3us);
  EXPECT_EQ(duration_of("2m"), 2min);
  EXPECT_EQ(duration_of("2min"), 2min);
  EXPECT_EQ(duration_of("1.25h"), 75min);
  EXPECT_EQ(duration_of("0.00000001s"), 10ns);
  EXPECT_EQ(duration_of("8760h"), 8760h);
}

TEST(quantities, nothing_else_is_a_duration) {
  for (const char* text : {"",      "s",     "10",          "10 s",  " 10s",          "10s ", "-1s", "+1s",
                           "1,5s",  ".5s",   "5.s",         "1..5s", "1.5.0s",        "1e3s", "10S", "10sec",
                           "0x10s", "8761h", "1234567890s", "0.5ns", "0.0000000005s", "nan",  "infs"})
    EXPECT_EQ(duration_of(text), std::nullopt) << text;
}

TEST(quantities, a_rate_is_whole_items_in_a_whole_time) {
  const auto is = [](const char* text, rate expected) { return rate_of(text) == std::optional(expected); };
  EXPECT_TRUE(is("1/s", {1, 1s}));
  EXPECT_TRUE(is("2/s", {1, 500ms}));
  EXPECT_TRUE(is("1.5/s", {3, 2s}));
  EXPECT_TRUE(is("3/s", {3, 1s}));
  EXPECT_TRUE(is("30/min", {1, 2s}));
  EXPECT_TRUE(is("20k/s", {1, 50us}));
  EXPECT_TRUE(is("1M/s", {1, 1us}));
  EXPECT_TRUE(is("5/ms", {1, 200us}));
  EXPECT_TRUE(is("1/ns", {1, 1ns}));
  EXPECT_TRUE(is("0.001/h", {1, 1000h}));
}

TEST(quantities, nothing_else_is_a_rate) {
  for (const char* text : {"", "2", "/s", "2/", "2 /s", "2/ s", "0/s", "0.0/s", "-2/s", "2s", "2/s/s", "2G/s", "2K/s",
                           "k/s", "2/day", "2/ns", "1001M/s"})
    EXPECT_EQ(rate_of(text), std::nullopt) << text;
}

TEST(quantities, a_size_is_whole_bytes) {
  EXPECT_EQ(size_of("0"), 0U);
  EXPECT_EQ(size_of("64"), 64U);
  EXPECT_EQ(size_of("64B"), 64U);
  EXPECT_EQ(size_of("4KiB"), 4096U);
  EXPECT_EQ(size_of("10kB"), 10'000U);
  EXPECT_EQ(size_of("1MiB"), 1U << 20);
  EXPECT_EQ(size_of("2MB"), 2'000'000U);
  for (const char* text : {"", "B", "1.5KiB", "-1", "4 KiB", "4kib", "4GiB", "1e3"})
    EXPECT_EQ(size_of(text), std::nullopt) << text;
}

TEST(quantities, a_count_has_neither_sign_nor_unit) {
  EXPECT_EQ(count_of("0"), 0U);
  EXPECT_EQ(count_of("18446744073709551615"), 18446744073709551615U);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "1k", "0x1", "18446744073709551616"})
    EXPECT_EQ(count_of(text), std::nullopt) << text;
}

TEST(quantities, the_rate_of_several_is_as_many_times_that_of_one) {
  EXPECT_DOUBLE_EQ(per_second_of(*times(*rate_of("1.5/s"), 3)), 4.5);
  EXPECT_DOUBLE_EQ(per_second_of(*times(*rate_of("30/min"), 4)), 2);
  EXPECT_DOUBLE_EQ(per_second_of(*times(*rate_of("1M/s"), 1000)), 1e9);
  EXPECT_EQ(times(*rate_of("1M/s"), 1001), std::nullopt) << "faster than one in a nanosecond";
}

TEST(quantities, are_shown_with_three_digits_and_a_unit) {
  EXPECT_EQ(amount(0), "0.00");
  EXPECT_EQ(amount(4.5), "4.50");
  EXPECT_EQ(amount(46'100), "46.1 k");
  EXPECT_EQ(amount(999'499), "999 k");
  EXPECT_EQ(amount(999'501), "1.00 M");
  EXPECT_EQ(time_text(0), "0 ns");
  EXPECT_EQ(time_text(850e-9), "850 ns");
  EXPECT_EQ(time_text(12.4e-6), "12.4 us");
  EXPECT_EQ(time_text(0.2), "200 ms");
  EXPECT_EQ(time_text(100), "100 s");
}

}  // namespace
