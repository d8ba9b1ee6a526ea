#include "utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace penstock::csv {
namespace {

TEST(utf8, valid_text_of_every_length_passes) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8(
      "\xC2\x80 \xDF\xBF \xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF \xF0\x90\x80\x80 \xF4\x8F\xBF\xBF"));
}

TEST(utf8, what_the_standard_forbids_fails_at_every_position) {
  for (const std::string bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE0\xA0", "\xED\xA0\x80",
        "\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    for (std::size_t before = 0; before < 70; before += 3) {
      EXPECT_FALSE(is_utf8(std::string(before, 'a') + bad));
      EXPECT_FALSE(is_utf8(std::string(before, 'a') + bad + std::string(40, 'z')));
    }
  }
}

}  // namespace
}  // namespace penstock::csv
