#include "counter.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "characters.hpp"
#include "counter_avx2.hpp"
#include "utf8.hpp"

namespace text_stats {
namespace {

// Blocks are looked at as a whole. A large one costs less where characters beyond ASCII are common, as nobody waits for
// what was just written; a small one less where something in it must be looked at step by step. Both are made of lanes:
// a multiple of every vector, and few enough for sums in a byte.
constexpr std::size_t large_block = 1024;
constexpr std::size_t small_block = 128;
constexpr std::size_t lane = 128;

// 1 for each byte of a character of a word, 0 for white space; [0] is what comes before the block. Characters that
// begin in it may end after it.
template <std::size_t Block>
using word_flags = std::array<byte, 1 + Block + border>;

struct block_sums {
  std::size_t lines = 0;
  std::size_t begun = 0;  // words
  std::size_t flags = 0;
  bool high = false;    // there are bytes beyond ASCII
  bool hidden = false;  // there is a character of ASCII that is neither
};

[[gnu::always_inline]] inline void classify(const byte* at, byte* words, block_sums& sums) noexcept {
  byte lines = 0, high = 0, hidden = 0;
  for (std::size_t i = 0; i < lane; ++i) {
    const byte b = at[i];
    const byte word = static_cast<byte>(b - 0x21) < 0x5E ? 1 : 0;
    const byte space = static_cast<byte>((b == ' ' ? 1 : 0) | (static_cast<byte>(b - '\t') < 5 ? 1 : 0));
    words[i] = word;
    lines = static_cast<byte>(lines + (b == '\n' ? 1 : 0));
    high = static_cast<byte>(high | b);
    hidden = static_cast<byte>(hidden | ((word | space | b >> 7) ^ 1));
  }
  sums.lines += lines;
  sums.high |= (high & 0x80) != 0;
  sums.hidden |= hidden != 0;
}

// `words[-1]` is the flag before.
[[gnu::always_inline]] inline void sum_words(const byte* words, block_sums& sums) noexcept {
  byte begun = 0, flags = 0;
  for (std::size_t i = 0; i < lane; ++i) {
    const byte now = words[i];
    const byte before = *(words + i - 1);
    begun = static_cast<byte>(begun + (now & (before ^ 1)));
    flags = static_cast<byte>(flags + now);
  }
  sums.begun += begun;
  sums.flags += flags;
}

// What the characters beyond ASCII add to a block.
struct wide_characters {
  std::size_t characters = 0;
  std::size_t bytes = 0;        // of theirs, in the block
  std::size_t more_bytes = 0;   // that the last of them has after the block
  std::size_t extra_flags = 0;  // flags in the block of words beyond the first of each character
};

// Where the next byte beyond ASCII of the block is; the end of it, or a little more, if there is none.
template <std::size_t Block>
[[gnu::always_inline]] inline std::size_t next_high(const byte* at, std::size_t i) noexcept {
  for (; i + 8 <= Block; i += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, at + i, sizeof eight);
    const auto high = eight & 0x8080808080808080U;
    if (high == 0) continue;
    if constexpr (std::endian::native == std::endian::little)
      return i + static_cast<std::size_t>(std::countr_zero(high)) / 8;
    return i + static_cast<std::size_t>(std::countl_zero(high)) / 8;
  }
  while (i < Block && at[i] < 0x80) ++i;
  return i;
}

// Writes their flags. False: there is a stray byte, or a character that is neither.
template <std::size_t Block>
[[gnu::always_inline]] inline bool see_wide(const byte* at, const byte* end, byte* words, wide_characters& found) {
  for (std::size_t i = next_high<Block>(at, 0); i < Block;) {
    const auto c = decode(at + i, end);
    if (c.bytes == 0) return false;
    const auto what = class_of(c.code_point);
    if (what == character_class::neither) return false;
    const auto flag = static_cast<byte>(what);
    words[i] = words[i + 1] = flag;
    if (c.bytes > 2) words[i + 2] = flag;
    if (c.bytes > 3) words[i + 3] = flag;
    const auto inside = c.bytes < Block - i ? c.bytes : Block - i;
    ++found.characters;
    found.bytes += inside;
    found.more_bytes = c.bytes - inside;
    found.extra_flags += flag != 0 ? inside - 1 : 0;
    i += c.bytes;
    // One is often followed by another.
    if (i < Block && at[i] < 0x80) i = next_high<Block>(at, i);
  }
  return true;
}

// The next block. False: there is something in it that no block has, and nothing is counted. It must be known whether a
// word goes on.
template <std::size_t Block>
[[gnu::always_inline]] inline bool count_block(progress& p) {
  word_flags<Block> with_before;
  byte* const words = with_before.data() + 1;
  with_before[0] = p.so_far.last == character_class::word ? 1 : 0;
  block_sums sums;
  for (std::size_t i = 0; i < Block; i += lane) classify(p.at + i, words + i, sums);
  wide_characters wide;
  if (sums.hidden || (sums.high && !see_wide<Block>(p.at, p.end, words, wide))) return false;
  for (std::size_t i = 0; i < Block; i += lane) sum_words(words + i, sums);
  auto& all = p.so_far.sum;
  all.lines += sums.lines;
  all.words += sums.begun;
  all.letters += sums.flags - wide.extra_flags;
  all.characters += Block - wide.bytes + wide.characters;
  p.so_far.last = words[Block - 1] != 0 ? character_class::word : character_class::space;
  p.at += Block + wide.more_bytes;
  return true;
}

void count_blocks(progress& p, const byte* to) {
  // A block may end a little after `to`, with its last character.
  const auto left = [&] { return p.at < to ? static_cast<std::size_t>(to - p.at) : 0; };
  while (left() >= small_block) {
    if (left() >= large_block && count_block<large_block>(p)) continue;
    // What is in the way is in one of these.
    for (std::size_t n = 0; n < large_block / small_block && left() >= small_block; ++n)
      if (!count_block<small_block>(p)) p.step_to(p.at + small_block);
  }
}

// Where the first character at or after `begin` begins: one that began before may reach beyond.
const byte* first_beginning(const byte* text, const byte* begin, const byte* end) noexcept {
  if (begin == end || !continues(*begin)) return begin;
  for (std::size_t back = 1; back <= border && back <= static_cast<std::size_t>(begin - text); ++back) {
    const byte* const lead = begin - back;
    if (continues(*lead)) continue;
    const auto c = *lead < 0x80 ? decoded{} : decode(lead, end);
    return c.bytes > back ? lead + c.bytes : begin;
  }
  return begin;
}

}  // namespace

piece_counts count(std::string_view text, std::size_t begin, std::size_t end, counting_way way) {
  const auto* const bytes = reinterpret_cast<const byte*>(text.data());
  const byte* const to = bytes + end;
  progress p{first_beginning(bytes, bytes + begin, bytes + text.size()), bytes + text.size()};
  while (p.at < to && p.so_far.last == character_class::neither) p.step_to(p.at + 1);
  if (p.at < to) {
    static const bool vectors = has_avx2();
    if (vectors && way == counting_way::fastest) {
      count_avx2(p, to);
    } else {
      count_blocks(p, to);
    }
  }
  p.step_to(to);
  p.so_far.sum.bytes = end - begin;
  return p.so_far;
}

}  // namespace text_stats
