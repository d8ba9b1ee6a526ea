#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <penstock/base/error.hpp>
#include <penstock/connectors/ndjson.hpp>
#include <thread>

namespace penstock::ndjson {
namespace {

using testing::ElementsAre;

static_assert(std::is_nothrow_move_constructible_v<rows>);

rows parse_text(std::string text, std::vector<std::string> keys) {
  block from;
  from.bytes = std::move(text);
  return parse(std::move(from), schema(std::move(keys)));
}

// Line and reason of each rejection.
std::vector<std::string> rejections(const rows& from) {
  std::vector<std::string> result;
  for (const auto& row : from.rejected) result.push_back(std::to_string(row.line) + ": " + row.reason);
  return result;
}

TEST(ndjson_parse, values_come_typed_in_the_order_of_the_keys) {
  const auto got =
      parse_text(R"({"s":"x","i":-5,"t":true,"f":false,"n":null,"r":1.50,"o":{"a":[1, 2]},"a":[ ] , "e":""})",
                 {"e", "a", "o", "r", "n", "f", "t", "i", "s", "missing"});
  ASSERT_EQ(got.size(), 1U) << rejections(got)[0];
  EXPECT_EQ(got.cell(0, 0).kind(), kind::string);
  EXPECT_EQ(got.cell(0, 0).text(), "");
  EXPECT_EQ(got.cell(0, 1).kind(), kind::nested);
  EXPECT_EQ(got.cell(0, 1).text(), "[ ]");
  EXPECT_EQ(got.cell(0, 2).text(), R"({"a":[1, 2]})");
  EXPECT_EQ(got.cell(0, 3).kind(), kind::real);
  EXPECT_EQ(got.cell(0, 3).text(), "1.50");
  EXPECT_EQ(got.cell(0, 3).real(), 1.5);
  EXPECT_EQ(got.cell(0, 4).kind(), kind::null);
  EXPECT_EQ(got.cell(0, 5).kind(), kind::boolean);
  EXPECT_FALSE(got.cell(0, 5).boolean());
  EXPECT_TRUE(got.cell(0, 6).boolean());
  EXPECT_EQ(got.cell(0, 7).integer(), -5);
  EXPECT_EQ(got.cell(0, 8).text(), "x");
  EXPECT_EQ(got.cell(0, 9).kind(), kind::null);
}

TEST(ndjson_parse, no_number_is_damaged) {
  const auto got =
      parse_text(R"({"a":18446744073709551615,"b":123456789012345678901234567890,"c":0.10000000000000000555,"d":-0})",
                 {"a", "b", "c", "d"});
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got.cell(0, 0).unsigned_integer(), UINT64_MAX);
  EXPECT_EQ(got.cell(0, 1).kind(), kind::big_integer);
  EXPECT_EQ(got.cell(0, 1).text(), "123456789012345678901234567890");
  EXPECT_EQ(got.cell(0, 2).text(), "0.10000000000000000555");
  EXPECT_EQ(got.cell(0, 3).text(), "-0");
}

TEST(ndjson_parse, escapes_are_resolved_in_values_and_keys) {
  const auto got =
      parse_text("{\"a\":\"x\\n\\\"\\u00e4\\ud83d\\udeb0\",\"\\u0062\":\"y\"}\n{\"a\":\"plain\",\"q\\\"\":1}\n",
                 {"a", "b", "q\""});
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got.cell(0, 0).text(), "x\n\"ä\xF0\x9F\x9A\xB0");
  EXPECT_EQ(got.cell(0, 1).text(), "y");
  EXPECT_EQ(got.cell(1, 0).text(), "plain");
  EXPECT_EQ(got.cell(1, 2).integer(), 1);
}

TEST(ndjson_parse, lines_of_spaces_are_no_rows_but_count_as_lines) {
  const auto got = parse_text("\n  {\"a\":1} \r\n \t\r\n{\"a\":2}", {"a"});
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got.line(0), 2U);
  EXPECT_EQ(got.line(1), 4U);
}

TEST(ndjson_parse, each_bad_line_costs_itself_only) {
  const auto got = parse_text(
      "{\"a\":1}\n"
      "{\"a\":1\n"
      "[1]\n"
      "nonsense\n"
      "{\"a\":\"\xFF\"}\n"
      "{\"a\":\"open}\n"
      "{\"a\":tru}\n"
      "{\"a\":01}\n"
      "{\"a\":1} {\"a\":2}\n"
      "{\"a\":1,\"a\":2}\n"
      "{\"a\":1,\"z\":2}\n"
      "{\"a\":\"\\x\"}\n"
      "{\"a\":\"tab\there\"}\n"
      "{\"a\" 1}\n"
      "{\"a\":1 \"b\":2}\n"
      "{\"a\":[1,2,{]}\n"
      "{\"a\":[1 2]}\n"
      "{\"a\":{\"b\":nul}}\n"
      "{\"a\":[\"\\ud800\"]}\n"
      "{\"a\":}\n"
      "{,}\n"
      "{\"a\":\"x\"y}\n"
      "{\"a\":1,}\n"
      "{\"a\":\"x\":1}\n"
      "{\"a\":[\"x\":1]}\n"
      "{\"a\":\"x\":1}}\n"
      "{\"a\":2}\n",
      {"a", "b"});
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got.cell(0, 0).integer(), 1);
  EXPECT_EQ(got.cell(1, 0).integer(), 2);
  EXPECT_EQ(got.line(1), 27U);
  ASSERT_EQ(got.rejected.size(), 25U);
  for (std::size_t i = 0; i < got.rejected.size(); ++i)
    EXPECT_EQ(got.rejected[i].line, i + 2) << got.rejected[i].reason;
  const auto reasons = rejections(got);
  EXPECT_EQ(reasons[0], "2: an object or array that is never closed");
  EXPECT_EQ(reasons[1], "3: not a JSON object");
  EXPECT_EQ(reasons[3], "5: invalid UTF-8");
  EXPECT_EQ(reasons[4], "6: a string that is never closed");
  EXPECT_EQ(reasons[7], "9: something behind the object");
  EXPECT_EQ(reasons[8], "10: the key 'a' is there twice");
  EXPECT_EQ(reasons[9], "11: unknown key 'z'");
  EXPECT_EQ(reasons[10], "12: an invalid escape in a string");
  EXPECT_EQ(reasons[11], "13: a control character inside a string");
  EXPECT_EQ(got.rejected[9].text, "{\"a\":1,\"z\":2}");
}

TEST(ndjson_parse, a_deep_value_is_refused_and_not_followed) {
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}\n";
  };
  const auto got = parse_text(nested(900) + nested(100'000), {"a"});
  EXPECT_EQ(got.size(), 1U);
  EXPECT_THAT(rejections(got), ElementsAre("2: nested too deeply"));
}

TEST(ndjson_parse, a_rejected_line_leaves_nothing_behind) {
  const auto got = parse_text("{\"a\":\"\\n\",\"b\":1,\"z\":0}\n{\"b\":\"\\t\"}\n", {"a", "b"});
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got.cell(0, 0).kind(), kind::null);
  EXPECT_EQ(got.cell(0, 1).text(), "\t");
}

TEST(ndjson_parse, an_empty_object_is_a_row_of_nulls) {
  const auto got = parse_text("{}\n", {"a"});
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got.cell(0, 0).kind(), kind::null);
}

TEST(ndjson_parse, keys_are_discovered_in_the_order_they_appear) {
  block from;
  from.bytes = "{\"b\":1,\"a\":{\"x\":1}}\nbad\n{\"zz\":1} x\n\n{\"a\":2,\"c\\n\":3}";
  EXPECT_THAT(discover_keys(from), ElementsAre("b", "a", "c\n"));
  EXPECT_THAT(discover_keys(block{}), ElementsAre());
}

TEST(ndjson_parse, a_schema_with_a_key_twice_is_refused) { EXPECT_THROW(schema({"a", "b", "a"}), declaration_error); }

TEST(ndjson_parse, any_number_of_threads_may_parse_at_once) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "{\"a\":\"x\\ty\",\"b\":" + std::to_string(i) + "}\n";
  const schema want({"a", "b"});
  std::vector<std::thread> threads;
  std::vector<std::size_t> sizes(4);
  for (std::size_t& size : sizes)
    threads.emplace_back([&size, &want, text] {
      block from;
      from.bytes = text;
      size = parse(std::move(from), want).size();
    });
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(sizes, ElementsAre(1000U, 1000U, 1000U, 1000U));
}

}  // namespace
}  // namespace penstock::ndjson
