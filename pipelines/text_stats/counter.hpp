// Counts the text in a piece of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "counts.hpp"

namespace text_stats {

/// How many bytes around a piece decide on the characters over its borders.
inline constexpr std::size_t border = 5;

enum class counting_way : std::uint8_t {
  fastest,   ///< what this processor can do
  portable,  ///< what any can; for tests
};

/// Counts the characters of `text` that begin in [`begin`, `end`): each character of a text is in exactly one of its
/// pieces, wherever it was cut. `text` has the `border` bytes before and after, as far as the file has them; where
/// `text` ends, so does the file. A sequence that is no UTF-8 is stray bytes up to the next byte that can begin a
/// character, as for `wc`: they are bytes, and else nothing.
///
/// Fast for ASCII, about half as fast for text with some other characters; a control character, or a stray byte, costs
/// its surroundings that speed. Never waits; any thread.
[[nodiscard]] piece_counts count(std::string_view text, std::size_t begin, std::size_t end,
                                 counting_way way = counting_way::fastest);

[[nodiscard]] inline piece_counts count(std::string_view whole) { return count(whole, 0, whole.size()); }

}  // namespace text_stats
