#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <limits>
#include <thread>

#include "support.hpp"

using namespace std::chrono_literals;

TEST(database, keeps_every_bound_value_as_it_is) {
  sqlite::database db(":memory:");
  sqlite::create_table(db, "t", {{.name = "x"}});
  const std::vector<sqlite::value> values = {std::monostate{},
                                             std::numeric_limits<std::int64_t>::min(),
                                             std::numeric_limits<std::int64_t>::max(),
                                             -0.5,
                                             "",
                                             std::string("a\0b", 3),
                                             "\xff\xfe not UTF-8",
                                             "002272",
                                             sqlite::blob_value{},
                                             sqlite::blob_value{std::byte{0}, std::byte{255}}};
  for (const auto& v : values) EXPECT_EQ(db.execute("INSERT INTO t VALUES (?)", v), 1);
  const auto rows = all_rows(db, "t");
  ASSERT_EQ(rows.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(rows[i].at(0), values[i]) << i;
}

TEST(database, runs_several_statements_and_names_the_columns_of_a_result) {
  sqlite::database db(":memory:");
  db.execute("CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 2); -- a comment at the end\n  ");
  const auto r = db.query("SELECT a, b AS \"the second\" FROM t WHERE a = ?", 1);
  EXPECT_EQ(r.columns, (std::vector<std::string>{"a", "the second"}));
  EXPECT_EQ(r.rows, (std::vector<record>{{std::int64_t{1}, std::int64_t{2}}}));
}

TEST(database, refuses_what_it_would_have_to_guess) {
  sqlite::database db(":memory:");
  EXPECT_EQ(failure_of([&] { db.query("SELECT ?, ?", 1); }).cause(), sqlite::errc::misuse);
  EXPECT_EQ(failure_of([&] { db.query("SELECT 1; SELECT 2"); }).cause(), sqlite::errc::misuse);
  EXPECT_EQ(failure_of([&] { db.query(""); }).cause(), sqlite::errc::misuse);
  EXPECT_EQ(failure_of([&] { db.execute(std::string_view("SELECT 1\0;", 10)); }).cause(), sqlite::errc::misuse);
  EXPECT_EQ(failure_of([&] { sqlite::database nameless(""); }).cause(), sqlite::errc::misuse);
  EXPECT_EQ(failure_of([&] { db.execute("SELEKT"); }).cause(), sqlite::errc::other);
}

TEST(database, a_closed_one_leaves_one_plain_file) {
  temporary_folder folder;
  sqlite::database db(folder / "t.db");
  db.execute("CREATE TABLE t(a); INSERT INTO t VALUES (1)");
  EXPECT_TRUE(std::filesystem::exists(folder / "t.db-wal"));
  EXPECT_TRUE(db.close());
  EXPECT_TRUE(db.close()) << "again: no effect";
  EXPECT_FALSE(std::filesystem::exists(folder / "t.db-wal"));
  EXPECT_FALSE(std::filesystem::exists(folder / "t.db-shm"));
  EXPECT_EQ(failure_of([&] { db.execute("SELECT 1"); }).cause(), sqlite::errc::misuse);
  sqlite::database again(folder / "t.db", {.access = sqlite::access_mode::read_only});
  EXPECT_EQ(count(again, "t"), 1);
}

TEST(database, close_says_that_a_reader_keeps_the_log) {
  temporary_folder folder;
  sqlite::database db(folder / "t.db", {.busy_timeout = 0ms});
  db.execute("CREATE TABLE t(a)");
  sqlite::database reader(folder / "t.db");
  reader.execute("BEGIN");
  EXPECT_EQ(count(reader, "t"), 0);
  db.execute("INSERT INTO t VALUES (1)");
  EXPECT_FALSE(db.checkpoint());
  EXPECT_FALSE(db.close());
  reader.execute("COMMIT");
  EXPECT_EQ(count(reader, "t"), 1) << "nothing was lost";
}

TEST(database, a_path_is_a_path_whatever_it_looks_like) {
  temporary_folder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  sqlite::database db("file:x?mode=memory");
  db.execute("CREATE TABLE t(a)");
  std::filesystem::current_path(before);
  EXPECT_TRUE(std::filesystem::exists(folder / "file:x?mode=memory"));
}

TEST(database, page_size_is_for_new_files) {
  temporary_folder folder;
  const auto page_size = [&](std::uint32_t asked) {
    sqlite::database db(folder / "t.db", {.page_bytes = asked});
    db.execute("CREATE TABLE IF NOT EXISTS t(a)");
    return std::get<std::int64_t>(db.query("PRAGMA page_size").rows.at(0).at(0));
  };
  EXPECT_EQ(page_size(16384), 16384);
  EXPECT_EQ(page_size(4096), 16384);
}

TEST(transaction, is_undone_unless_committed) {
  sqlite::database db(":memory:");
  db.execute("CREATE TABLE t(a)");
  {
    sqlite::transaction lost(db);
    db.execute("INSERT INTO t VALUES (1)");
  }
  EXPECT_EQ(count(db, "t"), 0);
  sqlite::transaction kept(db);
  db.execute("INSERT INTO t VALUES (1)");
  kept.commit();
  EXPECT_EQ(count(db, "t"), 1);
  EXPECT_EQ(failure_of([&] { kept.commit(); }).cause(), sqlite::errc::misuse);
}

TEST(transaction, survives_its_database) {
  sqlite::database db(":memory:");
  sqlite::transaction open(db);
  EXPECT_TRUE(db.close());
  EXPECT_EQ(failure_of([&] { open.commit(); }).cause(), sqlite::errc::misuse);
}

TEST(integrity_check, is_silent_about_a_sound_file_and_finds_a_damaged_one) {
  temporary_folder folder;
  {
    sqlite::database db(folder / "t.db");
    db.execute("CREATE TABLE t(a)");
    for (int i = 0; i < 500; ++i) db.execute("INSERT INTO t VALUES (?)", std::to_string(i) + bytes(50));
    EXPECT_EQ(db.integrity_check(), std::vector<std::string>{});
  }
  {
    std::fstream file(folder / "t.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4 * 4096);
    file << bytes(4096, '\x5a');
  }
  sqlite::database db(folder / "t.db");
  EXPECT_FALSE(db.integrity_check().empty());
  EXPECT_EQ(failure_of([&] { all_rows(db, "t"); }).cause(), sqlite::errc::corrupt);
}

TEST(quote_identifier, makes_a_name_of_anything) {
  EXPECT_EQ(sqlite::quote_identifier("plain"), "\"plain\"");
  EXPECT_EQ(sqlite::quote_identifier("a \"b\""), "\"a \"\"b\"\"\"");
  EXPECT_EQ(failure_of([] { sqlite::quote_identifier(std::string_view("a\0b", 3)); }).cause(), sqlite::errc::misuse);
}

TEST(table, of_weird_names_is_made_and_found_again) {
  sqlite::database db(":memory:");
  const std::vector<sqlite::column> columns = {{.name = "select"},
                                               {.name = "a \"quoted\" one", .type = "TEXT"},
                                               {.name = "; DROP TABLE x", .type = "INTEGER", .not_null = true},
                                               {.name = "名前"},
                                               {.name = " "},
                                               {.name = "", .type = "REAL"}};
  const std::string name = "t; -- \"x\" 'y' [z] `w`";
  sqlite::create_table(db, name, columns);
  const auto found = sqlite::table_columns(db, name);
  ASSERT_EQ(found.size(), columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    EXPECT_EQ(found[i].name, columns[i].name);
    EXPECT_EQ(found[i].type, columns[i].type);
    EXPECT_EQ(found[i].not_null, columns[i].not_null);
  }
  EXPECT_TRUE(sqlite::table_columns(db, "nothing").empty());
  sqlite::insert_into(db, name)(std::vector{std::tuple{1, "two", 3, 4.5, nullptr, "six"}});
  EXPECT_EQ(count(db, name), 1);
}

TEST(table, with_other_columns_is_refused_with_the_difference) {
  sqlite::database db(":memory:");
  EXPECT_TRUE(sqlite::ensure_table(db, "t", {{.name = "a", .type = "TEXT"}, {.name = "b"}}));
  EXPECT_FALSE(sqlite::ensure_table(db, "t", {{.name = "A", .type = "text"}, {.name = "b"}}));
  const auto name = failure_of([&] { sqlite::ensure_table(db, "t", {{.name = "a", .type = "TEXT"}, {.name = "c"}}); });
  EXPECT_EQ(name.cause(), sqlite::errc::schema_mismatch);
  EXPECT_NE(std::string(name.what()).find("has \"b\" as column 2, expected was \"c\""), std::string::npos)
      << name.what();
  const auto size = failure_of([&] { sqlite::ensure_table(db, "t", {{.name = "a", .type = "TEXT"}}); });
  EXPECT_EQ(size.cause(), sqlite::errc::schema_mismatch);
  EXPECT_EQ(failure_of([&] { sqlite::create_table(db, "t", {{.name = "a"}}); }).cause(), sqlite::errc::schema_mismatch);
  EXPECT_EQ(failure_of([&] { sqlite::create_table(db, "none", {}); }).cause(), sqlite::errc::misuse);
}
