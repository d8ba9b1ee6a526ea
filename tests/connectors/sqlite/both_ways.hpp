// A test of bulk loading runs once for each way of a batch into a table; what is stored must be the same.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "support.hpp"

using sqlite::errc;
using sqlite::write_path;

class both_ways : public testing::TestWithParam<write_path> {
 protected:
  sqlite::inserter into(sqlite::database& db, const std::string& table, sqlite::insert_options options = {}) const {
    options.path = GetParam();
    return sqlite::insert_into(db, table, std::move(options));
  }
};

inline std::vector<sqlite::column> untyped(std::size_t n) {
  std::vector<sqlite::column> columns;
  for (std::size_t i = 0; i < n; ++i) columns.push_back({.name = std::string("c").append(std::to_string(i))});
  return columns;
}

inline std::string name_of_way(const testing::TestParamInfo<write_path>& way) {
  return way.param == write_path::rows ? "as_rows" : "automatic";
}
