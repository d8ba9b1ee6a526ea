// A number that tells whether bytes are the same as before; found by accident for other bytes once in 2^64, and no
// guard against an adversary. The bytes come in pieces of any size. No I/O, no allocation.
//
// Four lanes take eight bytes each in turn, so that their multiplications overlap: more than memory delivers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace penstock::files::detail {

class digest {
 public:
  void add(std::string_view bytes) noexcept {
    if (bytes.empty()) return;
    length_ += bytes.size();
    if (held_ > 0) {
      const std::size_t part = bytes.size() < stripe - held_ ? bytes.size() : stripe - held_;
      std::memcpy(tail_.data() + held_, bytes.data(), part);
      held_ += part;
      bytes.remove_prefix(part);
      if (held_ < stripe) return;
      mix(tail_.data());
      held_ = 0;
    }
    for (; bytes.size() >= stripe; bytes.remove_prefix(stripe)) mix(bytes.data());
    if (bytes.empty()) return;
    std::memcpy(tail_.data(), bytes.data(), bytes.size());
    held_ = bytes.size();
  }

  /// Of all bytes so far; more may follow.
  [[nodiscard]] std::uint64_t value() const noexcept {
    digest whole = *this;
    if (whole.held_ > 0) {
      std::memset(whole.tail_.data() + whole.held_, 0, stripe - whole.held_);
      whole.mix(whole.tail_.data());
    }
    std::uint64_t sum = length_;
    for (const std::uint64_t lane : whole.lanes_) sum = spread(spread(sum ^ lane));
    return sum;
  }

 private:
  static constexpr std::size_t stripe = 32;
  // The golden ratio in 64 bits, odd.
  static constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;

  // Can be undone, so that no two words lead a lane to the same value. The product carries a change up, the shift down.
  static constexpr std::uint64_t spread(std::uint64_t x) noexcept {
    x *= odd;
    return x ^ (x >> 32U);
  }

  void mix(const char* from) noexcept {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      std::uint64_t word = 0;
      std::memcpy(&word, from + 8 * i, sizeof word);
      lanes_[i] = spread(lanes_[i] ^ word);
    }
  }

  std::array<std::uint64_t, 4> lanes_{1, 2, 3, 4};
  std::array<char, stripe> tail_{};
  std::size_t held_ = 0;  // in tail_
  std::uint64_t length_ = 0;
};

}  // namespace penstock::files::detail
