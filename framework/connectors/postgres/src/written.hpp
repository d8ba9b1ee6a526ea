// Values in the server's text form.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>

#include <penstock/connectors/postgres/value.hpp>

namespace penstock::postgres::detail {

/// The server's limit for one value.
inline constexpr std::size_t largest_value = std::size_t{1} << 30;

/// A boolean, an integer, or a real: its shortest form that reads back the same.
inline void write_number(std::string& to, const value_view& v) {
  if (v.kind() == kind::boolean) {
    to += v.boolean() ? 't' : 'f';
    return;
  }
  if (v.kind() == kind::real && !std::isfinite(v.real())) {
    to += std::isnan(v.real()) ? "NaN" : v.real() < 0 ? "-Infinity" : "Infinity";
    return;
  }
  std::array<char, 32> digits;
  char* const end = digits.data() + digits.size();
  const auto written = v.kind() == kind::integer ? std::to_chars(digits.data(), end, v.integer())
                                                 : std::to_chars(digits.data(), end, v.real());
  to.append(digits.data(), written.ptr);
}

}  // namespace penstock::postgres::detail
