#include <libpq-fe.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include <penstock/connectors/postgres/error.hpp>
#include <penstock/connectors/postgres/rows.hpp>

namespace penstock::postgres {
namespace {

// Of the catalog pg_type; these never change.
enum : Oid {
  bool_type = 16,
  bytea_type = 17,
  int8_type = 20,
  int2_type = 21,
  int4_type = 23,
  oid_type = 26,
  float4_type = 700,
  float8_type = 701
};

int hex(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

namespace detail {

void does_not_fit(std::string_view text, std::string_view column, const char* wanted) {
  throw error(errc::bad_value, "reading column " + std::string(column) + ": '" + std::string(text.substr(0, 100)) +
                                   "' is not a fitting " + wanted);
}

bool decode_bool(std::string_view text, std::string_view column) {
  if (text != "t" && text != "f") does_not_fit(text, column, "boolean");
  return text == "t";
}

double decode_real(std::string_view text, std::string_view column) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) does_not_fit(text, column, "number");
  return number;
}

blob_value decode_blob(std::string_view text, std::string_view column) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) does_not_fit(text, column, "bytea in hex form");
  blob_value bytes;
  bytes.reserve(text.size() / 2 - 1);
  for (std::size_t i = 2; i < text.size(); i += 2) {
    const int high = hex(text[i]);
    const int low = hex(text[i + 1]);
    if (high < 0 || low < 0) does_not_fit(text, column, "bytea in hex form");
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return bytes;
}

}  // namespace detail

void row_view::check(std::size_t column) const {
  if (column >= columns())
    throw error(errc::misuse,
                "reading column " + std::to_string(column) + " of a row that has " + std::to_string(columns()));
}

std::size_t row_view::columns() const noexcept { return static_cast<std::size_t>(PQnfields(result_)); }

std::string_view row_view::name(std::size_t column) const {
  check(column);
  return PQfname(result_, static_cast<int>(column));
}

std::size_t row_view::index_of(std::string_view column) const {
  for (std::size_t i = 0; i < columns(); ++i)
    if (column == PQfname(result_, static_cast<int>(i))) return i;
  throw error(errc::misuse, "reading column " + std::string(column) + ", which the result does not have");
}

bool row_view::is_null(std::size_t column) const {
  check(column);
  return PQgetisnull(result_, static_cast<int>(row_), static_cast<int>(column)) != 0;
}

std::string_view row_view::text(std::size_t column) const {
  if (is_null(column))
    throw error(errc::bad_value, "reading column " + std::string(name(column)) + ": it is NULL; ask for an optional");
  const int row = static_cast<int>(row_);
  const int c = static_cast<int>(column);
  return {PQgetvalue(result_, row, c), static_cast<std::size_t>(PQgetlength(result_, row, c))};
}

value row_view::owned(std::size_t column) const {
  if (is_null(column)) return {};
  switch (PQftype(result_, static_cast<int>(column))) {
    case bool_type: return get<bool>(column);
    case int2_type:
    case int4_type:
    case int8_type:
    case oid_type: return get<std::int64_t>(column);
    case float4_type:
    case float8_type: return get<double>(column);
    case bytea_type: return get<blob_value>(column);
    default: return get<std::string>(column);
  }
}

std::map<std::string, value> row_view::as_map() const {
  std::map<std::string, value> map;
  for (std::size_t i = 0; i < columns(); ++i) map.insert_or_assign(std::string(name(i)), owned(i));
  return map;
}

std::size_t rows::size() const noexcept { return result_ ? static_cast<std::size_t>(PQntuples(result_.get())) : 0; }
std::size_t rows::columns() const noexcept { return result_ ? static_cast<std::size_t>(PQnfields(result_.get())) : 0; }

row_view rows::at(std::size_t row) const {
  if (row >= size()) throw error(errc::misuse, "reading row " + std::to_string(row) + " of " + std::to_string(size()));
  return {result_.get(), row};
}

}  // namespace penstock::postgres
