#include "characters.hpp"

#include <locale.h>
#include <wctype.h>

#include <memory>

namespace text_stats {
namespace {

bool no_break_space(std::uint32_t c) noexcept { return c == 0xA0 || c == 0x2007 || c == 0x202F || c == 0x2060; }

locale_t utf8_locale() {
  for (const char* name : {"C.UTF-8", "C.utf8", "en_US.UTF-8"})
    if (const auto found = ::newlocale(LC_CTYPE_MASK, name, nullptr)) return found;
  return nullptr;
}

// Where the system has no UTF-8 at all: all prints but the controls, and white space is what Unicode 15 says.
character_class guess(std::uint32_t c) noexcept {
  if (c < 0xA0) return character_class::neither;
  const bool space = no_break_space(c) || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x205F || c == 0x3000;
  return space ? character_class::space : character_class::word;
}

character_class look_up(std::uint32_t c) {
  static const locale_t utf8 = utf8_locale();
  if (utf8 == nullptr) return guess(c);
  const auto wide = static_cast<wint_t>(c);
  if (::iswprint_l(wide, utf8) == 0) return character_class::neither;
  return no_break_space(c) || ::iswspace_l(wide, utf8) != 0 ? character_class::space : character_class::word;
}

}  // namespace

namespace detail {

constinit std::array<std::atomic<const class_page*>, end_of_unicode / page_size> class_pages{};

const class_page& make_page(std::uint32_t number) {
  auto made = std::make_unique<class_page>();
  for (std::uint32_t i = 0; i < page_size; ++i) (*made)[i] = look_up(number * page_size + i);
  // Another thread may have been faster with the same answers.
  const class_page* known = nullptr;
  if (class_pages[number].compare_exchange_strong(known, made.get(), std::memory_order_acq_rel)) known = made.release();
  return *known;
}

}  // namespace detail
}  // namespace text_stats
