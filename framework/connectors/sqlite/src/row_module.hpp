// A batch as a virtual table, so that one statement reads all of its rows where they lie.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <exception>
#include <string>
#include <vector>

#include <penstock/connectors/sqlite/inserter.hpp>

namespace penstock::sqlite::detail {

/// What the virtual table shows. `rows` is set for the length of one statement.
struct shown_rows {
  explicit shown_rows(std::size_t columns) : row(columns) {}
  const row_source* rows = nullptr;
  std::vector<value_view> row;  // the current one
  std::exception_ptr thrown;    // by the batch; it cannot pass through SQLite, so it is kept
};

/// Makes the table `name` known to the connection: it exists by itself and has as many columns as `shown` has. `shown`
/// must live until `forget_rows`. Returns SQLite's result code.
int show_rows(sqlite3* db, const std::string& name, shown_rows& shown);

/// No statement on the table may be left.
void forget_rows(sqlite3* db, const std::string& name) noexcept;

}  // namespace penstock::sqlite::detail
