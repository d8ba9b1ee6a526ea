#include <gtest/gtest.h>

#include <penstock/connectors/csv.hpp>

#include "connectors/files/temp_folder.hpp"

namespace penstock {
namespace {

using test::pieces;

std::vector<std::string> fields(const csv::record& row) { return {row.begin(), row.end()}; }

TEST(csv_records, come_one_by_one_and_know_their_columns_by_name) {
  csv::records source(pieces("id,name\n1,\"a, b\"\n2,c\n"), {.rows = 1});
  const auto first = source();
  ASSERT_TRUE(first);
  EXPECT_EQ((*first)["name"], "a, b");
  EXPECT_EQ((*first)[0], "1");
  EXPECT_EQ(first->line(), 2U);
  EXPECT_THROW((void)(*first)["nobody"], std::out_of_range);
  const auto second = source();
  ASSERT_TRUE(second);
  EXPECT_EQ(fields(*second), (std::vector<std::string>{"2", "c"}));
  EXPECT_FALSE(source());
}

TEST(csv_records, a_malformed_row_is_thrown_after_the_rows_before_it) {
  csv::records source(pieces("a,b\n1,2\n3\n4,5\n"));
  EXPECT_TRUE(source());
  try {
    (void)source();
    FAIL() << "the ragged row went through";
  } catch (const csv::malformed_row& e) {
    EXPECT_STREQ(e.what(), "test, line 3: 1 field instead of 2");
    EXPECT_EQ(e.row().text, "3");
  }
}

TEST(csv_records, without_a_header_there_are_no_names) {
  csv::records source(pieces("1,2\n"), {.header = csv::header::none});
  const auto row = source();
  ASSERT_TRUE(row);
  EXPECT_EQ(fields(*row), (std::vector<std::string>{"1", "2"}));
  EXPECT_THROW((void)(*row)["1"], std::out_of_range);
}

TEST(csv_records, an_empty_file_has_none) {
  csv::records source(pieces(""));
  EXPECT_FALSE(source());
}

}  // namespace
}  // namespace penstock
