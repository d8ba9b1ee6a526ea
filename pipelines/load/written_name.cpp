#include "written_name.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <system_error>

namespace load {

namespace {

// Of the character at the beginning, or 0 if there is none (Unicode, table 3-7).
std::size_t bytes_of_character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  const unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  return byte(1) < least || byte(1) > most ? 0 : size;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto size = bytes_of_character(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string written(std::string_view name) {
  std::string result;
  while (!name.empty()) {
    const auto size = bytes_of_character(name);
    if (size == 0) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(name.front()));
    } else if (name.front() == '\\') {
      result += "\\\\";
    } else {
      result += name.substr(0, size);
    }
    name.remove_prefix(size == 0 ? 1 : size);
  }
  return result;
}

std::string written_path(const std::filesystem::path& file) {
  std::error_code ignored;
  return written(std::filesystem::absolute(file, ignored).lexically_normal().native());
}

}  // namespace load
