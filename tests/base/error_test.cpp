#include "penstock/base/error.hpp"

#include <gtest/gtest.h>

#include <set>

namespace penstock {
namespace {

TEST(error, its_codes_are_of_the_category_penstock) {
  const std::error_code code = errc::closed;
  EXPECT_STREQ(code.category().name(), "penstock");
  EXPECT_EQ(code.message(), "closed");
  EXPECT_EQ(code, errc::closed);
  EXPECT_NE(code, errc::cancelled);
}

TEST(error, a_code_of_another_category_with_the_same_number_is_not_equal) {
  EXPECT_NE(std::error_code(static_cast<int>(errc::closed), std::generic_category()), make_error_code(errc::closed));
}

TEST(error, every_word_has_a_sentence_of_its_own) {
  std::set<std::string> sentences;
  for (const auto code : {errc::closed, errc::cancelled, errc::timed_out, errc::full, errc::task_done_too_often}) {
    sentences.insert(make_error_code(code).message());
  }
  EXPECT_EQ(sentences.size(), 5u);
  EXPECT_FALSE(sentences.contains("unknown penstock error"));
  EXPECT_EQ(error_category().message(999), "unknown penstock error");
}

TEST(error, is_caught_as_a_system_error_with_its_code) {
  try {
    throw error(errc::timed_out, "async_put");
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), errc::timed_out);
    EXPECT_STREQ(e.what(), "async_put: the deadline passed");
  }
}

TEST(error, a_refused_declaration_is_an_invalid_argument) {
  EXPECT_THROW(throw declaration_error("zero workers"), std::invalid_argument);
}

}  // namespace
}  // namespace penstock
