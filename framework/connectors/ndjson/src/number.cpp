#include "number.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <limits>
#include <system_error>

namespace penstock::ndjson {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Steps over digits; false if there are none.
bool digits(const char*& at, const char* end) noexcept {
  const char* const from = at;
  while (at != end && is_digit(*at)) ++at;
  return at != from;
}

enum class shape : std::uint8_t { none, integer, real };

shape shape_of(std::string_view token) noexcept {
  const char* at = token.data();
  const char* const end = at + token.size();
  if (at != end && *at == '-') ++at;
  const char* const whole = at;
  if (!digits(at, end) || (*whole == '0' && at - whole > 1)) return shape::none;
  if (at == end) return shape::integer;
  if (*at == '.' && !digits(++at, end)) return shape::none;
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-')) ++at;
    if (!digits(at, end)) return shape::none;
  }
  return at == end ? shape::real : shape::none;
}

// Of a number outside double's range: is it too large, rather than too small? Only the size of its exponent when
// written as d.ddd matters, and saturating that is enough.
bool is_huge(std::string_view token) noexcept {
  long exponent = 0;
  const std::size_t e = token.find_first_of("eE");
  if (e != std::string_view::npos) {
    std::string_view written = token.substr(e + 1);
    const bool negative = written.starts_with('-');
    if (negative || written.starts_with('+')) written.remove_prefix(1);
    const auto read = std::from_chars(written.data(), written.data() + written.size(), exponent);
    // A token is at most 2^30 bytes, so its digits cannot outweigh this.
    if (read.ec != std::errc{}) exponent = std::numeric_limits<long>::max() / 2;
    if (negative) exponent = -exponent;
  }
  const std::string_view mantissa = token.substr(0, e);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::size_t first = mantissa.find_first_of("123456789");
  return first != std::string_view::npos && exponent + static_cast<long>(point) - static_cast<long>(first) > 0;
}

number real(ndjson::kind kind, std::string_view token) noexcept {
  double value = 0;
  const auto read = std::from_chars(token.data(), token.data() + token.size(), value);
  if (read.ec == std::errc::result_out_of_range) {
    value = is_huge(token) ? std::numeric_limits<double>::infinity() : 0.0;
    if (token.starts_with('-')) value = -value;
  }
  return {kind, std::bit_cast<std::uint64_t>(value)};
}

}  // namespace

std::optional<number> parse_number(std::string_view token) noexcept {
  const shape found = shape_of(token);
  if (found == shape::none) return std::nullopt;
  if (found == shape::real || token == "-0") return real(kind::real, token);
  const char* const end = token.data() + token.size();
  std::int64_t integer = 0;
  if (std::from_chars(token.data(), end, integer).ec == std::errc{})
    return number{kind::integer, std::bit_cast<std::uint64_t>(integer)};
  std::uint64_t unsigned_integer = 0;
  if (!token.starts_with('-') && std::from_chars(token.data(), end, unsigned_integer).ec == std::errc{})
    return number{kind::unsigned_integer, unsigned_integer};
  return real(kind::big_integer, token);
}

}  // namespace penstock::ndjson
