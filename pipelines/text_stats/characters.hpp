// Which characters print, and which are white space: the C library's answers for UTF-8, so that they are those of `wc`.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "counts.hpp"

namespace text_stats {

namespace detail {

inline constexpr std::uint32_t page_size = 256;
inline constexpr std::uint32_t end_of_unicode = 0x110000;
using class_page = std::array<character_class, page_size>;

// A text uses few of the 4352 pages. One that was made is never given back.
extern std::array<std::atomic<const class_page*>, end_of_unicode / page_size> class_pages;

const class_page& make_page(std::uint32_t number);

}  // namespace detail

/// As `wc` of GNU coreutils sees it: white space is what `iswspace` says of what `iswprint` says that it prints, and
/// the four no-break spaces; line separator U+2028 and the like do not print, and are neither. From U+0080 on; ASCII
/// has its own rules, which are in the counter. Never waits long: the answers are looked up once for 256 code points.
/// Any thread.
[[nodiscard]] inline character_class class_of(std::uint32_t code_point) {
  if (code_point >= detail::end_of_unicode) return character_class::neither;
  const auto number = code_point / detail::page_size;
  const auto* page = detail::class_pages[number].load(std::memory_order_acquire);
  if (page == nullptr) page = &detail::make_page(number);
  return (*page)[code_point % detail::page_size];
}

}  // namespace text_stats
