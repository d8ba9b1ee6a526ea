// What can go wrong with a database file, in causes that a program can act upon.
//
// SQLite has about a hundred result codes; a program wants to know whether to wait, to free disk space, to name another
// file or to fix a row. The code of SQLite and its own words are kept for whoever needs them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <system_error>

namespace penstock::sqlite {

/// Why a call failed. The values are stable, so a program may map each to an exit code.
enum class errc {
  cannot_open = 1,  ///< no such file or directory, or a directory where a file should be
  read_only,        ///< the file, its directory or its file system may not be written
  busy,             ///< another connection holds the lock, and the busy timeout ran out
  cancelled,        ///< the same, and a stop was requested while waiting
  disk_full,        ///< no room for the change; what was committed before is intact
  corrupt,          ///< not a database, or a damaged one
  constraint,       ///< a row breaks a rule of the table (UNIQUE, NOT NULL, CHECK, a foreign key, a declared type)
  schema_mismatch,  ///< a table or column is missing, or has another shape than the caller expects
  too_big,          ///< a value or a statement beyond SQLite's limits
  io,               ///< reading or writing the file failed for another reason
  misuse,           ///< a call that breaks a rule of this interface
  other,            ///< anything else, such as a syntax error
};

/// The category of `errc`; its name is "penstock.sqlite".
const std::error_category& error_category() noexcept;

inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), error_category()}; }

/// Thrown by every call of this connector. `what()` is one line: the file, what was done, SQLite's own text, the cause.
class error : public std::system_error {
 public:
  /// `native` is SQLite's extended result code; 0 if the failure is not SQLite's.
  error(errc cause, const std::string& what, int native = 0, std::optional<std::size_t> row = {})
      : std::system_error(make_error_code(cause), what), native_(native), row_(row) {}

  [[nodiscard]] errc cause() const noexcept { return static_cast<errc>(code().value()); }
  [[nodiscard]] int native() const noexcept { return native_; }

  /// The row of the batch that was refused, counted from 0, where one row is to blame.
  [[nodiscard]] std::optional<std::size_t> row() const noexcept { return row_; }

 private:
  int native_;
  std::optional<std::size_t> row_;
};

}  // namespace penstock::sqlite

template <>
struct std::is_error_code_enum<penstock::sqlite::errc> : std::true_type {};
