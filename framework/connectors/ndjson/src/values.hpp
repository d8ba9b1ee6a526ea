// Small questions about JSON tokens, and the checks that simdjson leaves to whoever reads a value.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <optional>
#include <string_view>

namespace penstock::ndjson {

/// What JSON calls white space.
inline constexpr std::string_view spaces = " \t\r\n";

/// Without the white space behind it, which simdjson counts to a token.
inline std::string_view trimmed(std::string_view token) noexcept {
  const std::size_t last = token.find_last_not_of(spaces);
  return token.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// The text between the quotes if it has no escapes, so that it stands for itself.
std::optional<std::string_view> plain_string(std::string_view token) noexcept;

/// Goes through a value with all that is inside: simdjson checks only what it is asked for.
simdjson::error_code validate(simdjson::ondemand::value value, std::size_t depth);

/// The reason in a clause.
const char* explain(simdjson::error_code error) noexcept;

}  // namespace penstock::ndjson
