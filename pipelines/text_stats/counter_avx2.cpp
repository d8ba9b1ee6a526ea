#include "counter_avx2.hpp"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#include <bit>
#include <cstring>

#define TEXT_STATS_TARGET __attribute__((target("avx2,bmi,popcnt")))
#define TEXT_STATS_INLINE __attribute__((target("avx2,bmi,popcnt"), always_inline)) inline

namespace text_stats {
namespace {

constexpr std::size_t chunk = 64;

// The last characters of a chunk are read as four bytes.
constexpr std::size_t read_ahead = 3;

// One bit for each byte of a chunk, the first the lowest.
constexpr std::uint64_t last_bits(int n) { return ~std::uint64_t{0} << (64 - n); }

struct chunk_bits {
  std::uint64_t word = 0;  // printing characters of ASCII that are no white space
  std::uint64_t space = 0;
  std::uint64_t line_feed = 0;
  std::uint64_t high = 0;       // beyond ASCII
  std::uint64_t continues = 0;  // and no first byte
};

TEXT_STATS_INLINE std::uint64_t bits(__m256i low, __m256i high) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
         static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(high))) << 32;
}

// Those in [first, last], as signed numbers; not for the ends of their range, 0x80 and 0x7F.
TEXT_STATS_INLINE __m256i between(__m256i bytes, char first, char last) {
  return _mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8(static_cast<char>(first - 1))),
                          _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(last + 1)), bytes));
}

TEXT_STATS_INLINE std::uint64_t where(__m256i low, __m256i high, char first, char last) {
  return bits(between(low, first, last), between(high, first, last));
}

TEXT_STATS_INLINE std::uint64_t where(__m256i low, __m256i high, char one) {
  const __m256i same = _mm256_set1_epi8(one);
  return bits(_mm256_cmpeq_epi8(low, same), _mm256_cmpeq_epi8(high, same));
}

TEXT_STATS_INLINE __m256i spaces(__m256i bytes) {
  return _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(' ')), between(bytes, '\t', '\r'));
}

TEXT_STATS_INLINE chunk_bits look_at(const byte* at) {
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32));
  const __m256i first = _mm256_set1_epi8(static_cast<char>(0xC0));  // continuations are all that is less, as signed
  return {.word = where(low, high, '!', '~'),
          .space = bits(spaces(low), spaces(high)),
          .line_feed = where(low, high, '\n'),
          .high = bits(low, high),
          .continues = bits(_mm256_cmpgt_epi8(first, low), _mm256_cmpgt_epi8(first, high))};
}

// The first bytes of characters beyond ASCII.
struct first_bits {
  std::uint64_t two = 0;  // of two bytes
  std::uint64_t three = 0;
  std::uint64_t four = 0;
  std::uint64_t tame = 0;  // of these, those that need no closer look
};

// What begins with these is a character of a word, whatever follows: Latin from U+00C0 to U+02FF, Cyrillic from U+0400
// to U+04FF, the ideographs from U+4000 to U+8FFF, most of Hangul. A test asks the C library about each.
TEXT_STATS_INLINE __m256i tame(__m256i bytes) {
  const auto of_two = _mm256_or_si256(between(bytes, '\xC3', '\xCB'), between(bytes, '\xD0', '\xD3'));
  const auto of_three = _mm256_or_si256(between(bytes, '\xE4', '\xE8'), between(bytes, '\xEB', '\xEC'));
  return _mm256_or_si256(of_two, of_three);
}

// Likewise, where the next bytes must be seen as well: the dashes, quotation marks and dots from U+2010 to U+2027, most
// of what Japanese is written with from U+3001 to U+30FF, ideographs up to U+9FBF.
TEXT_STATS_INLINE std::uint64_t tame_by_more(__m256i low, __m256i high) {
  const auto first_e2 = where(low, high, '\xE2');
  const auto first_e3 = where(low, high, '\xE3');
  const auto first_e9 = where(low, high, '\xE9');
  const auto is_80 = where(low, high, '\x80');
  const auto to_83 = where(low, high, '\x81', '\x83') | is_80;
  const auto unlike_97 = ~(where(low, high, '\x97', '\x98') | is_80);
  return (first_e2 & is_80 >> 1 & where(low, high, '\x90', '\xA7') >> 2) | (first_e3 & to_83 >> 1 & unlike_97 >> 2) |
         (first_e9 & ~(where(low, high, '\xBF') >> 1));
}

TEXT_STATS_INLINE first_bits look_at_firsts(const byte* at) {
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32));
  return {.two = where(low, high, '\xC2', '\xDF'),
          .three = where(low, high, '\xE0', '\xEF'),
          .four = where(low, high, '\xF0', '\xF7'),
          .tame = bits(tame(low), tame(high)) | tame_by_more(low, high)};
}

// How the code point of a character lies in its bytes, by bits 3 to 5 of the first.
struct form {
  std::uint32_t shift = 0;  // of four bytes, so that the character's are the lowest
  std::uint32_t code = 0;   // bits of the code point
  std::uint32_t least = 0;  // code points below have a shorter form
  std::uint32_t bytes = 0;
};

constexpr form two_bytes{.shift = 16, .code = 0x7FF, .least = 0x80, .bytes = 2};
constexpr form three_bytes{.shift = 8, .code = 0xFFFF, .least = 0x800, .bytes = 3};
constexpr form four_bytes{.shift = 0, .code = 0x1FFFFF, .least = 0x10000, .bytes = 4};
constexpr form forms[8] = {two_bytes, two_bytes, two_bytes, two_bytes, three_bytes, three_bytes, four_bytes, form{}};

// The white space among the characters that begin where `firsts` has a bit; each has the bytes that it needs. False:
// one is too long for what it is, or neither.
TEXT_STATS_INLINE bool look_closer(const byte* at, std::uint64_t firsts, std::uint64_t& spaces) {
  std::uint32_t strange = 0;
  for (; firsts != 0; firsts &= firsts - 1) {
    const auto place = static_cast<unsigned>(std::countr_zero(firsts));
    std::uint32_t four = 0;
    std::memcpy(&four, at + place, sizeof four);
    four = __builtin_bswap32(four);
    const form& how = forms[four >> 27 & 7];
    four >>= how.shift;
    const std::uint32_t code =
        ((four & 0x3F) | (four >> 2 & 0xFC0) | (four >> 4 & 0x3F000) | (four >> 6 & 0x1C0000)) & how.code;
    const auto what = static_cast<std::uint32_t>(class_of(code));
    strange |= (what & static_cast<std::uint32_t>(character_class::neither)) | (code < how.least ? 1U : 0U);
    const std::uint64_t all = (std::uint64_t{1} << how.bytes) - 1;
    spaces |= all * ((what & 1U) ^ 1U) << place;
  }
  return strange == 0;
}

}  // namespace

bool has_avx2() noexcept {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0 &&
         __builtin_cpu_supports("popcnt") != 0;
}

TEXT_STATS_TARGET void count_avx2(progress& p, const byte* to) {
  static_assert(static_cast<int>(character_class::word) == 1 && static_cast<int>(character_class::neither) == 2);
  while (p.at < to && static_cast<std::size_t>(to - p.at) >= chunk &&
         static_cast<std::size_t>(p.end - p.at) >= chunk + read_ahead) {
    const auto seen = look_at(p.at);
    // What is counted of the chunk: all, or what comes before a character that ends beyond it.
    std::uint64_t counted = ~std::uint64_t{0};
    std::uint64_t words = seen.word;
    bool plain = (seen.word | seen.space | seen.high) == ~std::uint64_t{0};
    if (seen.high != 0) {
      const auto first = look_at_firsts(p.at);
      const auto beyond = (first.two & last_bits(1)) | (first.three & last_bits(2)) | (first.four & last_bits(3));
      counted = (beyond & (~beyond + 1)) - 1;
      const auto longer = (first.three | first.four) & counted;
      const auto firsts = (first.two & counted) | longer;
      const auto following = firsts << 1 | longer << 2 | (first.four & counted) << 3;
      std::uint64_t spaces = 0;
      plain = plain && (firsts | following) == (seen.high & counted) && following == (seen.continues & counted) &&
              look_closer(p.at, firsts & ~first.tame, spaces);
      words |= seen.high & ~spaces;
    }
    if (!plain) {
      p.step_to(p.at + chunk);
      continue;
    }
    const auto bytes = static_cast<std::size_t>(std::popcount(counted));
    const std::uint64_t before = p.so_far.last == character_class::word ? 1 : 0;
    auto& sum = p.so_far.sum;
    sum.lines += static_cast<std::size_t>(std::popcount(seen.line_feed & counted));
    sum.words += static_cast<std::size_t>(std::popcount(words & ~(words << 1 | before) & counted));
    sum.letters += static_cast<std::size_t>(std::popcount(words & ~seen.continues & counted));
    sum.characters += static_cast<std::size_t>(std::popcount(~seen.continues & counted));
    p.so_far.last = (words >> (bytes - 1) & 1) != 0 ? character_class::word : character_class::space;
    p.at += bytes;
  }
}

}  // namespace text_stats

#else

namespace text_stats {

bool has_avx2() noexcept { return false; }
void count_avx2(progress&, const byte*) {}

}  // namespace text_stats

#endif
