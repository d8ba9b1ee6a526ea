// What reaches the table: every value, in every shape of table.
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "both_ways.hpp"

namespace {

// What SQLite thinks of the pages that were written for it.
std::vector<std::string> faults_of_images(sqlite::database& db) {
  std::vector<std::string> found;
  for (const auto& r : db.query("SELECT name FROM pragma_database_list WHERE name GLOB 'penstock_image_*'").rows) {
    const auto check = db.query("PRAGMA " + std::get<std::string>(r[0]) + ".integrity_check");
    for (const auto& line : check.rows)
      if (line[0] != sqlite::value("ok")) found.push_back(std::get<std::string>(line[0]));
  }
  return found;
}

struct vendor {
  std::string prefix;
  std::optional<std::string> name;
  int staff;
};
auto sqlite_row(const vendor& v) { return std::tie(v.prefix, v.name, v.staff); }

}  // namespace

class inserter : public both_ways {};
INSTANTIATE_TEST_SUITE_P(, inserter, testing::Values(write_path::automatic, write_path::rows), name_of_way);

TEST_P(inserter, stores_every_value_as_it_is) {
  temporary_folder folder;
  sqlite::database db(folder / "t.db");
  sqlite::create_table(db, "t", untyped(2));
  using limits = std::numeric_limits<std::int64_t>;
  table_of_values batch{{}, 2};
  for (const std::int64_t edge : {std::int64_t{0}, std::int64_t{127}, std::int64_t{32767}, std::int64_t{8388607},
                                  std::int64_t{2147483647}, std::int64_t{140737488355327}, limits::max() - 1})
    for (const std::int64_t i : {edge, edge + 1, -edge, -edge - 1}) batch.content.push_back({i, std::to_string(i)});
  batch.content.push_back({limits::min(), std::monostate{}});
  for (const double r : {0.0, -0.0, 7.0, 0.1, -1e300, 5e-324, std::numeric_limits<double>::infinity()})
    batch.content.push_back({r, std::to_string(r)});
  for (const std::string& text :
       {std::string(), std::string("a\0b", 3), std::string("\0", 1), std::string("\xff\xc0\x80"), std::string("002272"),
        std::string("Zürich 東京 🦆"), std::string("a\nb\r\n\"c\"")})
    batch.content.push_back({text, text});
  // Lengths around every change in the form of a record: header bytes, length bytes, pages.
  for (const std::size_t n : std::initializer_list<std::size_t>{56, 57, 58, 59, 127, 128, 4000, 4060, 8185, 8186, 8187,
                                                                8188, 16383, 16384, 32000, 60000})
    batch.content.push_back({bytes(n, 'a'), bytes(n % 300, 'b')});
  batch.content.push_back({sqlite::blob_value{}, sqlite::blob_value{std::byte{0}, std::byte{0xff}}});
  const auto insert = into(db, "t");
  insert(batch);
  EXPECT_EQ(all_rows(db, "t"), batch.content);
  EXPECT_EQ(insert.counts().rows, batch.content.size());
  EXPECT_EQ(insert.counts().image_batches, GetParam() == write_path::automatic ? 1U : 0U);
  EXPECT_EQ(db.integrity_check(), std::vector<std::string>{});
}

TEST_P(inserter, stores_what_sqlite_has_no_form_for_as_sqlite_does) {
  sqlite::database db(":memory:");
  sqlite::create_table(db, "t", untyped(1));
  into(db, "t")(std::vector{std::tuple{std::numeric_limits<double>::quiet_NaN()}});
  EXPECT_EQ(all_rows(db, "t"), (std::vector<record>{{std::monostate{}}}));
}

TEST_P(inserter, random_batches_come_out_as_they_went_in) {
  temporary_folder folder;
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  sqlite::database db(folder / "t.db", {.wal_bytes = 1 << 16});
  for (int round = 0; round < 6; ++round) {
    const std::string table = "t" + std::to_string(round);
    const std::size_t width = 1 + below(round % 3 == 0 ? 200 : 12);
    sqlite::create_table(db, table, untyped(width));
    const auto insert = into(db, table);
    std::vector<record> expected;
    for (int b = 0; b < 4; ++b) {
      table_of_values batch{{}, width};
      const std::size_t longest = b == 3 ? 1000 : 40;
      for (std::size_t r = 0, n = below(500); r < n; ++r) {
        record& made = batch.content.emplace_back();
        for (std::size_t c = 0; c < width; ++c) switch (below(5)) {
            case 0: made.emplace_back(std::monostate{}); break;
            case 1: made.emplace_back(static_cast<std::int64_t>(std::mt19937_64(random())()) >> below(64)); break;
            case 2: made.emplace_back(static_cast<double>(below(1000)) / 7); break;
            case 3: made.emplace_back(sqlite::blob_value(below(longest), std::byte{7})); break;
            default: made.emplace_back(bytes(below(longest), static_cast<char>('a' + below(26))));
          }
      }
      insert(batch);
      EXPECT_EQ(faults_of_images(db), std::vector<std::string>{});
      expected.insert(expected.end(), batch.content.begin(), batch.content.end());
    }
    EXPECT_TRUE(all_rows(db, table) == expected) << table;
  }
  EXPECT_EQ(db.integrity_check(), std::vector<std::string>{});
}

TEST_P(inserter, rows_longer_than_any_page_go_in_too) {
  temporary_folder folder;
  sqlite::database db(folder / "t.db");
  sqlite::create_table(db, "t", untyped(2));
  table_of_values batch{{}, 2};
  for (const std::size_t n :
       std::initializer_list<std::size_t>{65490, 65494, 65495, 65496, 65497, 65501, 65536, 1000000})
    batch.content.push_back({bytes(n), ""});
  const auto insert = into(db, "t");
  for (const auto& one : batch.content) insert(table_of_values{{one}, 2});
  insert(batch);
  EXPECT_EQ(faults_of_images(db), std::vector<std::string>{});
  auto expected = batch.content;
  expected.insert(expected.end(), batch.content.begin(), batch.content.end());
  EXPECT_TRUE(all_rows(db, "t") == expected);
  EXPECT_EQ(db.integrity_check(), std::vector<std::string>{});
}

TEST_P(inserter, text_in_a_column_of_numbers_is_converted_as_that_column_says) {
  sqlite::database db(":memory:");
  for (const char* type : {"INTEGER", "REAL", "NUMERIC", "TEXT", "BLOB", "VARCHAR(3)"}) {
    sqlite::create_table(db, "bulk", {{.name = "x", .type = type}});
    sqlite::create_table(db, "bare", {{.name = "x", .type = type}});
    const std::vector<record> values = {{"007"}, {"1e5"}, {"x"}, {std::int64_t{7}}, {7.0}, {0.5}, {std::monostate{}}};
    const auto insert = into(db, "bulk");
    insert(table_of_values{values, 1});
    for (const auto& v : values) insert(table_of_values{{v}, 1});
    for (int i = 0; i < 2; ++i)
      for (const auto& v : values) db.execute("INSERT INTO bare VALUES (?)", v[0]);
    EXPECT_EQ(all_rows(db, "bulk"), all_rows(db, "bare")) << type;
    db.execute("DROP TABLE bulk; DROP TABLE bare");
  }
  EXPECT_EQ(db.integrity_check(), std::vector<std::string>{});
}

TEST_P(inserter, any_table_gets_the_rows_that_single_inserts_would_have_given_it) {
  temporary_folder folder;
  sqlite::database db(folder / "t.db");
  for (const char* shape :
       {"(a, b)", "(a TEXT, b TEXT)", "(a TEXT NOT NULL, b)", "(a INTEGER PRIMARY KEY, b)", "(a TEXT PRIMARY KEY, b)",
        "(a PRIMARY KEY, b) WITHOUT ROWID", "(a INT, b ANY) STRICT", "(a, b DEFAULT 7)", "(a CHECK (a >= 0), b)",
        "(a, b COLLATE NOCASE)", "(a, b, c AS (a || b))", "(a, b, c AS (a || b) STORED)", "(b, a UNIQUE)"}) {
    db.execute(std::string("CREATE TABLE bulk") + shape + "; CREATE TABLE bare" + shape);
    const auto insert = into(db, "bulk", {.columns = {"a", "b"}});
    const auto insert_all = into(db, "bulk");
    int next = 1;
    for (int b = 0; b < 3; ++b) {
      std::vector<std::tuple<int, std::string>> batch;
      for (int i = 0; i < 100; ++i, ++next) batch.emplace_back(next, "text " + std::to_string(next));
      if (b < 2 || std::string_view(shape).starts_with("(b")) {
        insert(batch);
      } else {
        insert_all(batch);
      }
      for (const auto& [x, y] : batch) db.execute("INSERT INTO bare(a, b) VALUES (?, ?)", x, y);
    }
    EXPECT_EQ(all_rows(db, "bulk"), all_rows(db, "bare")) << shape;
    EXPECT_EQ(db.integrity_check(), std::vector<std::string>{}) << shape;
    db.execute("DROP TABLE bulk; DROP TABLE bare");
  }
}

TEST_P(inserter, indexes_and_triggers_see_every_row) {
  sqlite::database db(":memory:");
  db.execute(
      "CREATE TABLE t(a, b); CREATE INDEX i ON t(b); CREATE TABLE log(a);"
      "CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END");
  const auto insert = into(db, "t");
  insert(std::vector<std::pair<int, int>>{{1, 10}, {2, 20}, {3, 20}});
  insert(std::vector<std::pair<int, int>>{{4, 10}});
  EXPECT_EQ(count(db, "log"), 4);
  EXPECT_EQ(db.query("SELECT a FROM t INDEXED BY i WHERE b = 20").rows.size(), 2U);
  EXPECT_EQ(insert.counts().rows, 4U) << "the rows of triggers are not its own";
}

TEST_P(inserter, follows_a_table_that_changes_between_batches) {
  temporary_folder folder;
  sqlite::database db(folder / "t.db");
  sqlite::database other(folder / "t.db");
  db.execute("CREATE TABLE t(a, b)");
  const auto insert = into(db, "t");
  const std::vector<std::pair<int, int>> batch{{1, 2}};
  insert(batch);
  other.execute("CREATE UNIQUE INDEX i ON t(a)");
  EXPECT_EQ(failure_of([&] { insert(batch); }).cause(), errc::constraint);
  other.execute("DROP TABLE t; CREATE TABLE t(b TEXT, a)");
  insert(batch);
  EXPECT_EQ(all_rows(db, "t"), (std::vector<record>{{"1", std::int64_t{2}}}));
  other.execute("ALTER TABLE t ADD COLUMN c");
  EXPECT_EQ(failure_of([&] { insert(batch); }).cause(), errc::schema_mismatch);
  other.execute("DROP TABLE t");
  EXPECT_EQ(failure_of([&] { insert(batch); }).cause(), errc::schema_mismatch);
}

TEST_P(inserter, a_table_as_wide_as_sqlite_allows_works) {
  temporary_folder folder;
  sqlite::database db(folder / "t.db");
  sqlite::create_table(db, "t", untyped(2000));
  table_of_values batch{{}, 2000};
  for (int r = 0; r < 20; ++r) {
    record& made = batch.content.emplace_back();
    for (int c = 0; c < 2000; ++c) made.emplace_back(std::to_string(r * c));
  }
  into(db, "t")(batch);
  EXPECT_TRUE(all_rows(db, "t") == batch.content);
  EXPECT_NE(failure_of([&] { sqlite::create_table(db, "wider", untyped(2001)); }).cause(), errc::corrupt);
}

TEST_P(inserter, a_batch_of_another_width_is_refused) {
  sqlite::database db(":memory:");
  sqlite::create_table(db, "t", untyped(2));
  const auto insert = into(db, "t");
  const auto e = failure_of([&] { insert(std::vector{std::tuple{1, 2, 3}}); });
  EXPECT_EQ(e.cause(), errc::schema_mismatch);
  EXPECT_NE(std::string(e.what()).find("3 columns, expected were 2"), std::string::npos) << e.what();
  EXPECT_EQ(failure_of([&] { into(db, "none")(std::vector{std::tuple{1}}); }).cause(), errc::schema_mismatch);
  EXPECT_EQ(failure_of([&] { into(db, "t", {.columns = {"c0", "x"}})(std::vector{std::tuple{1, 2}}); }).cause(),
            errc::schema_mismatch);
}

TEST_P(inserter, takes_tuples_and_types_that_say_what_their_cells_are) {
  sqlite::database db(":memory:");
  sqlite::create_table(db, "t", untyped(3));
  const auto insert = into(db, "t");
  insert(std::vector<vendor>{{"00-00-00", "XEROX", 3}, {"00-00-01", std::nullopt, 0}});
  insert(std::vector<std::tuple<std::string_view, std::optional<double>, bool>>{{"x", 0.5, true}});
  insert(std::vector<std::array<int, 3>>{{1, 2, 3}});
  insert(std::vector<vendor>{});
  using i64 = std::int64_t;
  EXPECT_EQ(all_rows(db, "t"), (std::vector<record>{{"00-00-00", "XEROX", i64{3}},
                                                    {"00-00-01", std::monostate{}, i64{0}},
                                                    {"x", 0.5, i64{1}},
                                                    {i64{1}, i64{2}, i64{3}}}));
}
