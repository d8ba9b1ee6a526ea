// A number that tells whether a file is another one than before (FNV-1a, 64 bits).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace load {

class fingerprint {
 public:
  fingerprint() = default;
  /// Goes on where another one was.
  explicit fingerprint(std::uint64_t value) noexcept : value_(value) {}

  void add(std::string_view bytes) noexcept {
    // The offset and the prime are those of Fowler, Noll and Vo for 64 bits.
    for (const char c : bytes) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

/// Of the first and the last 64 KiB of a regular file. May wait for the disk; throws `std::system_error`.
std::uint64_t fingerprint_of(const std::string& file);

}  // namespace load
