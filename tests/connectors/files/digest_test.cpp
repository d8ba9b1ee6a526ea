#include <gtest/gtest.h>

#include <penstock/connectors/detail/digest.hpp>
#include <random>
#include <set>
#include <string>

namespace penstock {
namespace {

std::uint64_t of(std::string_view bytes) {
  files::detail::digest d;
  d.add(bytes);
  return d.value();
}

std::string random_bytes(std::size_t size, std::mt19937& dice) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(dice());
  return bytes;
}

TEST(digest, does_not_depend_on_the_pieces) {
  std::mt19937 dice(1);
  for (std::size_t size = 0; size < 300; ++size) {
    const auto bytes = random_bytes(size, dice);
    files::detail::digest d;
    for (std::string_view left = bytes; !left.empty();) {
      const auto part = left.substr(0, dice() % 70);
      d.add(part);
      left.remove_prefix(part.size());
    }
    EXPECT_EQ(d.value(), of(bytes)) << size;
  }
}

TEST(digest, tells_every_change_of_a_bit_and_of_the_length) {
  std::mt19937 dice(2);
  const auto bytes = random_bytes(200, dice);
  std::set<std::uint64_t> seen{of(bytes)};
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    auto other = bytes;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    EXPECT_TRUE(seen.insert(of(other)).second) << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_TRUE(seen.insert(of(bytes.substr(0, size))).second) << size;
  // Zeros fill the last piece up; they must count all the same.
  for (std::size_t size = 1; size < 100; ++size) EXPECT_TRUE(seen.insert(of(std::string(size, '\0'))).second) << size;
}

TEST(digest, can_be_asked_for_in_between) {
  files::detail::digest d;
  d.add("abc");
  EXPECT_EQ(d.value(), of("abc"));
  d.add("def");
  EXPECT_EQ(d.value(), of("abcdef"));
}

}  // namespace
}  // namespace penstock
