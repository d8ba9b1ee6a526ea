#include "columns.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "exit_code.hpp"

namespace csv = penstock::csv;
namespace sqlite = penstock::sqlite;
using load::storing;

namespace {

csv::rows parsed(const std::string& text, std::size_t columns) {
  csv::block block;
  block.bytes = text;
  block.columns = columns;
  return csv::parse(std::move(block));
}

std::vector<storing> inferred(const std::string& text, std::size_t columns) {
  const csv::names names(columns, "x");
  return load::infer(names, parsed(text, columns), load::typing::infer).as;
}

}  // namespace

TEST(inference, takes_a_column_of_canonical_numbers_as_numbers) {
  EXPECT_EQ(inferred("1,0.5,-3\n20,12.25,4.5\n", 3), (std::vector{storing::typed, storing::typed, storing::typed}));
}

TEST(inference, is_undone_by_one_value_that_a_number_would_damage) {
  for (const std::string value : {"002272", "1e5", "7.0", "+1", " 1", "0x10", "inf", "1,5", "x"})
    EXPECT_EQ(inferred("1\n\"" + value + "\"\n2\n", 1), std::vector{storing::text}) << value;
}

TEST(inference, counts_empty_fields_neither_way) {
  EXPECT_EQ(inferred("1,\n\"\",\n3,\n", 2), (std::vector{storing::typed, storing::text}));
}

TEST(inference, of_nothing_is_text) { EXPECT_EQ(inferred("", 1), std::vector{storing::text}); }

TEST(inference, is_not_asked_for_under_types_text) {
  EXPECT_EQ(load::infer({"x"}, parsed("1\n", 1), load::typing::text).as, std::vector{storing::text});
}

TEST(declaration, gives_text_columns_their_type_and_mixtures_none) {
  const auto columns = load::declared({{"a", "b"}, {storing::text, storing::typed}});
  EXPECT_EQ(columns[0].type, "TEXT");
  EXPECT_EQ(columns[1].type, "");
  EXPECT_EQ(sqlite::affinity_of(columns[1].type), sqlite::affinity::blob) << "which changes no value";
}

TEST(stored_value, is_a_number_only_where_it_prints_as_it_was_written) {
  EXPECT_EQ(load::stored("7", storing::typed).kind(), sqlite::kind::integer);
  EXPECT_EQ(load::stored("0.5", storing::typed).kind(), sqlite::kind::real);
  for (const auto* text : {"007", "", "-", "1e5", "0.50", "9223372036854775808", "nan"})
    EXPECT_EQ(load::stored(std::string_view(text), storing::typed).bytes(), text);
  EXPECT_EQ(load::stored("7", storing::text).bytes(), "7");
}

TEST(column_names, must_be_there_and_differ_by_more_than_case) {
  EXPECT_NO_THROW(load::require_column_names({"a", "b", "é", "É"}, "x"));
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{""}, {"a", "A"}, {"a", "b", "a"}, {std::string("a\0b", 3)}})
    EXPECT_THROW(load::require_column_names(names, "x"), load::failure);
}
