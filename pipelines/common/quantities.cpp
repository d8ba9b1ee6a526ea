#include "quantities.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

namespace common {
namespace {

/// `digits / scale`.
struct decimal {
  std::uint64_t digits = 0;
  std::uint64_t scale = 1;
};

// Takes the number off the front of `text`. Nine digits at most, so that no product below overflows.
std::optional<decimal> take_number(std::string_view& text) {
  decimal d;
  std::size_t at = 0;
  bool fraction = false;
  int digits = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !fraction && at > 0) {
      fraction = true;
    } else if (c >= '0' && c <= '9') {
      if (++digits > 9) return std::nullopt;
      d.digits = 10 * d.digits + static_cast<std::uint64_t>(c - '0');
      if (fraction) d.scale *= 10;
    } else {
      break;
    }
  }
  if (digits == 0 || text[at - 1] == '.') return std::nullopt;
  text.remove_prefix(at);
  return d;
}

std::optional<std::uint64_t> nanoseconds_of(std::string_view unit) {
  constexpr std::pair<std::string_view, std::uint64_t> units[] = {{"ns", 1},
                                                                  {"us", 1'000},
                                                                  {"\u00b5s", 1'000},
                                                                  {"ms", 1'000'000},
                                                                  {"s", 1'000'000'000},
                                                                  {"m", 60'000'000'000},
                                                                  {"min", 60'000'000'000},
                                                                  {"h", 3'600'000'000'000}};
  for (const auto& [name, ns] : units)
    if (name == unit) return ns;
  return std::nullopt;
}

std::optional<penstock::rate> reduced(std::uint64_t count, std::uint64_t ns) {
  if (count == 0 || count > ns) return std::nullopt;
  const auto common = std::gcd(count, ns);
  count /= common;
  ns /= common;
  if (count > penstock::token_bucket::most) return std::nullopt;
  return penstock::rate{static_cast<std::int64_t>(count), penstock::duration(static_cast<penstock::duration::rep>(ns))};
}

}  // namespace

std::optional<penstock::duration> duration_of(std::string_view text) {
  const auto number = take_number(text);
  const auto unit = nanoseconds_of(text);
  if (!number || !unit) return std::nullopt;
  constexpr std::uint64_t year = 365ULL * 24 * 3'600'000'000'000;
  if (number->digits / number->scale > year / *unit) return std::nullopt;
  // Whole part and fraction apart, and that one reduced: the products might not fit.
  const auto common = std::gcd(number->scale, *unit);
  const auto whole = number->digits / number->scale * *unit;
  const auto fraction = number->digits % number->scale;
  if (fraction % (number->scale / common) != 0) return std::nullopt;
  return penstock::duration(
      static_cast<penstock::duration::rep>(whole + fraction / (number->scale / common) * (*unit / common)));
}

std::optional<penstock::rate> rate_of(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  std::uint64_t prefix = 1;
  if (text.starts_with('k')) prefix = 1'000;
  if (text.starts_with('M')) prefix = 1'000'000;
  if (prefix > 1) text.remove_prefix(1);
  if (!text.starts_with('/')) return std::nullopt;
  const auto unit = nanoseconds_of(text.substr(1));
  if (!unit) return std::nullopt;
  if (number->scale > std::numeric_limits<std::int64_t>::max() / *unit) return std::nullopt;
  return reduced(number->digits * prefix, number->scale * *unit);
}

std::optional<std::size_t> size_of(std::string_view text) {
  const auto number = take_number(text);
  if (!number || number->scale != 1) return std::nullopt;
  constexpr std::pair<std::string_view, std::size_t> units[] = {{"", 1},          {"B", 1},          {"kB", 1'000},
                                                                {"KiB", 1 << 10}, {"MB", 1'000'000}, {"MiB", 1 << 20}};
  for (const auto& [name, bytes] : units)
    if (name == text) return number->digits * bytes;
  return std::nullopt;
}

std::optional<std::uint64_t> count_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<penstock::rate> times(penstock::rate r, std::size_t n) {
  return reduced(static_cast<std::uint64_t>(r.count) * n, static_cast<std::uint64_t>(r.per.count()));
}

double per_second_of(penstock::rate r) {
  return static_cast<double>(r.count) / std::chrono::duration<double>(r.per).count();
}

std::string amount(double value) {
  constexpr const char* prefixes[] = {"", " k", " M", " G", " T"};
  std::size_t at = 0;
  for (; value >= 999.5 && at + 1 < std::size(prefixes); ++at) value /= 1000;
  const int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}{}", value, decimals, prefixes[at]);
}

std::string time_text(double seconds) {
  constexpr const char* units[] = {"ns", "us", "ms", "s"};
  double value = seconds * 1e9;
  std::size_t at = 0;
  for (; value >= 999.5 && at + 1 < std::size(units); ++at) value /= 1000;
  const int decimals = at == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", value, decimals, units[at]);
}

}  // namespace common
