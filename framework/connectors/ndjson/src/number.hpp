// What kind of number a JSON token is, and its value.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <penstock/connectors/ndjson.hpp>

namespace penstock::ndjson {

struct number {
  ndjson::kind kind;
  std::uint64_t bits;  // as in cell
};

/// Nothing if the token is not a number by RFC 8259, section 6.
std::optional<number> parse_number(std::string_view token) noexcept;

}  // namespace penstock::ndjson
