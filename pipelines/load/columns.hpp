// What the columns are called, and how each takes its values, so that none is damaged.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/connectors/csv.hpp>
#include <penstock/connectors/ndjson.hpp>
#include <penstock/connectors/sqlite.hpp>

#include "options.hpp"

namespace load {

enum class storing : std::uint8_t {
  text,   ///< every value as its text
  typed,  ///< CSV: as a number where its text is exactly how that number is written; NDJSON: by its own kind
};

struct layout {
  layout(std::vector<std::string> names, std::vector<storing> as);  ///< one `as` for each name

  std::vector<std::string> names;
  std::vector<storing> as;
  std::vector<std::size_t> place;  ///< of a typed column: how many typed columns stand before it
  std::size_t typed = 0;           ///< how many typed columns there are
};

/// Throws `failure` (nothing usable) if the names cannot be those of a table: one is empty, holds a NUL byte or is
/// there twice, where the case of ASCII letters does not count, as in SQL. `where` begins the sentence.
void require_column_names(const std::vector<std::string>& names, const std::string& where);

/// For CSV: a column is typed if the sample has values for it and each is a number in canonical form; the empty field
/// is no value. One `002272` makes it text.
layout infer(const penstock::csv::names& names, const penstock::csv::rows& sample, typing types);

/// For NDJSON, whose values bring their kind along.
layout of_keys(std::vector<std::string> keys, typing types);

/// How a new table declares these columns: TEXT, or without a type, which keeps any mixture of values as it is given.
std::vector<penstock::sqlite::column> declared(const layout& wanted);

/// How a column that exists already takes its values: text where it is declared to hold text, else as `types` says.
/// What its declared type makes of a value is the table's own rule.
storing stored_in(const penstock::sqlite::column& existing, typing types);

/// The value to store for a field of CSV, or for a cell of NDJSON. A view of the argument.
penstock::sqlite::value_view stored(std::string_view field, storing as) noexcept;
penstock::sqlite::value_view stored(const penstock::ndjson::cell& cell, storing as) noexcept;

}  // namespace load
