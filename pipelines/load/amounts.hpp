// Numbers for people: three digits and a unit.
#pragma once

#include <fmt/format.h>

#include <string>

namespace load {

/// "7 ", "46.1 k", "1.23 M": a decimal prefix, so that a unit can follow at once.
inline std::string amount(double value) {
  constexpr const char* prefixes[] = {"", "k", "M", "G", "T"};
  std::size_t at = 0;
  for (; value >= 999.5 && at + 1 < std::size(prefixes); ++at) value /= 1000;
  const int decimals = at == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", value, decimals, prefixes[at]);
}

}  // namespace load
