#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <penstock/connectors/detail/record_scanner.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::files::detail {
namespace {

using testing::ElementsAre;

// The records of a text that arrives in pieces; what follows the last end is a record as well.
std::vector<std::string> records(std::string_view text, std::size_t piece, std::optional<char> quote = '"') {
  record_scanner scanner(',', quote);
  std::vector<std::string> found;
  std::string current;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    const char* at = text.data();
    const char* const end = at + std::min(piece, text.size());
    scanner.feed(at, end);
    while (const char* to = scanner.next()) {
      current.append(at, to);
      found.push_back(std::move(current));
      current.clear();
      at = to;
    }
    current.append(at, end);
  }
  if (!current.empty()) found.push_back(current);
  return found;
}

TEST(record_scanner, a_line_feed_ends_a_record_except_inside_quotes) {
  for (const std::size_t piece : {1U, 2U, 3U, 100U}) {
    EXPECT_THAT(records("a,b\r\n\"x\ny\",z\n\nlast", piece), ElementsAre("a,b\r\n", "\"x\ny\",z\n", "\n", "last"));
    EXPECT_THAT(records("a,\"\"\"\n\"\"\"\nb\n", piece), ElementsAre("a,\"\"\"\n\"\"\"\n", "b\n"));
    EXPECT_THAT(records("\"\"\n\"\",\"\"\n", piece), ElementsAre("\"\"\n", "\"\",\"\"\n"));
  }
}

TEST(record_scanner, a_quote_that_does_not_begin_a_field_opens_nothing) {
  for (const std::size_t piece : {1U, 2U, 3U, 100U}) {
    EXPECT_THAT(records("5\" disk,a\nb\n", piece), ElementsAre("5\" disk,a\n", "b\n"));
    EXPECT_THAT(records("\"a\"b\"\nc\n", piece), ElementsAre("\"a\"b\"\n", "c\n"));
    EXPECT_THAT(records("a\"\",\"b\nc\"\nd", piece), ElementsAre("a\"\",\"b\nc\"\n", "d"));
  }
}

TEST(record_scanner, without_a_quote_every_line_is_a_record) {
  EXPECT_THAT(records("\"a\nb\"\n", 2, std::nullopt), ElementsAre("\"a\n", "b\"\n"));
}

TEST(record_scanner, it_knows_lines_and_where_an_open_quote_began) {
  record_scanner scanner(',', '"');
  const std::string_view text = "\"1\n2\",\n\"1\n\",\"4\n5\n";
  scanner.feed(text.data(), text.data() + text.size());
  ASSERT_NE(scanner.next(), nullptr);
  EXPECT_EQ(scanner.lines(), 2U);
  EXPECT_EQ(scanner.next(), nullptr);
  EXPECT_TRUE(scanner.in_quotes());
  EXPECT_EQ(scanner.quote_line(), 1U);
}

}  // namespace
}  // namespace penstock::files::detail
