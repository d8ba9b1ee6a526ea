// Rows that break a rule of the table: named, or left out and kept aside.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <optional>

#include "both_ways.hpp"

class bad_rows : public both_ways {};
INSTANTIATE_TEST_SUITE_P(, bad_rows, testing::Values(write_path::automatic, write_path::rows), name_of_way);

TEST_P(bad_rows, a_row_that_breaks_a_rule_undoes_its_batch_and_is_named) {
  sqlite::database db(":memory:");
  db.execute("CREATE TABLE t(a UNIQUE, b NOT NULL)");
  const auto insert = into(db, "t");
  insert(std::vector<std::pair<int, int>>{{1, 1}, {2, 2}});
  const auto e = failure_of([&] { insert(std::vector<std::pair<int, int>>{{3, 3}, {4, 4}, {2, 5}, {6, 6}}); });
  EXPECT_EQ(e.cause(), errc::constraint);
  EXPECT_EQ(e.row(), 2U);
  EXPECT_EQ(e.native(), SQLITE_CONSTRAINT_UNIQUE);
  EXPECT_NE(std::string(e.what()).find("row 3 of the batch: UNIQUE constraint failed: t.a"), std::string::npos)
      << e.what();
  EXPECT_EQ(count(db, "t"), 2);
  EXPECT_EQ(insert.counts().rows, 2U);
  EXPECT_EQ(insert.counts().batches, 1U);
  insert(std::vector<std::pair<int, int>>{{3, 3}});
  EXPECT_EQ(count(db, "t"), 3) << "it can go on";
}

TEST_P(bad_rows, a_null_where_none_may_be_is_named_in_a_table_without_other_rules) {
  sqlite::database db(":memory:");
  sqlite::create_table(db, "t", {{.name = "a", .type = "TEXT", .not_null = true}});
  const auto insert = into(db, "t");
  insert(std::vector<std::tuple<std::string>>{{"x"}, {""}});
  EXPECT_EQ(insert.counts().image_batches, GetParam() == write_path::automatic ? 1U : 0U);
  using maybe = std::tuple<std::optional<std::string>>;
  const auto e = failure_of([&] { insert(std::vector<maybe>{maybe{"y"}, maybe{std::nullopt}}); });
  EXPECT_EQ(e.cause(), errc::constraint);
  EXPECT_EQ(e.row(), 1U);
  EXPECT_EQ(count(db, "t"), 2);
}

TEST_P(bad_rows, collects_bad_rows_and_commits_the_others) {
  sqlite::database db(":memory:");
  db.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b CHECK (b < 100))");
  const auto insert = into(db, "t", {.on_bad_row = sqlite::bad_row_policy::collect});
  const table_of_values batch{{{std::int64_t{1}, std::int64_t{1}},
                               {"not a number", std::int64_t{2}},
                               {std::int64_t{1}, std::int64_t{3}},
                               {std::int64_t{4}, std::int64_t{400}},
                               {std::int64_t{5}, std::int64_t{5}}},
                              2};
  const auto bad = insert.insert(batch);
  ASSERT_EQ(bad.size(), 3U);
  EXPECT_EQ(bad[0].row, 1U);
  EXPECT_EQ(bad[0].reason, "datatype mismatch");
  EXPECT_EQ(bad[1].row, 2U);
  EXPECT_EQ(bad[1].reason, "UNIQUE constraint failed: t.a");
  EXPECT_EQ(bad[2].row, 3U);
  EXPECT_EQ(bad[2].reason, "CHECK constraint failed: b < 100");
  EXPECT_EQ(count(db, "t"), 2);
  EXPECT_EQ(insert.counts().rows, 2U);
  EXPECT_EQ(insert.counts().bad_rows, 3U);
  insert(batch);
  EXPECT_EQ(insert.take_bad_rows().size(), 5U) << "all of them, now that the good ones are there";
  EXPECT_TRUE(insert.take_bad_rows().empty());
}

TEST_P(bad_rows, a_rule_checked_at_the_commit_blames_no_row) {
  sqlite::database db(":memory:");
  db.execute(
      "PRAGMA foreign_keys = ON; CREATE TABLE p(a PRIMARY KEY);"
      "CREATE TABLE t(a REFERENCES p DEFERRABLE INITIALLY DEFERRED)");
  const auto insert = into(db, "t");
  const auto e = failure_of([&] { insert(std::vector{std::tuple{1}, std::tuple{2}}); });
  EXPECT_EQ(e.cause(), errc::constraint);
  EXPECT_EQ(e.row(), std::nullopt);
  EXPECT_EQ(count(db, "t"), 0);
  const auto collecting = into(db, "t", {.on_bad_row = sqlite::bad_row_policy::collect});
  EXPECT_EQ(failure_of([&] { collecting(std::vector{std::tuple{1}}); }).cause(), errc::constraint);
  EXPECT_EQ(count(db, "t"), 0);
}

TEST_P(bad_rows, a_rule_that_keeps_half_of_a_failed_statement_doubles_no_row) {
  const auto batch = std::vector{std::tuple{1}, std::tuple{2}, std::tuple{1}, std::tuple{3}};
  for (const char* table :
       {"CREATE TABLE t(a UNIQUE ON CONFLICT FAIL)",
        "CREATE TABLE t(a); CREATE TRIGGER one AFTER INSERT ON t "
        "WHEN (SELECT count(*) FROM t WHERE a = new.a) > 1 BEGIN SELECT raise(FAIL, 'twice'); END"}) {
    SCOPED_TRACE(table);
    sqlite::database db(":memory:");
    db.execute(table);
    const auto e = failure_of([&] { into(db, "t")(batch); });
    EXPECT_EQ(e.row(), 2U);
    EXPECT_EQ(count(db, "t"), 0) << "the batch is undone";

    const auto collecting = into(db, "t", {.on_bad_row = sqlite::bad_row_policy::collect});
    const auto bad = collecting.insert(batch);
    ASSERT_EQ(bad.size(), 1U);
    EXPECT_EQ(bad[0].row, 2U);
    EXPECT_EQ(all_rows(db, "t"), (std::vector<record>{{std::int64_t{1}}, {std::int64_t{2}}, {std::int64_t{3}}}));
  }
}

TEST_P(bad_rows, a_row_that_the_table_ignores_is_one_of_them) {
  const auto batch = std::vector{std::tuple{1}, std::tuple{2}, std::tuple{1}, std::tuple{3}};
  for (const char* table : {"CREATE TABLE t(a UNIQUE ON CONFLICT IGNORE)",
                            "CREATE TABLE t(a); CREATE TRIGGER one BEFORE INSERT ON t "
                            "WHEN EXISTS (SELECT * FROM t WHERE a = new.a) BEGIN SELECT raise(IGNORE); END"}) {
    SCOPED_TRACE(table);
    sqlite::database db(":memory:");
    db.execute(table);
    const auto e = failure_of([&] { into(db, "t")(batch); });
    EXPECT_EQ(e.cause(), errc::constraint);
    EXPECT_EQ(e.row(), 2U);
    EXPECT_EQ(count(db, "t"), 0);

    const auto collecting = into(db, "t", {.on_bad_row = sqlite::bad_row_policy::collect});
    const auto bad = collecting.insert(batch);
    ASSERT_EQ(bad.size(), 1U);
    EXPECT_EQ(bad[0].row, 2U);
    EXPECT_NE(bad[0].reason.find("ignores"), std::string::npos);
    EXPECT_EQ(collecting.counts().rows, 3U);
    EXPECT_EQ(count(db, "t"), 3);
  }
}

TEST_P(bad_rows, a_view_that_a_trigger_makes_writable_ignores_none) {
  sqlite::database db(":memory:");
  db.execute(
      "CREATE TABLE base(a); CREATE VIEW t AS SELECT a FROM base; CREATE TRIGGER put INSTEAD OF INSERT ON t "
      "BEGIN INSERT INTO base VALUES (new.a); END");
  into(db, "t")(std::vector{std::tuple{1}, std::tuple{2}});
  EXPECT_EQ(count(db, "base"), 2);
}

TEST_P(bad_rows, a_value_beyond_the_limits_is_a_bad_row) {
  sqlite::database db(":memory:");
  sqlite::create_table(db, "t", untyped(1));
  sqlite3_limit(db.handle(), SQLITE_LIMIT_LENGTH, 100000);
  const auto insert = into(db, "t");
  const auto e = failure_of([&] { insert(table_of_values{{{"x"}, {bytes(200000)}}, 1}); });
  EXPECT_EQ(e.cause(), errc::too_big);
  EXPECT_EQ(e.row(), 1U);
  EXPECT_EQ(count(db, "t"), 0);
}
