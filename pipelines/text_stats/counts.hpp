// What is counted of a text, and how the counts of its pieces come together.
#pragma once

#include <cstdint>
#include <optional>

namespace text_stats {

struct counts {
  std::uint64_t lines = 0;       ///< line feeds, so a last line without one is none
  std::uint64_t words = 0;       ///< runs of printing characters between white space
  std::uint64_t characters = 0;  ///< code points that are encoded as UTF-8 wants it; stray bytes are none
  std::uint64_t letters = 0;     ///< printing characters that are no white space: what words consist of
  std::uint64_t bytes = 0;

  counts& operator+=(const counts& more) noexcept {
    lines += more.lines;
    words += more.words;
    characters += more.characters;
    letters += more.letters;
    bytes += more.bytes;
    return *this;
  }
  friend bool operator==(const counts&, const counts&) = default;

  /// Letters per word; nothing of a text without words.
  [[nodiscard]] std::optional<double> average_word_length() const noexcept {
    if (words == 0) return std::nullopt;
    return static_cast<double>(letters) / static_cast<double>(words);
  }
};

/// What a character means for words. As for `wc`, one that neither prints nor is white space (a control character, a
/// code point without a character, a stray byte) is not there: it neither begins a word nor ends one.
enum class character_class : std::uint8_t { space = 0, word = 1, neither = 2 };

/// The counts of a piece of a text, and what must be known of its ends to put it between others.
struct piece_counts {
  counts sum;
  character_class first = character_class::neither;  ///< of the first character that is either; neither: there is none
  character_class last = character_class::neither;   ///< of the last such

  /// Puts the piece that follows behind this one. A word over the border was counted in both. Associative; an empty
  /// piece changes nothing.
  piece_counts& append(const piece_counts& next) noexcept {
    sum += next.sum;
    if (last == character_class::word && next.first == character_class::word) --sum.words;
    if (first == character_class::neither) first = next.first;
    if (next.last != character_class::neither) last = next.last;
    return *this;
  }
};

}  // namespace text_stats
