// One character of a text: where it ends, and what it is.
#pragma once

#include <cstddef>
#include <cstdint>

#include "characters.hpp"
#include "counts.hpp"

namespace text_stats {

using byte = std::uint8_t;

constexpr bool continues(byte b) noexcept { return (b & 0xC0) == 0x80; }

inline character_class ascii_class(byte b) noexcept {
  if (b == ' ' || (b >= '\t' && b <= '\r')) return character_class::space;
  return b > ' ' && b < 0x7F ? character_class::word : character_class::neither;
}

struct decoded {
  std::uint32_t code_point = 0;
  std::size_t bytes = 0;  ///< 0: no character begins here
};

// The forms of five and six bytes are no UTF-8 any more; the C library still takes them for one character.
[[gnu::noinline]] inline decoded decode_long(const byte* at, const byte* end) noexcept {
  constexpr std::uint32_t beyond_unicode = 0x200000;
  const std::size_t bytes = at[0] < 0xFC ? 5 : 6;
  if (at[0] < 0xF8 || at[0] > 0xFD || static_cast<std::size_t>(end - at) < bytes) return {};
  for (std::size_t i = 1; i < bytes; ++i)
    if (!continues(at[i])) return {};
  const bool needed = bytes == 5 ? at[0] > 0xF8 || at[1] >= 0x88 : at[0] > 0xFC || at[1] >= 0x84;
  return needed ? decoded{beyond_unicode, bytes} : decoded{};
}

// The sequence at the beginning of [at, end), where the first byte is not ASCII. What the C library takes for UTF-8 is
// so here: four bytes may go beyond Unicode; surrogates, and longer forms than needed, are refused.
[[gnu::always_inline]] inline decoded decode(const byte* at, const byte* end) noexcept {
  // Four bytes as a number, the first of them on top; what is missing is 0, which continues nothing.
  std::uint32_t four = 0;
  if (end - at >= 4) {
    four = std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
  } else {
    for (std::ptrdiff_t i = 0; i < end - at; ++i) four |= std::uint32_t{at[i]} << (24 - 8 * i);
  }
  if ((four & 0xE0C00000) == 0xC0800000) {
    const auto c = (four >> 18 & 0x7C0) | (four >> 16 & 0x3F);
    return c < 0x80 ? decoded{} : decoded{c, 2};
  }
  if ((four & 0xF0C0C000) == 0xE0808000) {
    const auto c = (four >> 12 & 0xF000) | (four >> 10 & 0xFC0) | (four >> 8 & 0x3F);
    return c < 0x800 || (c >= 0xD800 && c < 0xE000) ? decoded{} : decoded{c, 3};
  }
  if ((four & 0xF8C0C0C0) == 0xF0808080) {
    const auto c = (four >> 6 & 0x1C0000) | (four >> 4 & 0x3F000) | (four >> 2 & 0xFC0) | (four & 0x3F);
    return c < 0x10000 ? decoded{} : decoded{c, 4};
  }
  return decode_long(at, end);
}

/// A place in the text, at the beginning of a character or a stray byte, and the counts up to it.
struct progress {
  const byte* at;
  const byte* end;  // of the text, not of the piece
  piece_counts so_far{};

  /// Counts it as the next.
  void see(character_class what) noexcept {
    if (what == character_class::neither) return;
    const bool word = what == character_class::word;
    so_far.sum.letters += word ? 1 : 0;
    so_far.sum.words += word && so_far.last != character_class::word ? 1 : 0;
    if (so_far.first == character_class::neither) so_far.first = what;
    so_far.last = what;
  }

  /// One character, or one stray byte, after the other until `to` is reached.
  void step_to(const byte* to) {
    while (at < to) {
      if (*at < 0x80) {
        so_far.sum.lines += *at == '\n' ? 1 : 0;
        ++so_far.sum.characters;
        see(ascii_class(*at++));
        continue;
      }
      const auto c = decode(at, end);
      if (c.bytes == 0) {
        ++at;
        continue;
      }
      ++so_far.sum.characters;
      see(class_of(c.code_point));
      at += c.bytes;
    }
  }
};

}  // namespace text_stats
