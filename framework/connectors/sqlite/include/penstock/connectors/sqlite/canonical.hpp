// Typing text without damaging it.
//
// A text may become a number only if the number, printed, is that text again. `002272` is a part number or a postal
// code, not 2272; `1e400` is not infinity. And a column must not undo the care: SQLite converts by *affinity*, which
// follows from the declared type.
//
//   declared type            affinity  what happens to a stored value
//   none, or contains BLOB   blob      kept as it was given: safe for every mixture
//   TEXT, VARCHAR(9), CLOB   text      text and blobs kept; a number becomes its text
//   INTEGER, BIGINT          integer   integers kept; the text '002272' becomes 2272: damage
//   REAL, DOUBLE, FLOAT      real      reals kept; 7 becomes 7.0; the text '1e5' becomes 100000.0: damage
//   NUMERIC, DATE, ANY …     numeric   like integer (ANY keeps values in a STRICT table only)
//
// So a column that was inferred as INTEGER from a sample, and may meet other text later, is declared without a type.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <penstock/connectors/sqlite/value.hpp>

namespace penstock::sqlite {

/// The integer whose decimal form is exactly `text`: "7" and "-7", but none of "007", "+7", " 7", "-0", "7.0", "", nor
/// anything beyond 64 bits. Never waits, never fails; any thread.
std::optional<std::int64_t> canonical_integer(std::string_view text) noexcept;

/// The finite double whose shortest fixed-point form that reads back as the same double is exactly `text`, and which
/// has a point: "0.1", "-2.5", "12.25", but none of "7", "7.0", "1e5", ".5", "0.10", "-0.0", "inf".
std::optional<double> canonical_real(std::string_view text) noexcept;

enum class affinity : std::uint8_t { blob, text, numeric, integer, real };

/// The affinity that a declared type gives a column, by the rules of SQLite's documentation (datatype3, section 3.1).
affinity affinity_of(std::string_view declared_type) noexcept;

/// Whether a column of this affinity stores `v` as it is given, for any value of that kind.
bool keeps(affinity column, const value_view& v) noexcept;

}  // namespace penstock::sqlite
