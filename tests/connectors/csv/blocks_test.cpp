#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <penstock/base/error.hpp>
#include <penstock/connectors/csv.hpp>

#include "connectors/csv/csv_text.hpp"
#include "connectors/files/temp_folder.hpp"

namespace penstock {
namespace {

using test::pieces;
using test::read_all;
using test::table;
using test::temp_folder;
using testing::ElementsAre;

std::string malformed(csv::blocks source) {
  try {
    while (source.next()) {
    }
  } catch (const csv::malformed_row& e) {
    return e.what();
  }
  return {};
}

TEST(csv_blocks, the_header_is_with_every_block_and_in_none) {
  csv::blocks source({pieces("\xEF\xBB\xBFid,\"na\"\"me\"\n1,a\n2,b\n3,c\n")}, {.rows = 2});
  const auto first = source.next();
  ASSERT_TRUE(first && first->header);
  EXPECT_THAT(*first->header, ElementsAre("id", "na\"me"));
  EXPECT_EQ(first->columns, 2U);
  EXPECT_EQ(first->bytes, "1,a\n2,b\n");
  EXPECT_EQ(first->first_line, 2U);
  EXPECT_EQ(first->first_record, 1U);
  EXPECT_TRUE(first->first_of_source);
  const auto second = source.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->header, first->header);
  EXPECT_EQ(second->first_record, 3U);
  EXPECT_FALSE(second->first_of_source);
  EXPECT_FALSE(source.next());
}

TEST(csv_blocks, every_source_has_its_header_and_one_first_block_even_if_it_is_empty) {
  csv::blocks source({pieces("a\n1\n"), pieces(""), pieces("\n\nb,c"), pieces("\n\n")});
  const auto rows = source.next();
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->bytes, "1\n");
  const auto empty = source.next();
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->source, 1U);
  EXPECT_TRUE(empty->first_of_source);
  EXPECT_EQ(empty->header, nullptr);
  EXPECT_EQ(empty->records, 0U);
  const auto header_only = source.next();
  ASSERT_TRUE(header_only && header_only->header);
  EXPECT_THAT(*header_only->header, ElementsAre("b", "c"));
  EXPECT_EQ(header_only->records, 0U);
  const auto blank = source.next();
  ASSERT_TRUE(blank);
  EXPECT_EQ(blank->header, nullptr);
  EXPECT_TRUE(blank->first_of_source);
  EXPECT_FALSE(source.next());
}

TEST(csv_blocks, rows_that_do_not_fit_the_header_are_rejected) {
  const auto all = read_all(csv::blocks({pieces("a,b\n1,2\n3\n4,5\n")}));
  EXPECT_EQ(all.good, (table{{"1", "2"}, {"4", "5"}}));
  ASSERT_EQ(all.rejected.size(), 1U);
  EXPECT_EQ(all.rejected[0].line, 3U);
  EXPECT_EQ(all.records, 3U);
}

TEST(csv_blocks, without_a_header_the_first_good_row_says_how_many_columns) {
  const auto all =
      read_all(csv::blocks({pieces("\"bad\n1,2\n\"x\n3,4\n5\n")}, {.header = csv::header::none, .rows = 1}));
  EXPECT_EQ(all.good, (table{{"3", "4"}}));
  EXPECT_EQ(all.rejected.size(), 2U);
}

TEST(csv_blocks, a_malformed_header_says_where_and_why) {
  EXPECT_EQ(malformed(csv::blocks({pieces("a,\"b\n1,2\n")})),
            "test, line 1: the quote opened on line 1 is never closed");
  EXPECT_EQ(malformed(csv::blocks({pieces("\n\n\xFF\xFE\n")})), "test, line 3: invalid UTF-8");
  EXPECT_EQ(malformed(csv::blocks({pieces(std::string("\0\1\2\n", 4))})), "test, line 1: a NUL byte");
  EXPECT_EQ(malformed(csv::blocks({pieces(std::string(1000, 'x'))}, {.max_row_bytes = 100})),
            "test, line 1: the row is larger than the limit of 100 bytes");
}

TEST(csv_blocks, names_that_cannot_be_columns_are_described) {
  EXPECT_EQ(csv::problem_with({"a", "b"}), std::nullopt);
  EXPECT_EQ(csv::problem_with({"a", "", "c"}), "column 2 has no name");
  EXPECT_EQ(csv::problem_with({"id", "b", "id"}), "columns 1 and 3 are both named 'id'");
}

TEST(csv_blocks, a_row_above_the_limit_is_among_the_rejected_in_its_place) {
  const std::string huge = "\"" + std::string(300, '\n') + "\",x\n";
  const auto all = read_all(csv::blocks({pieces("a,b\n1,2\n" + huge + "3\n4,5\n", 7)}, {.max_row_bytes = 100}));
  EXPECT_EQ(all.good, (table{{"1", "2"}, {"4", "5"}}));
  ASSERT_EQ(all.rejected.size(), 2U);
  EXPECT_EQ(all.rejected[0].line, 3U);
  EXPECT_EQ(all.rejected[0].bytes, huge.size());
  EXPECT_EQ(all.rejected[1].line, 304U);
  EXPECT_EQ(all.lines, (std::vector<std::uint64_t>{2, 305}));
  EXPECT_EQ(all.records, 4U);
}

TEST(csv_blocks, peek_takes_nothing_and_a_copy_made_after_it_loses_nothing) {
  csv::blocks source({pieces("a\n1\n2\n")}, {.rows = 1});
  const csv::block* peeked = source.peek();
  ASSERT_NE(peeked, nullptr);
  EXPECT_EQ(peeked->bytes, "1\n");
  EXPECT_EQ(read_all(source).good, (table{{"1"}, {"2"}}));
  EXPECT_EQ(source.peek(), nullptr);
}

TEST(csv_blocks, a_copy_of_an_unstarted_source_reads_for_itself) {
  const temp_folder folder;
  const csv::blocks declared({folder.write("a.csv", "a\n1\n")});
  EXPECT_EQ(read_all(declared).good, (table{{"1"}}));
  EXPECT_EQ(read_all(declared).good, (table{{"1"}}));
}

TEST(csv_blocks, it_is_a_body_that_sees_the_stop_of_its_run) {
  struct run {
    [[nodiscard]] penstock::stop_token stop_token() const { return {}; }
  } context;
  csv::blocks source({pieces("a\n1\n")});
  const auto block = source(context);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->records, 1U);
}

TEST(csv_blocks, read_header_reads_no_more_than_it_needs_to_say) {
  const temp_folder folder;
  EXPECT_EQ(csv::read_header(folder.write("a.csv", "x,y\n1,2\n")), (csv::names{"x", "y"}));
  EXPECT_EQ(csv::read_header(folder.write("b.csv", "")), std::nullopt);
  EXPECT_THROW((void)csv::read_header(folder.write("c.csv", "\"")), csv::malformed_row);
  EXPECT_THROW((void)csv::read_header("/nonexistent/a.csv"), std::system_error);
}

TEST(csv_blocks, options_that_cannot_work_are_refused_when_declared) {
  EXPECT_THROW(csv::blocks({"a"}, {.dialect = {.delimiter = '"'}}), declaration_error);
  EXPECT_THROW(csv::blocks({"a"}, {.dialect = {.delimiter = '\n'}}), declaration_error);
  EXPECT_THROW(csv::blocks({"a"}, {.rows = 0}), declaration_error);
  EXPECT_THROW(csv::blocks({"a"}, {.max_row_bytes = 0}), declaration_error);
}

}  // namespace
}  // namespace penstock
