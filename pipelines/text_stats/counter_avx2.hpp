// Counts 64 bytes at a time, with one bit for each, on processors that have AVX2.
//
// This is half as fast again as what compilers make of the portable way, and four times as fast where many characters
// are beyond ASCII: most of those are known by their first bytes, and cost no branch of their own.
#pragma once

#include "utf8.hpp"

namespace text_stats {

/// Whether this processor can.
[[nodiscard]] bool has_avx2() noexcept;

/// Counts on until fewer than some 70 bytes are left before `to` or before the end of the text. It must be known
/// whether a word goes on.
void count_avx2(progress& p, const byte* to);

}  // namespace text_stats
