#include "columns.hpp"

#include <fmt/format.h>

#include <optional>
#include <unordered_map>
#include <utility>

#include "exit_code.hpp"
#include "json_number.hpp"

namespace load {

namespace csv = penstock::csv;
namespace ndjson = penstock::ndjson;
namespace sqlite = penstock::sqlite;

namespace {

// As SQLite compares names.
std::string folded(std::string name) {
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return name;
}

bool may_begin_a_number(std::string_view text) noexcept {
  return !text.empty() && (text.front() == '-' || (text.front() >= '0' && text.front() <= '9'));
}

}  // namespace

layout::layout(std::vector<std::string> called, std::vector<storing> stored_as)
    : names(std::move(called)), as(std::move(stored_as)) {
  for (const storing each : as) {
    place.push_back(typed);
    if (each == storing::typed) ++typed;
  }
}

void require_column_names(const std::vector<std::string>& names, const std::string& where) {
  const auto refuse = [&](const std::string& why) { throw failure(exit_code::nothing_usable, where + ": " + why); };
  std::unordered_map<std::string, std::size_t> first;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) refuse(fmt::format("column {} has no name", i + 1));
    if (names[i].find('\0') != std::string::npos) refuse(fmt::format("the name of column {} holds a NUL byte", i + 1));
    const auto [at, added] = first.try_emplace(folded(names[i]), i);
    if (!added)
      refuse(fmt::format("columns {} and {} cannot both be named '{}' in a table", at->second + 1, i + 1, names[i]));
  }
}

layout infer(const csv::names& names, const csv::rows& sample, typing types) {
  std::vector as(names.size(), storing::text);
  for (std::size_t c = 0; types == typing::infer && c < names.size(); ++c) {
    bool any = false;
    bool all = true;
    for (std::size_t r = 0; all && r < sample.size(); ++r) {
      const auto field = sample.field(r, c);
      if (field.empty()) continue;
      any = true;
      all = stored(field, storing::typed).kind() != sqlite::kind::text;
    }
    if (any && all) as[c] = storing::typed;
  }
  return {names, std::move(as)};
}

layout of_keys(std::vector<std::string> keys, typing types) {
  const std::size_t count = keys.size();
  return {std::move(keys), std::vector(count, types == typing::text ? storing::text : storing::typed)};
}

std::vector<sqlite::column> declared(const layout& wanted) {
  std::vector<sqlite::column> columns;
  columns.reserve(wanted.names.size());
  for (std::size_t i = 0; i < wanted.names.size(); ++i)
    columns.push_back({.name = wanted.names[i], .type = wanted.as[i] == storing::text ? "TEXT" : ""});
  return columns;
}

storing stored_in(const sqlite::column& existing, typing types) {
  if (types == typing::text || sqlite::affinity_of(existing.type) == sqlite::affinity::text) return storing::text;
  return storing::typed;
}

sqlite::value_view stored(std::string_view field, storing as) noexcept {
  if (as == storing::text || !may_begin_a_number(field)) return field;
  if (const auto integer = sqlite::canonical_integer(field)) return *integer;
  if (const auto real = sqlite::canonical_real(field)) return *real;
  return field;
}

sqlite::value_view stored(const ndjson::cell& cell, storing as) noexcept {
  if (cell.kind() == ndjson::kind::null) return nullptr;
  if (as == storing::text) return cell.text();
  switch (cell.kind()) {
    case ndjson::kind::boolean: return cell.boolean();
    case ndjson::kind::integer: return cell.integer();
    case ndjson::kind::real:
      if (const auto real = same_number(cell.text())) return *real;
      return cell.text();
    default: return cell.text();  // a string, JSON as it stood, or an integer beyond 64 bits
  }
}

}  // namespace load
