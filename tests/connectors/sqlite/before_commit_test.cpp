// What is written with a batch is committed with it, or not at all.
#include <gtest/gtest.h>

#include <stdexcept>

#include "both_ways.hpp"

class before_commit : public both_ways {
 protected:
  // A note of how many rows are loaded, in the same database.
  sqlite::before_commit note(std::int64_t rows) {
    return [this, rows](std::span<const sqlite::bad_row> bad) {
      left_out.assign(bad.begin(), bad.end());
      db.execute("UPDATE note SET rows = ?", rows);
    };
  }
  sqlite::value noted() { return db.query("SELECT rows FROM note").rows.at(0).at(0); }
  static table_of_values numbers(std::int64_t first, std::int64_t last) {
    table_of_values batch{{}, 1};
    for (; first <= last; ++first) batch.content.push_back({first});
    return batch;
  }
  void SetUp() override {
    sqlite::create_table(db, "t", untyped(1));
    db.execute("CREATE TABLE note (rows); INSERT INTO note VALUES (0)");
  }

  temporary_folder folder;
  sqlite::database db{folder / "t.db"};
  std::vector<sqlite::bad_row> left_out;
};
INSTANTIATE_TEST_SUITE_P(, before_commit, testing::Values(write_path::automatic, write_path::rows), name_of_way);

TEST_P(before_commit, writes_in_the_transaction_of_every_batch) {
  const auto insert = into(db, "t");
  for (std::int64_t batch = 0; batch < 5; ++batch) {
    EXPECT_TRUE(insert.insert(numbers(batch * 100, batch * 100 + 99), note((batch + 1) * 100)).empty());
    EXPECT_EQ(noted(), sqlite::value((batch + 1) * 100));
  }
  EXPECT_EQ(all_rows(db, "t"), numbers(0, 499).content);
  EXPECT_EQ(insert.counts().image_batches, GetParam() == write_path::automatic ? 5U : 0U);
}

TEST_P(before_commit, a_batch_without_rows_calls_it_too) {
  into(db, "t").insert(numbers(1, 0), note(7));
  EXPECT_EQ(noted(), sqlite::value(std::int64_t{7}));
}

TEST_P(before_commit, what_it_throws_undoes_the_batch_and_leaves_the_inserter_usable) {
  const auto insert = into(db, "t");
  insert.insert(numbers(0, 9), note(10));
  EXPECT_THROW(insert.insert(numbers(10, 19),
                             [&](std::span<const sqlite::bad_row>) {
                               db.execute("UPDATE note SET rows = ?", std::int64_t{20});
                               throw std::runtime_error("no");
                             }),
               std::runtime_error);
  EXPECT_EQ(noted(), sqlite::value(std::int64_t{10}));
  EXPECT_EQ(count(db, "t"), 10);
  insert.insert(numbers(10, 19), note(20));
  EXPECT_EQ(all_rows(db, "t"), numbers(0, 19).content);
  EXPECT_EQ(insert.counts().rows, 20U);
}

TEST_P(before_commit, is_told_of_the_rows_that_were_left_out) {
  db.execute("CREATE UNIQUE INDEX only ON t (c0)");
  const auto insert = into(db, "t", {.on_bad_row = sqlite::bad_row_policy::collect});
  auto batch = numbers(0, 9);
  batch.content[4] = {std::int64_t{3}};
  insert.insert(batch, note(9));
  ASSERT_EQ(left_out.size(), 1U);
  EXPECT_EQ(left_out[0].row, 4U);
  EXPECT_EQ(count(db, "t"), 9);
  EXPECT_EQ(noted(), sqlite::value(std::int64_t{9}));
}

TEST_P(before_commit, is_not_called_for_a_batch_that_a_row_undoes) {
  db.execute("CREATE UNIQUE INDEX only ON t (c0)");
  const auto insert = into(db, "t");
  auto batch = numbers(0, 9);
  batch.content[4] = {std::int64_t{3}};
  const auto e = failure_of([&] { insert.insert(batch, note(9)); });
  EXPECT_EQ(e.row(), 4U);
  EXPECT_EQ(noted(), sqlite::value(std::int64_t{0}));
}
