// What is around an inserter: transactions, other inserters, other threads, the end of the database.
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <thread>

#include "both_ways.hpp"

class inserter_life : public both_ways {};
INSTANTIATE_TEST_SUITE_P(, inserter_life, testing::Values(write_path::automatic, write_path::rows), name_of_way);

TEST_P(inserter_life, inside_a_transaction_is_part_of_it) {
  sqlite::database db(":memory:");
  db.execute("CREATE TABLE t(a UNIQUE)");
  db.execute("CREATE TABLE u(a)");
  const auto collecting = into(db, "t", {.on_bad_row = sqlite::bad_row_policy::collect});
  const auto plain = into(db, "u");
  plain(std::vector{std::tuple{1}});
  {
    sqlite::transaction undone(db);
    collecting(std::vector{std::tuple{1}, std::tuple{1}, std::tuple{2}});
    plain(std::vector{std::tuple{2}});
    EXPECT_EQ(count(db, "t"), 2);
    EXPECT_EQ(failure_of([&] { into(db, "t")(std::vector{std::tuple{9}, std::tuple{1}}); }).row(), 1U);
    EXPECT_EQ(count(db, "t"), 2) << "the failing batch is undone, the transaction goes on";
  }
  EXPECT_EQ(count(db, "t"), 0);
  plain(std::vector{std::tuple{3}});
  EXPECT_EQ(count(db, "u"), 2);
}

TEST_P(inserter_life, a_batch_that_throws_undoes_itself) {
  struct throwing {
    std::size_t rows() const { return 5; }
    std::size_t columns() const { return 1; }
    std::int64_t cell(std::size_t r, std::size_t) const {
      if (r == 3) throw std::runtime_error("the source is gone");
      return static_cast<std::int64_t>(r);
    }
  };
  sqlite::database db(":memory:");
  sqlite::create_table(db, "t", untyped(1));
  const auto insert = into(db, "t");
  EXPECT_THROW(insert(throwing{}), std::runtime_error);
  EXPECT_EQ(count(db, "t"), 0);
  insert(std::vector{std::tuple{1}});
  EXPECT_EQ(count(db, "t"), 1);
}

TEST_P(inserter_life, is_refused_once_the_database_is_closed_and_may_outlive_it) {
  std::optional<sqlite::inserter> late;
  {
    sqlite::database db(":memory:");
    sqlite::create_table(db, "t", untyped(1));
    const auto insert = into(db, "t");
    insert(std::vector{std::tuple{1}});
    late = insert;
    EXPECT_TRUE(db.close());
    EXPECT_EQ(failure_of([&] { insert(std::vector{std::tuple{1}}); }).cause(), errc::misuse);
  }
  EXPECT_EQ(failure_of([&] { (*late)(std::vector{std::tuple{1}}); }).cause(), errc::misuse);
  EXPECT_EQ(late->counts().rows, 1U) << "copies share their counts";
}

TEST_P(inserter_life, many_of_them_work_on_one_connection) {
  temporary_folder folder;
  sqlite::database db(folder / "t.db");
  std::vector<sqlite::inserter> all;
  for (int i = 0; i < 15; ++i) {
    sqlite::create_table(db, "t" + std::to_string(i), untyped(1));
    all.push_back(into(db, "t" + std::to_string(i)));
  }
  for (int b = 0; b < 2; ++b)
    for (const auto& insert : all) insert(std::vector{std::tuple{b}, std::tuple{b}});
  for (int i = 0; i < 15; ++i) EXPECT_EQ(count(db, "t" + std::to_string(i)), 4);
}

TEST_P(inserter_life, one_that_goes_inside_a_transaction_leaves_nothing_behind_at_the_end) {
  temporary_folder folder;
  sqlite::database db(folder / "t.db");
  sqlite::create_table(db, "t", untyped(1));
  {
    auto insert = std::make_optional(into(db, "t"));
    (*insert)(std::vector{std::tuple{1}});
    sqlite::transaction open(db);
    (*insert)(std::vector{std::tuple{2}});
    insert.reset();
    open.commit();
  }
  EXPECT_EQ(count(db, "t"), 2);
  EXPECT_TRUE(db.close());
  EXPECT_FALSE(std::filesystem::exists(folder / "t.db-wal"));
}

TEST_P(inserter_life, counts_can_be_read_while_another_thread_writes) {
  temporary_folder folder;
  sqlite::database db(folder / "t.db");
  sqlite::create_table(db, "t", untyped(1));
  const auto insert = into(db, "t");
  std::jthread writing([&] {
    for (int i = 0; i < 200; ++i) insert(std::vector{std::tuple{i}, std::tuple{i}});
  });
  std::uint64_t last = 0;
  while (last < 400) {
    const auto now = insert.counts();
    EXPECT_GE(now.rows, last);
    EXPECT_EQ(now.rows, 2 * now.batches);
    last = now.rows;
    std::this_thread::yield();
  }
}

TEST_P(inserter_life, two_calls_at_once_are_refused) {
  sqlite::database db(":memory:");
  sqlite::create_table(db, "t", untyped(1));
  const auto insert = into(db, "t");
  struct calls_again {
    const sqlite::inserter& insert;
    std::size_t rows() const { return 1; }
    std::size_t columns() const { return 1; }
    int cell(std::size_t, std::size_t) const {
      insert(std::vector{std::tuple{1}});
      return 1;
    }
  };
  EXPECT_EQ(failure_of([&] { insert(calls_again{insert}); }).cause(), errc::misuse);
  EXPECT_EQ(count(db, "t"), 0);
}

TEST_P(inserter_life, a_database_in_another_text_encoding_gets_the_same_text) {
  temporary_folder folder;
  sqlite::database db(folder / "t.db", {.journal = sqlite::journal_mode::keep});
  db.execute("PRAGMA encoding = 'UTF-16le'");
  sqlite::create_table(db, "t", untyped(1));
  into(db, "t")(std::vector<std::tuple<std::string>>{{"Zürich"}, {""}, {"東京 🦆"}});
  EXPECT_EQ(all_rows(db, "t"), (std::vector<record>{{"Zürich"}, {""}, {"東京 🦆"}}));
}

TEST_P(inserter_life, a_reader_sees_whole_batches_only) {
  temporary_folder folder;
  sqlite::database db(folder / "t.db");
  sqlite::create_table(db, "t", untyped(1));
  const auto insert = into(db, "t");
  sqlite::database reader(folder / "t.db", {.access = sqlite::access_mode::read_only});
  for (int b = 1; b <= 20; ++b) {
    insert(std::vector<std::tuple<std::string>>(777, {bytes(100)}));
    EXPECT_EQ(count(reader, "t"), 777 * b);
  }
}
