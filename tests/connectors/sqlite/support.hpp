// What the tests of the sqlite connector share: a folder that goes away, a batch in memory, and a reader of tables.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <penstock/connectors/sqlite.hpp>

namespace sqlite = penstock::sqlite;

class temporary_folder {
 public:
  temporary_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "penstock-sqlite-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~temporary_folder() { std::filesystem::remove_all(path_); }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  std::filesystem::path operator/(const char* name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

using record = std::vector<sqlite::value>;

// Rows of owned values, seen as a batch.
struct table_of_values {
  std::vector<record> content;
  std::size_t width;
  std::size_t rows() const { return content.size(); }
  std::size_t columns() const { return width; }
  sqlite::value_view cell(std::size_t r, std::size_t c) const { return content[r][c]; }
};
static_assert(sqlite::row_batch<table_of_values>);

inline std::vector<record> all_rows(sqlite::database& db, const std::string& table) {
  return db.query("SELECT * FROM " + sqlite::quote_identifier(table)).rows;
}

inline std::int64_t count(sqlite::database& db, const std::string& table) {
  return std::get<std::int64_t>(db.query("SELECT count(*) FROM " + sqlite::quote_identifier(table)).rows.at(0).at(0));
}

inline std::string bytes(std::size_t n, char fill = 'x') { return std::string(n, fill); }

// The cause that a call fails with; records a failure of the test if it does not fail.
template <class F>
sqlite::error failure_of(F&& call) {
  try {
    std::forward<F>(call)();
  } catch (const sqlite::error& e) {
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << "not one line: " << e.what();
    return e;
  }
  ADD_FAILURE() << "the call did not fail";
  return {sqlite::errc::other, "no failure"};
}
