// Which of several parts a key belongs to: the same key always to the same, and keys evenly over all.
#pragma once

#include <cstddef>
#include <cstdint>

namespace penstock {

/// The part, from 0, of a key whose hash is `hash`, among `parts` ≥ 1. Hashes may be poor: `std::hash` of a number is
/// often the number, and numbers have patterns. So the bits are mixed first, by the last step of SplitMix64 (Steele,
/// Lea, Flood: Fast splittable pseudorandom number generators, 2014), and the upper half decides.
[[nodiscard]] constexpr std::size_t partition_of(std::uint64_t hash, std::size_t parts) noexcept {
  hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebU;
  hash ^= hash >> 31U;
  return static_cast<std::size_t>((hash >> 32U) % parts);
}

}  // namespace penstock
