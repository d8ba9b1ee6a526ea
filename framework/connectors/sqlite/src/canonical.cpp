#include <penstock/connectors/sqlite/canonical.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace penstock::sqlite {

std::optional<std::int64_t> canonical_integer(std::string_view text) noexcept {
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  // from_chars takes leading zeros and "-0"; everything else that does not round-trip it refuses.
  if (digits.empty() || digits.front() < '0' || digits.front() > '9') return {};
  if (digits.front() == '0' && (negative || digits.size() > 1)) return {};
  std::int64_t parsed = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (ec != std::errc{} || end != text.data() + text.size()) return {};
  return parsed;
}

std::optional<double> canonical_real(std::string_view text) noexcept {
  constexpr std::size_t longest = 40;  // a shortest form with more digits has zeros that no person wrote
  if (text.size() > longest || text.find('.') == std::string_view::npos) return {};
  double parsed = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), parsed, std::chars_format::fixed);
  if (ec != std::errc{} || end != text.data() + text.size() || !std::isfinite(parsed)) return {};
  std::array<char, longest + 1> printed;
  const auto out = std::to_chars(printed.data(), printed.data() + printed.size(), parsed, std::chars_format::fixed);
  if (out.ec != std::errc{} || std::string_view(printed.data(), out.ptr) != text) return {};
  return parsed;
}

affinity affinity_of(std::string_view declared_type) noexcept {
  const auto has = [&](std::string_view word) {
    const auto same = [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; };
    for (std::size_t i = 0; i + word.size() <= declared_type.size(); ++i) {
      std::size_t k = 0;
      while (k < word.size() && same(declared_type[i + k], word[k])) ++k;
      if (k == word.size()) return true;
    }
    return false;
  };
  if (has("INT")) return affinity::integer;
  if (has("CHAR") || has("CLOB") || has("TEXT")) return affinity::text;
  if (has("BLOB") || declared_type.empty()) return affinity::blob;
  if (has("REAL") || has("FLOA") || has("DOUB")) return affinity::real;
  return affinity::numeric;
}

bool keeps(affinity column, const value_view& v) noexcept {
  switch (column) {
    case affinity::blob: return true;
    case affinity::text: return v.kind() != kind::integer && v.kind() != kind::real;
    // A real such as 7.0 becomes the integer 7 in these two.
    case affinity::integer:
    case affinity::numeric: return v.kind() != kind::text && v.kind() != kind::real;
    case affinity::real: return v.kind() != kind::text && v.kind() != kind::integer;
  }
  return false;
}

}  // namespace penstock::sqlite
