#include "statement.hpp"

#include <limits>

namespace penstock::sqlite::detail {

statement::statement(const connection& c, std::string_view sql, const std::string& doing, std::string_view* rest) {
  if (sql.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw error(errc::too_big, c.path + ": " + doing + ": the statement is longer than 2 GiB");
  const char* tail = nullptr;
  const int rc = sqlite3_prepare_v2(c.handle, sql.data(), static_cast<int>(sql.size()), &handle_, &tail);
  if (rc != SQLITE_OK) fail(c, rc, doing);
  if (rest) *rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
}

int statement::bind(std::size_t parameter, const value_view& v) noexcept {
  const int at = static_cast<int>(parameter) + 1;
  switch (v.kind()) {
    case kind::null: return sqlite3_bind_null(handle_, at);
    case kind::integer: return sqlite3_bind_int64(handle_, at, v.integer());
    case kind::real: return sqlite3_bind_double(handle_, at, v.real());
    case kind::text:
      return sqlite3_bind_text64(handle_, at, v.bytes().data(), v.bytes().size(), SQLITE_STATIC, SQLITE_UTF8);
    case kind::blob: return sqlite3_bind_blob64(handle_, at, v.bytes().data(), v.bytes().size(), SQLITE_STATIC);
  }
  return SQLITE_MISUSE;
}

int statement::run() noexcept {
  while (sqlite3_step(handle_) == SQLITE_ROW) {
  }
  return sqlite3_reset(handle_);
}

std::string_view column_text(sqlite3_stmt* s, int i) noexcept {
  const auto* text = sqlite3_column_text(s, i);
  if (!text) return {};
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(sqlite3_column_bytes(s, i))};
}

value column_value(sqlite3_stmt* s, int i) {
  switch (sqlite3_column_type(s, i)) {
    case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(s, i)};
    case SQLITE_FLOAT: return sqlite3_column_double(s, i);
    case SQLITE_TEXT: return std::string(column_text(s, i));
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(s, i));
      return blob_value(bytes, bytes + sqlite3_column_bytes(s, i));
    }
    default: return std::monostate{};
  }
}

}  // namespace penstock::sqlite::detail
