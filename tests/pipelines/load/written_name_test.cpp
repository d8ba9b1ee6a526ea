#include "written_name.hpp"

#include <gtest/gtest.h>

using load::is_utf8;
using load::written;

TEST(written_name, is_the_name_itself_where_that_is_text) {
  for (const auto* name : {"", "t.csv", "/a b/\xc3\xa9.csv", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(is_utf8(name));
    EXPECT_EQ(written(name), name);
  }
}

TEST(written_name, tells_bytes_that_are_no_text_from_one_another_and_from_what_looks_like_them) {
  EXPECT_EQ(written("t\xfe.csv"), "t\\xfe.csv");
  EXPECT_EQ(written("t\xff.csv"), "t\\xff.csv");
  EXPECT_EQ(written("t\\xff.csv"), "t\\\\xff.csv");
  // A surrogate, an overlong form, a character that is cut off, one beyond the last, and a byte that begins none.
  for (const auto* name : {"\xed\xa0\x80", "\xc0\xaf", "\xe2\x82", "\xf4\x90\x80\x80", "\x80"}) {
    EXPECT_FALSE(is_utf8(name));
    EXPECT_TRUE(is_utf8(written(name)));
    EXPECT_NE(written(name), name);
  }
}

TEST(written_name, of_a_path_is_that_of_the_file_however_it_was_given) {
  EXPECT_EQ(load::written_path("/a/./b/../t.csv"), "/a/t.csv");
  EXPECT_EQ(load::written_path("t.csv"), load::written_path("./t.csv"));
  EXPECT_TRUE(load::written_path("t.csv").starts_with('/'));
}
