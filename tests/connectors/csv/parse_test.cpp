#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <penstock/connectors/csv.hpp>
#include <random>
#include <thread>

#include "connectors/csv/csv_text.hpp"
#include "connectors/files/temp_folder.hpp"

namespace penstock {
namespace {

using test::parse_text;
using test::table;
using test::table_of;
using testing::ElementsAre;

static_assert(std::is_nothrow_move_constructible_v<csv::block> && std::is_nothrow_move_constructible_v<csv::rows>);

struct rejection {
  std::uint64_t line;
  std::string reason;
  std::string text;
  bool operator==(const rejection&) const = default;
};

std::ostream& operator<<(std::ostream& out, const rejection& r) {
  return out << "line " << r.line << ": " << r.reason << " [" << r.text << "]";
}

std::vector<rejection> rejections(const csv::rows& rows) {
  std::vector<rejection> result;
  for (const auto& r : rows.rejected) result.push_back({r.line, r.reason, r.text});
  return result;
}

TEST(csv_parse, fields_are_taken_apart_at_delimiters_and_line_ends) {
  EXPECT_EQ(table_of(parse_text("a,bc,\r\n,,\nlast, x ,9")),
            (table{{"a", "bc", ""}, {"", "", ""}, {"last", " x ", "9"}}));
}

TEST(csv_parse, a_quoted_field_holds_delimiters_line_ends_and_doubled_quotes) {
  EXPECT_EQ(table_of(parse_text("\"a,b\",\"say \"\"hi\"\"\"\n\"x\r\ny\nz\rw\",\"\"\n\"\"\"\",\"\"\"\"\"\"")),
            (table{{"a,b", "say \"hi\""}, {"x\r\ny\nz\rw", ""}, {"\"", "\"\""}}));
}

TEST(csv_parse, another_delimiter_and_quote_make_the_usual_ones_data) {
  EXPECT_EQ(table_of(parse_text("'a;b';c,\"d\n", {}, {.delimiter = ';', .quote = '\''})), (table{{"a;b", "c,\"d"}}));
}

TEST(csv_parse, a_row_knows_its_line_behind_embedded_line_ends_and_blank_lines) {
  const auto rows = parse_text("a\n\"1\n2\n3\"\n\r\n\nb\n");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows.line(0), 1U);
  EXPECT_EQ(rows.line(1), 2U);
  EXPECT_EQ(rows.line(2), 7U);
}

TEST(csv_parse, a_blank_line_is_no_row_but_an_empty_quoted_field_is) {
  EXPECT_EQ(table_of(parse_text("a\n\n\"\"\n\r\n")), (table{{"a"}, {""}}));
}

TEST(csv_parse, ragged_rows_are_rejected_and_say_how) {
  const auto rows = parse_text("1,2\n1\n1,2,3\n3,4\n", {.columns = 2});
  EXPECT_EQ(table_of(rows), (table{{"1", "2"}, {"3", "4"}}));
  EXPECT_THAT(rejections(rows),
              ElementsAre(rejection{2, "1 field instead of 2", "1"}, rejection{3, "3 fields instead of 2", "1,2,3"}));
}

TEST(csv_parse, each_malformation_costs_its_row_only) {
  using namespace std::string_literals;
  const auto whole = parse_text(
      "ok,1\n5\" disk,2\n\"a\"b,3\n\"x\"\"y\" ,\"4\n4\"\r\na\rb,5\nnul\0l,6\nbad\xFFtext,7\nok,8\n"s, {.columns = 2});
  EXPECT_EQ(table_of(whole), (table{{"ok", "1"}, {"ok", "8"}}));
  EXPECT_THAT(rejections(whole),
              ElementsAre(rejection{2, "a quote inside an unquoted field", "5\" disk,2"},
                          rejection{3, "text behind a closing quote", "\"a\"b,3"},
                          rejection{4, "text behind a closing quote", "\"x\"\"y\" ,\"4\n4\""},
                          rejection{6, "a carriage return without a line feed outside quotes", "a\rb,5"},
                          rejection{7, "a NUL byte", "nul\0l,6"s}, rejection{8, "invalid UTF-8", "bad\xFFtext,7"}));
}

TEST(csv_parse, an_unterminated_quote_says_where_it_began) {
  const auto rows = parse_text("a,b\nc,\"d\ne\nf", {.columns = 2});
  EXPECT_EQ(table_of(rows), (table{{"a", "b"}}));
  EXPECT_THAT(rejections(rows), ElementsAre(rejection{2, "the quote opened on line 2 is never closed", "c,\"d\ne\nf"}));
}

TEST(csv_parse, a_file_that_ends_in_a_carriage_return_was_cut) {
  const auto rows = parse_text("a\r\nb\r");
  EXPECT_EQ(table_of(rows), (table{{"a"}}));
  EXPECT_EQ(rows.rejected.size(), 1U);
}

TEST(csv_parse, bytes_that_are_not_utf8_can_be_asked_for) {
  EXPECT_EQ(table_of(parse_text("\xFC,\xE9\n", {.encoding = csv::encoding::bytes})), (table{{"\xFC", "\xE9"}}));
}

TEST(csv_parse, a_rejected_row_keeps_its_text_as_it_was_and_only_so_much_of_it) {
  const auto rows = parse_text("\"a\"\"b\",\"c\"d\n" + std::string(10'000, 'x') + "\"\n");
  EXPECT_EQ(rows.rejected.at(0).text, "\"a\"\"b\",\"c\"d");
  EXPECT_EQ(rows.rejected.at(1).text.size(), files::rejected_text_bytes);
  EXPECT_EQ(rows.rejected.at(1).bytes, 10'002U);
}

TEST(csv_parse, rows_can_be_used_again) {
  csv::rows rows;
  csv::block first;
  first.bytes = "a,b\nx\n";
  csv::parse(std::move(first), {}, {}, rows);
  csv::block second;
  second.bytes = "c\n";
  csv::parse(std::move(second), {}, {}, rows);
  EXPECT_EQ(table_of(rows), (table{{"c"}}));
  EXPECT_TRUE(rows.rejected.empty());
}

TEST(csv_parse, any_number_of_threads_may_parse_at_once) {
  std::vector<std::thread> threads;
  std::vector<std::size_t> sizes(4);
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "a,\"b\"\"c\",d\n";
  for (std::size_t& size : sizes) threads.emplace_back([&size, text] { size = parse_text(text).size(); });
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(sizes, ElementsAre(2000U, 2000U, 2000U, 2000U));
}

// Wherever the blocks are cut and however the bytes arrive, the rows, their lines and the rejections are the same.
TEST(csv_parse, cutting_changes_nothing_on_random_bytes) {
  const auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  constexpr std::string_view alphabet = "ab,,\"\"\"\n\n\r";
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t size = below(80); size > 0; --size) text += alphabet[below(alphabet.size())];
    SCOPED_TRACE("text " + testing::PrintToString(text));
    const csv::expectations want{.columns = 2};
    const csv::rows whole = parse_text(text, want);
    const auto cut =
        test::read_all(csv::blocks({test::pieces(text, 1 + below(9))},
                                   {.header = csv::header::none, .rows = 1 + below(4), .bytes = 1 + below(40)}),
                       {}, want);
    ASSERT_EQ(cut.good, table_of(whole));
    ASSERT_EQ(cut.records, whole.size() + whole.rejected.size());
    ASSERT_EQ(cut.rejected.size(), whole.rejected.size());
    for (std::size_t r = 0; r < whole.size(); ++r) ASSERT_EQ(cut.lines[r], whole.line(r));
    for (std::size_t r = 0; r < cut.rejected.size(); ++r) {
      ASSERT_EQ(cut.rejected[r].line, whole.rejected[r].line);
      ASSERT_EQ(cut.rejected[r].reason, whole.rejected[r].reason);
      ASSERT_EQ(cut.rejected[r].text, whole.rejected[r].text);
    }
  }
}

}  // namespace
}  // namespace penstock
