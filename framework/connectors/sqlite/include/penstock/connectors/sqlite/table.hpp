// The shape of a table: make it, look at it, insist on it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <penstock/connectors/sqlite/database.hpp>

namespace penstock::sqlite {

struct column {
  std::string name;
  /// The declared type, as SQL; empty keeps every value as it is given (see canonical.hpp). Not quoted, so not for
  /// text that a stranger wrote.
  std::string type = {};
  bool not_null = false;
};

/// Creates a table in the main database. Fails with `schema_mismatch` if there is one of that name already.
void create_table(database& db, std::string_view table, const std::vector<column>& columns);

/// The columns that can be written, in order; empty if there is no such table. Generated columns are left out.
std::vector<column> table_columns(database& db, std::string_view table);

/// Creates the table if there is none, and says whether it did. One that exists is accepted if it has the same columns
/// in the same order (names and types compared as SQLite does, without regard to case; rules are its own business);
/// else fails with `schema_mismatch`, which names the first difference.
bool ensure_table(database& db, std::string_view table, const std::vector<column>& columns);

}  // namespace penstock::sqlite
