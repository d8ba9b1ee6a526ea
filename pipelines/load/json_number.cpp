#include "json_number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace load {
namespace {

// A decimal number as digits without zeros at either end, and the power of ten of the first digit.
struct decimal {
  static constexpr std::size_t most_digits = 17;  // no double needs more to be told from all others
  std::array<char, most_digits> digits{};
  std::size_t count = 0;
  long exponent = 0;
  bool negative = false;

  friend bool operator==(const decimal&, const decimal&) = default;
};

// Nothing where there are more digits than a double can be the shortest form of.
std::optional<decimal> read(std::string_view text) noexcept {
  decimal d;
  d.negative = text.starts_with('-');
  if (d.negative) text.remove_prefix(1);
  const auto e = std::min(text.find_first_of("eE"), text.size());
  long written = 0;
  if (e < text.size()) {
    auto exponent = text.substr(e + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    if (std::from_chars(exponent.data(), exponent.data() + exponent.size(), written).ec != std::errc{}) return {};
  }
  long place = written;  // of the digit before the point
  std::size_t zeros = 0;
  const auto mantissa = text.substr(0, e);
  place += static_cast<long>(std::min(mantissa.find('.'), mantissa.size())) - 1;
  for (const char c : mantissa) {
    if (c == '.') continue;
    if (c == '0') {
      ++zeros;
    } else {
      if (d.count == 0) {
        d.exponent = place;
      } else {
        for (; zeros > 0 && d.count < decimal::most_digits; --zeros) d.digits[d.count++] = '0';
      }
      if (d.count == decimal::most_digits) return {};
      zeros = 0;
      d.digits[d.count++] = c;
    }
    --place;
  }
  return d;
}

}  // namespace

std::optional<double> same_number(std::string_view json) noexcept {
  double parsed = 0;
  const auto [end, ec] = std::from_chars(json.data(), json.data() + json.size(), parsed);
  if (ec != std::errc{} || end != json.data() + json.size() || !std::isfinite(parsed)) return {};
  std::array<char, 32> printed;
  const auto out =
      std::to_chars(printed.data(), printed.data() + printed.size(), parsed, std::chars_format::scientific);
  const auto shortest = read({printed.data(), static_cast<std::size_t>(out.ptr - printed.data())});
  if (!shortest || read(json) != shortest) return {};
  return parsed;
}

}  // namespace load
