// Searches for bytes, for the scanners of the record formats. No state, nothing fails.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace penstock::files::detail {

/// The first `wanted` in [from, to), or `to`. Best where it is far away.
inline const char* find_byte(char wanted, const char* from, const char* to) noexcept {
  if (from == to) return to;
  const void* at = std::memchr(from, static_cast<unsigned char>(wanted), static_cast<std::size_t>(to - from));
  return at ? static_cast<const char*>(at) : to;
}

inline constexpr std::uint64_t every_byte(unsigned char value) noexcept { return 0x0101010101010101U * value; }

/// Of a word's zero bytes, the lowest has its high bit set here; bits above it mean nothing (a borrow may have set
/// them).
inline constexpr std::uint64_t zero_bytes(std::uint64_t word) noexcept {
  return (word - every_byte(0x01)) & ~word & every_byte(0x80);
}

/// The first `a` or `b` in [from, to), or `to`. Best where it is near, as the end of a field is: a call of memchr per
/// field would cost more than the search.
inline const char* find_either(char a, char b, const char* from, const char* to) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    const std::uint64_t as = every_byte(static_cast<unsigned char>(a));
    const std::uint64_t bs = every_byte(static_cast<unsigned char>(b));
    for (; to - from >= 8; from += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, from, sizeof word);
      const std::uint64_t found = zero_bytes(word ^ as) | zero_bytes(word ^ bs);
      if (found != 0) return from + std::countr_zero(found) / 8;
    }
  }
  while (from != to && *from != a && *from != b) ++from;
  return from;
}

}  // namespace penstock::files::detail
