#include <gtest/gtest.h>

#include <penstock/base/error.hpp>
#include <penstock/connectors/ndjson.hpp>

#include "connectors/files/temp_folder.hpp"

namespace penstock {
namespace {

using test::pieces;

TEST(ndjson_blocks, lines_are_whole_and_quotes_mean_nothing) {
  for (const std::size_t piece : {1U, 5U, 1000U}) {
    ndjson::blocks source({pieces("{\"a\":\"1,\\\"\n\"}\n \n{}\n{}", piece)}, {.rows = 2});
    const auto first = source.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->bytes, "{\"a\":\"1,\\\"\n\"}\n");
    EXPECT_EQ(first->records, 2U);
    EXPECT_TRUE(first->first_of_source);
    const auto second = source.next();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->bytes, " \n{}\n{}");
    EXPECT_EQ(second->records, 2U);
    EXPECT_FALSE(second->first_of_source);
    EXPECT_FALSE(source.next());
  }
}

TEST(ndjson_blocks, every_source_has_a_first_block) {
  ndjson::blocks source({pieces(""), pieces("{}\n")});
  const auto empty = source.next();
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->first_of_source);
  EXPECT_EQ(empty->records, 0U);
  const auto full = source.next();
  ASSERT_TRUE(full);
  EXPECT_EQ(full->source, 1U);
  EXPECT_TRUE(full->first_of_source);
  EXPECT_FALSE(source.next());
}

TEST(ndjson_blocks, records_are_rows_and_rejections_of_the_parser) {
  ndjson::blocks source({pieces("{\"a\":1}\n" + std::string(500, 'x') + "\nbad\n\n{\"a\":2}\n", 9)},
                        {.max_row_bytes = 100});
  const ndjson::schema want({"a"});
  std::size_t records = 0;
  std::size_t good = 0;
  std::vector<files::rejected_row> rejected;
  while (auto block = source.next()) {
    records += block->records;
    const auto rows = ndjson::parse(std::move(*block), want);
    good += rows.size();
    rejected.insert(rejected.end(), rows.rejected.begin(), rows.rejected.end());
  }
  EXPECT_EQ(records, 4U);
  EXPECT_EQ(good, 2U);
  ASSERT_EQ(rejected.size(), 2U);
  EXPECT_EQ(rejected[0].line, 2U);
  EXPECT_EQ(rejected[1].line, 3U);
}

TEST(ndjson_blocks, peek_takes_nothing) {
  ndjson::blocks source({pieces("{\"b\":1}\n")});
  ASSERT_NE(source.peek(), nullptr);
  EXPECT_EQ(ndjson::discover_keys(*source.peek()), (std::vector<std::string>{"b"}));
  EXPECT_TRUE(source.next());
  EXPECT_EQ(source.peek(), nullptr);
}

TEST(ndjson_blocks, options_that_cannot_work_are_refused_when_declared) {
  EXPECT_THROW(ndjson::blocks({"a"}, {.bytes = 0}), declaration_error);
}

}  // namespace
}  // namespace penstock
