// Names of tables and columns, as they may stand in SQL text.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::postgres {

/// A table, in a schema or where the search path finds it. Converts from one plain name, in which a dot is an ordinary
/// character.
struct table_name {
  table_name(std::string plain) : table(std::move(plain)) {}  // NOLINT(google-explicit-constructor)
  table_name(const char* plain) : table(plain) {}             // NOLINT(google-explicit-constructor)
  table_name(std::string in_schema, std::string plain) : schema(std::move(in_schema)), table(std::move(plain)) {}

  std::string schema = {};  ///< empty: the search path decides
  std::string table;
};

/// `name` as an SQL identifier: in double quotes, inner ones doubled, so that whatever it holds is a name and nothing
/// else. Fails with `misuse` for an empty name and for a NUL byte, which SQL text cannot hold. The server cuts names to
/// 63 bytes.
std::string quote_identifier(std::string_view name);
std::string quote_table(const table_name& name);

/// Quoted, with commas between. Fails with `misuse` for none.
std::string quote_identifiers(const std::vector<std::string>& names);

}  // namespace penstock::postgres
