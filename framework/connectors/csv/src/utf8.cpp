#include "utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace penstock::csv {
namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080U;

constexpr bool is_continuation(unsigned char byte) noexcept { return (byte & 0xC0U) == 0x80U; }

// The length of the sequence at `at`, 0 if there is none. The bounds of the second byte are those of table 3-7 of the
// Unicode standard ("Well-Formed UTF-8 Byte Sequences").
std::size_t sequence_length(const unsigned char* at, std::size_t left) noexcept {
  const unsigned char lead = at[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (left < length) return 0;
  const unsigned char lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (at[1] < lowest || at[1] > highest) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if (!is_continuation(at[i])) return 0;
  return length;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  while (at != end) {
    while (end - at >= 32) {
      std::uint64_t words[4];
      std::memcpy(words, at, sizeof words);
      if (((words[0] | words[1] | words[2] | words[3]) & high_bits) != 0) break;
      at += sizeof words;
    }
    // Near something that is not ASCII: to it, and through it.
    while (end - at >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, sizeof word);
      if ((word & high_bits) != 0) break;
      at += sizeof word;
    }
    while (at != end && *at < 0x80) ++at;
    while (at != end && *at >= 0x80) {
      const std::size_t length = sequence_length(at, static_cast<std::size_t>(end - at));
      if (length == 0) return false;
      at += length;
    }
  }
  return true;
}

}  // namespace penstock::csv
