#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>

#include "support.hpp"

using sqlite::affinity;
using sqlite::canonical_integer;
using sqlite::canonical_real;

TEST(canonical_integer, takes_what_prints_the_same_again) {
  EXPECT_EQ(canonical_integer("0"), 0);
  EXPECT_EQ(canonical_integer("7"), 7);
  EXPECT_EQ(canonical_integer("-7"), -7);
  EXPECT_EQ(canonical_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(canonical_integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
}

TEST(canonical_integer, leaves_everything_else_a_text) {
  for (const char* text : {"", "-", "+7", "007", "002272", "00", "-0", "-07", " 7", "7 ", "7.0", "7e2", "0x7", "1,000",
                           "9223372036854775808", "-9223372036854775809", "99999999999999999999999"})
    EXPECT_EQ(canonical_integer(text), std::nullopt) << text;
  EXPECT_EQ(canonical_integer(std::string_view("7\0", 2)), std::nullopt);
}

TEST(canonical_real, takes_what_prints_the_same_again) {
  EXPECT_EQ(canonical_real("0.1"), 0.1);
  EXPECT_EQ(canonical_real("-2.5"), -2.5);
  EXPECT_EQ(canonical_real("12345.678"), 12345.678);
  EXPECT_EQ(canonical_real("0.30000000000000004"), 0.1 + 0.2);
}

TEST(canonical_real, leaves_everything_else_a_text) {
  for (const char* text :
       {"",     ".",     "7",          "7.",  ".5",  "7.0",     "0.10", "-0.0", "+1.5",
        "1e5",  "1.5e5", "1e400",      "inf", "nan", "0x1.8p1", " 0.5", "0.5 ", "0.1000000000000000055511151231257827",
        "00.5", "1.2.3", "192.168.1.1"})
    EXPECT_EQ(canonical_real(text), std::nullopt) << text;
}

TEST(affinity, of_a_declared_type_is_what_sqlite_does) {
  sqlite::database db(":memory:");
  // A column tells its affinity by what it does to the text '007' and the integer 7.
  for (const char* type : {"", "BLOB", "TEXT", "VARCHAR(9)", "nchar", "CLOB", "INTEGER", "bigint", "POINT", "REAL",
                           "double precision", "FLOAT", "NUMERIC", "DATE", "ANY", "BOOLEAN", "STRING", "CHARINT"}) {
    sqlite::create_table(db, "t", {{.name = "x", .type = type}});
    db.execute("INSERT INTO t VALUES (?), (?)", "007", 7);
    const auto types = db.query("SELECT typeof(x) FROM t").rows;
    const std::string text_became = std::get<std::string>(types[0][0]);
    const std::string seven_became = std::get<std::string>(types[1][0]);
    const affinity a = sqlite::affinity_of(type);
    EXPECT_EQ(sqlite::keeps(a, "007"), text_became == "text") << type;
    EXPECT_EQ(sqlite::keeps(a, 7), seven_became == "integer") << type;
    EXPECT_TRUE(sqlite::keeps(a, nullptr)) << type;
    db.execute("DROP TABLE t");
  }
}

TEST(value_view, sees_each_kind_in_place) {
  EXPECT_EQ(sqlite::value_view().kind(), sqlite::kind::null);
  EXPECT_EQ(sqlite::value_view(nullptr).kind(), sqlite::kind::null);
  EXPECT_EQ(sqlite::value_view(true).integer(), 1);
  EXPECT_EQ(sqlite::value_view(std::int8_t{-3}).integer(), -3);
  EXPECT_EQ(sqlite::value_view(0.5F).real(), 0.5);
  EXPECT_EQ(sqlite::value_view("abc").bytes(), "abc");
  EXPECT_EQ(sqlite::value_view(sqlite::blob_value(3)).kind(), sqlite::kind::blob);
  EXPECT_EQ(sqlite::value_view(std::optional<std::string>()).kind(), sqlite::kind::null);
  EXPECT_EQ(sqlite::value_view(std::optional<int>(4)).integer(), 4);
  const std::string text = "seen, not copied";
  EXPECT_EQ(sqlite::value_view(text).bytes().data(), text.data());
  static_assert(!std::is_convertible_v<std::uint64_t, sqlite::value_view>, "half of its values do not fit");
  static_assert(!std::is_convertible_v<char, sqlite::value_view>, "a text or a number?");
}

TEST(value_view, of_an_empty_text_without_a_pointer_is_not_null) {
  EXPECT_EQ(sqlite::value_view(std::string_view()).kind(), sqlite::kind::text);
  sqlite::database db(":memory:");
  const auto r = db.query("SELECT typeof(?), typeof(?), typeof(?)", std::string_view(), sqlite::blob_value(), nullptr);
  EXPECT_EQ(r.rows.at(0), (record{"text", "blob", "null"}));
}
