#include <penstock/connectors/sqlite/table.hpp>

#include <sqlite3.h>

#include <algorithm>

#include "statement.hpp"
#include "table_shape.hpp"

namespace penstock::sqlite {
namespace {

bool same_word(const std::string& a, const std::string& b) { return sqlite3_stricmp(a.c_str(), b.c_str()) == 0; }

std::string described(const column& c) { return quote_identifier(c.name) + (c.type.empty() ? "" : " " + c.type); }

[[noreturn]] void mismatch(const database& db, std::string_view table, const std::string& difference) {
  throw error(errc::schema_mismatch, db.path().string() + ": table " + quote_identifier(table) + " " + difference);
}

}  // namespace

void create_table(database& db, std::string_view table, const std::vector<column>& columns) {
  if (columns.empty()) throw error(errc::misuse, db.path().string() + ": a table needs at least one column");
  if (!table_columns(db, table).empty()) mismatch(db, table, "exists already");
  std::string sql = "CREATE TABLE main." + quote_identifier(table) + " (";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) sql += ", ";
    sql += described(columns[i]);
    if (columns[i].not_null) sql += " NOT NULL";
  }
  db.execute(sql + ")");
}

std::vector<column> detail::columns_of(const connection& c, std::string_view table) {
  constexpr auto doing = "looking at a table";
  statement s(c, "SELECT name, type, \"notnull\" FROM pragma_table_info(?, 'main') ORDER BY cid", doing);
  s.bind(0, table);
  std::vector<column> columns;
  int rc = sqlite3_step(s.handle());
  for (; rc == SQLITE_ROW; rc = sqlite3_step(s.handle()))
    columns.push_back({std::string(column_text(s.handle(), 0)), std::string(column_text(s.handle(), 1)),
                       sqlite3_column_int(s.handle(), 2) != 0});
  if (rc != SQLITE_DONE) fail(c, rc, doing);
  return columns;
}

std::vector<column> table_columns(database& db, std::string_view table) {
  db.connection_->open_handle("looking at a table");
  return detail::columns_of(*db.connection_, table);
}

bool ensure_table(database& db, std::string_view table, const std::vector<column>& columns) {
  const auto existing = table_columns(db, table);
  if (existing.empty()) {
    create_table(db, table, columns);
    return true;
  }
  for (std::size_t i = 0; i < std::min(columns.size(), existing.size()); ++i)
    if (!same_word(existing[i].name, columns[i].name) || !same_word(existing[i].type, columns[i].type))
      mismatch(db, table,
               "has " + described(existing[i]) + " as column " + std::to_string(i + 1) + ", expected was " +
                   described(columns[i]));
  if (existing.size() != columns.size())
    mismatch(db, table,
             "has " + std::to_string(existing.size()) + " columns, expected were " + std::to_string(columns.size()));
  return false;
}

}  // namespace penstock::sqlite
