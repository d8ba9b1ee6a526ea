// Values, names and encoders, with and without a server.
#include <cmath>
#include <limits>

#include "support.hpp"

using namespace penstock::test;
using postgres::params;

namespace {

// Names that would end a quotation, a statement or a string that was put together from them.
const std::vector<std::string> hostile_names = {
    "a\"b", "\"; DROP TABLE t; --", "a'b", "a b", "select", "Größe", "a\\b", "$1", "x.y", "new\nline", "%s"};

}  // namespace

TEST(postgres_values, come_back_as_they_were_bound_with_nulls_as_optionals) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await postgres::connection::async_connect(shared_server().conninfo());
    const postgres::blob_value bytes = {std::byte{0}, std::byte{255}, std::byte{'\\'}};
    const std::int64_t smallest = std::numeric_limits<std::int64_t>::min();
    const params values(smallest, 0.1, "O'Brien; \\ \"ü\"\n", bytes, true, nullptr, std::optional<int>());
    const auto rows = co_await db.async_query(
        "SELECT $1::bigint AS i, $2::float8 AS r, $3::text AS t, $4::bytea AS b, $5::bool AS yes, $6::text AS n, "
        "$7::int AS o, 12.50::numeric AS exact",
        values);
    const auto row = rows.at(0);
    EXPECT_EQ(row.get<std::int64_t>("i"), smallest);
    EXPECT_EQ(row.get<double>("r"), 0.1);
    EXPECT_EQ(row.get<std::string>("t"), "O'Brien; \\ \"ü\"\n");
    EXPECT_EQ(row.get<postgres::blob_value>("b"), bytes);
    EXPECT_TRUE(row.get<bool>("yes"));
    EXPECT_EQ(row.get<std::optional<std::string>>("n"), std::nullopt);
    EXPECT_EQ(row.get<std::optional<int>>(6), std::nullopt);
    EXPECT_EQ(row.get<std::optional<bool>>("yes"), true);
    EXPECT_EQ(row.get<std::string_view>("exact"), "12.50");
    const auto map = row.as_map();
    EXPECT_EQ(map.at("i"), postgres::value(smallest));
    EXPECT_EQ(map.at("r"), postgres::value(0.1));
    EXPECT_EQ(map.at("b"), postgres::value(bytes));
    EXPECT_EQ(map.at("yes"), postgres::value(true));
    EXPECT_EQ(map.at("n"), postgres::value());
    EXPECT_EQ(map.at("exact"), postgres::value(std::string("12.50")));
  });
}

TEST(postgres_values, keep_every_double) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await postgres::connection::async_connect(shared_server().conninfo());
    using limits = std::numeric_limits<double>;
    for (const double d : {0.0, -0.0, 1.0 / 3, limits::max(), limits::denorm_min(), limits::infinity(), -1e-300}) {
      const params one(d);
      const auto rows = co_await db.async_query("SELECT $1::float8", one);
      EXPECT_EQ(rows.at(0).get<double>(0), d);
      EXPECT_EQ(std::signbit(rows.at(0).get<double>(0)), std::signbit(d));
    }
    const params nan(limits::quiet_NaN());
    const auto rows = co_await db.async_query("SELECT $1::float8", nan);
    EXPECT_TRUE(std::isnan(rows.at(0).get<double>(0)));
  });
}

TEST(postgres_values, are_refused_where_they_do_not_fit) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await postgres::connection::async_connect(shared_server().conninfo());
    const auto rows = co_await db.async_query("SELECT 300 AS big, NULL AS nothing, 'x' AS word");
    const auto row = rows.at(0);
    const auto cause = [](auto&& read) {
      try {
        read();
      } catch (const postgres::error& e) {
        return e.cause();
      }
      return postgres::errc::other;
    };
    EXPECT_EQ(cause([&] { std::ignore = row.get<std::int8_t>("big"); }), postgres::errc::bad_value);
    EXPECT_EQ(cause([&] { std::ignore = row.get<std::uint8_t>("big"); }), postgres::errc::bad_value);
    EXPECT_EQ(cause([&] { std::ignore = row.get<int>("word"); }), postgres::errc::bad_value);
    EXPECT_EQ(cause([&] { std::ignore = row.get<std::string>("nothing"); }), postgres::errc::bad_value);
    EXPECT_EQ(cause([&] { std::ignore = row.get<int>("absent"); }), postgres::errc::misuse);
    EXPECT_EQ(cause([&] { std::ignore = row.get<int>(3); }), postgres::errc::misuse);
    EXPECT_EQ(cause([&] { std::ignore = rows.at(1); }), postgres::errc::misuse);
    EXPECT_EQ(cause([] { const params text(std::string("a\0b", 3)); }), postgres::errc::bad_value);
  });
}

TEST(postgres_names, are_names_whatever_they_hold) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await postgres::connection::async_connect(shared_server().conninfo());
    co_await db.async_script("CREATE TEMP TABLE t(x int)");
    for (const std::string& name : hostile_names) {
      const std::string table = postgres::quote_identifier(name);
      co_await db.async_script("CREATE TEMP TABLE " + table + " (" + table + " text)");
      const std::vector<std::tuple<std::string>> records = {{name}};
      const std::vector<std::string> columns = {name};
      const auto copied = co_await db.async_batch_insert(name, columns, records);
      EXPECT_EQ(copied, 1);
      const auto rows = co_await db.async_query("SELECT * FROM " + table);
      EXPECT_EQ(rows.at(0).name(0), name);
      EXPECT_EQ(rows.at(0).get<std::string>(0), name);
    }
    const auto still_there = co_await db.async_query("SELECT count(*) FROM t");
    EXPECT_EQ(still_there.at(0).get<int>(0), 0);
  });
  EXPECT_EQ(postgres::quote_table({"my schema", "a.b"}), "\"my schema\".\"a.b\"");
  EXPECT_EQ(postgres::quote_identifiers({"a", "b\""}), "\"a\", \"b\"\"\"");
  EXPECT_THROW(postgres::quote_identifier(""), postgres::error);
  EXPECT_THROW(postgres::quote_identifier(std::string_view("a\0b", 3)), postgres::error);
  EXPECT_THROW(postgres::quote_identifiers({}), postgres::error);
}

TEST(postgres_encoder, writes_the_text_form_of_the_manual) {
  postgres::copy_encoder encoder;
  encoder.row(std::tuple("a\tb\\c\nd\r", nullptr, -7, 0.5));
  encoder.row(std::tuple("", true, std::string("\\N"), std::vector{std::byte{0xab}}));
  EXPECT_EQ(encoder.bytes(), "a\\tb\\\\c\\nd\\r\t\\N\t-7\t0.5\n\tt\t\\\\N\t\\\\xab\n");
  encoder.clear();
  encoder.row(std::tuple(1));
  EXPECT_EQ(encoder.bytes(), "1\n");
  EXPECT_THROW(encoder.row(std::tuple(std::string_view("\0", 1))), postgres::error);
}

TEST(postgres_encoder, writes_the_binary_form_of_the_manual) {
  postgres::copy_encoder encoder(postgres::copy_format::binary);
  encoder.row(std::tuple("ab", nullptr, 258));
  constexpr std::string_view header("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
  constexpr std::string_view row("\0\3\0\0\0\2ab\377\377\377\377\0\0\0\10\0\0\0\0\0\0\1\2", 24);
  EXPECT_EQ(encoder.bytes(), std::string(header) + std::string(row));
  encoder.clear();
  encoder.row(std::tuple("ab", nullptr, 258));
  EXPECT_EQ(encoder.bytes(), row) << "the header comes once";
}

TEST(postgres_encoder, refuses_rows_that_are_not_whole) {
  postgres::copy_encoder encoder;
  encoder.begin_row(2);
  encoder.cell(1);
  EXPECT_THROW(encoder.begin_row(1), postgres::error);
  encoder.cell(2);
  EXPECT_THROW(encoder.cell(3), postgres::error);
}

TEST(postgres_copy, brings_any_value_in_text_and_in_binary) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await postgres::connection::async_connect(shared_server().conninfo());
    co_await db.async_script("CREATE TEMP TABLE t(n bigint, t text, i bigint, r float8, b bytea, y bool)");
    std::vector<std::vector<postgres::value>> records;
    const std::vector<std::string> texts = {"", "\\N", "\\.", "a\tb\nc\r\nd\\", "ü€😀", "NULL", "\x01\x7f", "  "};
    std::int64_t n = 0;
    for (const auto& text : texts)
      records.push_back({n++, text, std::numeric_limits<std::int64_t>::min() + n, 1.0 / static_cast<double>(n),
                         postgres::blob_value{std::byte{0}, std::byte{92}}, n % 2 == 0});
    records.push_back({n++, {}, {}, {}, {}, {}});
    const std::vector<std::string> columns = {"n", "t", "i", "r", "b", "y"};
    for (const auto format : {postgres::copy_format::text, postgres::copy_format::binary}) {
      const auto copied = co_await db.async_batch_insert("t", columns, records, format);
      EXPECT_EQ(copied, std::ssize(records));
      const auto rows = co_await db.async_query("SELECT n, t, i, r, b, y FROM t ORDER BY n");
      EXPECT_EQ(rows.size(), records.size());
      for (std::size_t r = 0; r < records.size(); ++r)
        for (std::size_t c = 0; c < columns.size(); ++c)
          EXPECT_EQ(rows.at(r).get<postgres::value>(c), records[r][c]) << r << ' ' << c;
      co_await db.async_execute("DELETE FROM t");
    }
  });
}
