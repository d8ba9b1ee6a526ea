// A prepared statement that ends with its scope.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <penstock/connectors/sqlite/value.hpp>
#include "connection.hpp"

namespace penstock::sqlite::detail {

class statement {
 public:
  statement() = default;
  /// Prepares the first statement of `sql`; `rest`, if given, receives what follows it.
  statement(const connection& c, std::string_view sql, const std::string& doing, std::string_view* rest = nullptr);
  ~statement() { sqlite3_finalize(handle_); }
  statement(statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  statement& operator=(statement&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }

  [[nodiscard]] sqlite3_stmt* handle() const noexcept { return handle_; }
  explicit operator bool() const noexcept { return handle_ != nullptr; }

  /// Parameters count from 0. The bytes behind `v` must live until the statement is reset or bound anew.
  int bind(std::size_t parameter, const value_view& v) noexcept;

  /// Runs to the end or the first failure and resets; SQLITE_OK or the failure.
  int run() noexcept;

 private:
  sqlite3_stmt* handle_ = nullptr;
};

/// Column `i` of the current row, owned.
value column_value(sqlite3_stmt* s, int i);

/// The text of column `i` of the current row; valid until the next step.
std::string_view column_text(sqlite3_stmt* s, int i) noexcept;

}  // namespace penstock::sqlite::detail
