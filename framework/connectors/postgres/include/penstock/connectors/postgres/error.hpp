// What can go wrong with a PostgreSQL server, in causes that a program can act upon.
//
// The server has some 250 conditions (SQLSTATE, appendix A of its manual); a program wants to know whether to try
// again, to ask for other credentials, or to fix a row. The condition and the server's own words are kept.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace penstock::postgres {

/// Why a call failed. The values are stable, so a program may map each to an exit code.
enum class errc {
  cannot_connect = 1,  ///< nobody answers there, or the server takes no more connections now: may get better
  refused,             ///< wrong credentials, no such role or database, or a right is missing: will not get better
  connection_lost,     ///< the connection ended, or was ended, in the middle; what was not committed is undone
  exhausted,           ///< all connections of the pool were in use for as long as the caller may wait
  busy,                ///< somebody holds the lock, and lock_timeout ran out
  conflict,            ///< a deadlock, or transactions that cannot be put in an order: the transaction can be repeated
  constraint,          ///< a row breaks a rule of the table (unique, not null, check, foreign key, exclusion)
  bad_value,           ///< a value that its column's type does not take
  schema,              ///< a table, column, function or type is missing, is there already, or has another shape
  no_room,             ///< the server has no disk or memory left for it
  cancelled,           ///< a stop or a cancellation was requested, here or on the server (statement_timeout included)
  timed_out,           ///< the caller's deadline passed
  misuse,              ///< a call that breaks a rule of this interface
  other,               ///< anything else, such as a syntax error
};

/// The category of `errc`; its name is "penstock.postgres". `cancelled` is `std::errc::operation_canceled` to whoever
/// compares, so that a run counts it as a cancel; `timed_out` is `std::errc::timed_out`.
const std::error_category& error_category() noexcept;

inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), error_category()}; }

/// The cause that an SQLSTATE stands for; `other` for what is not listed, and for text that is none.
errc cause_of(std::string_view sqlstate) noexcept;

/// Thrown by every call of this connector. `what()` is one line: what was done, the server's own words, the cause.
class error : public std::system_error {
 public:
  error(errc cause, const std::string& what, std::string sqlstate = {}, std::optional<std::size_t> row = {})
      : std::system_error(make_error_code(cause), what), sqlstate_(std::move(sqlstate)), row_(row) {}

  [[nodiscard]] errc cause() const noexcept { return static_cast<errc>(code().value()); }

  /// Five letters or digits; empty if the failure is not one that the server told.
  [[nodiscard]] const std::string& sqlstate() const noexcept { return sqlstate_; }

  /// Of a COPY: the row that the server blames, counted from 0, if it says so in a language we can read.
  [[nodiscard]] std::optional<std::size_t> row() const noexcept { return row_; }

 private:
  std::string sqlstate_;
  std::optional<std::size_t> row_;
};

}  // namespace penstock::postgres

template <>
struct std::is_error_code_enum<penstock::postgres::errc> : std::true_type {};
