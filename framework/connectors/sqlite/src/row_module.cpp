#include "row_module.hpp"

#include <new>

namespace penstock::sqlite::detail {
namespace {

struct table {
  sqlite3_vtab base;
  shown_rows* shown;
};

struct cursor {
  sqlite3_vtab_cursor base;
  std::size_t row;
};

shown_rows& shown_by(sqlite3_vtab_cursor* c) { return *reinterpret_cast<table*>(c->pVtab)->shown; }

bool at_end(sqlite3_vtab_cursor* c) {
  const auto& shown = shown_by(c);
  return !shown.rows || reinterpret_cast<cursor*>(c)->row >= shown.rows->rows;
}

int read_row(sqlite3_vtab_cursor* c) {
  auto& shown = shown_by(c);
  if (at_end(c)) return SQLITE_OK;
  try {
    shown.rows->read(shown.rows->batch, reinterpret_cast<cursor*>(c)->row, shown.row.data());
  } catch (...) {
    shown.thrown = std::current_exception();
    return SQLITE_ABORT;
  }
  return SQLITE_OK;
}

int connect(sqlite3* db, void* shown, int, const char* const*, sqlite3_vtab** out, char**) {
  std::string declaration = "CREATE TABLE rows (c0";
  const std::size_t columns = static_cast<shown_rows*>(shown)->row.size();
  for (std::size_t i = 1; i < columns; ++i) declaration += ", c" + std::to_string(i);
  if (const int rc = sqlite3_declare_vtab(db, (declaration + ")").c_str()); rc != SQLITE_OK) return rc;
  auto* made = new (std::nothrow) table{{}, static_cast<shown_rows*>(shown)};
  if (!made) return SQLITE_NOMEM;
  *out = &made->base;
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* t) {
  delete reinterpret_cast<table*>(t);
  return SQLITE_OK;
}

int best_index(sqlite3_vtab*, sqlite3_index_info* plan) {
  plan->estimatedCost = 1000;
  plan->estimatedRows = 1000;
  return SQLITE_OK;
}

int open(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
  auto* made = new (std::nothrow) cursor{{}, 0};
  if (!made) return SQLITE_NOMEM;
  *out = &made->base;
  return SQLITE_OK;
}

int close(sqlite3_vtab_cursor* c) {
  delete reinterpret_cast<cursor*>(c);
  return SQLITE_OK;
}

int rewind(sqlite3_vtab_cursor* c, int, const char*, int, sqlite3_value**) {
  reinterpret_cast<cursor*>(c)->row = 0;
  return read_row(c);
}

int next(sqlite3_vtab_cursor* c) {
  ++reinterpret_cast<cursor*>(c)->row;
  return read_row(c);
}

int column(sqlite3_vtab_cursor* c, sqlite3_context* out, int i) {
  const value_view& v = shown_by(c).row[static_cast<std::size_t>(i)];
  // STATIC: the batch outlives the statement, so that SQLite need not copy.
  switch (v.kind()) {
    case kind::null: break;
    case kind::integer: sqlite3_result_int64(out, v.integer()); break;
    case kind::real: sqlite3_result_double(out, v.real()); break;
    case kind::text: sqlite3_result_text64(out, v.bytes().data(), v.bytes().size(), SQLITE_STATIC, SQLITE_UTF8); break;
    case kind::blob: sqlite3_result_blob64(out, v.bytes().data(), v.bytes().size(), SQLITE_STATIC); break;
  }
  return SQLITE_OK;
}

int row_id(sqlite3_vtab_cursor* c, sqlite3_int64* id) {
  *id = static_cast<sqlite3_int64>(reinterpret_cast<cursor*>(c)->row) + 1;
  return SQLITE_OK;
}

// Without xCreate the table exists by itself and cannot be created under another name.
const sqlite3_module module = [] {
  sqlite3_module m{};
  m.xConnect = connect;
  m.xBestIndex = best_index;
  m.xDisconnect = disconnect;
  m.xOpen = open;
  m.xClose = close;
  m.xFilter = rewind;
  m.xNext = next;
  m.xEof = [](sqlite3_vtab_cursor* c) { return at_end(c) ? 1 : 0; };
  m.xColumn = column;
  m.xRowid = row_id;
  return m;
}();

}  // namespace

int show_rows(sqlite3* db, const std::string& name, shown_rows& shown) {
  return sqlite3_create_module_v2(db, name.c_str(), &module, &shown, nullptr);
}

void forget_rows(sqlite3* db, const std::string& name) noexcept {
  sqlite3_create_module_v2(db, name.c_str(), nullptr, nullptr, nullptr);
}

}  // namespace penstock::sqlite::detail
