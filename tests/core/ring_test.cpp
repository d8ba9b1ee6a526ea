#include "penstock/core/ring.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "core/counted.hpp"

namespace penstock {
namespace {

using testing::counted;
using testing::wide;

template <class T>
std::vector<int> drain(ring<T>& items) {
  std::vector<int> values;
  while (!items.empty()) items.consume([&values](T&& item) noexcept { values.push_back(item.value); });
  return values;
}

TEST(ring, gives_back_what_was_pushed_in_order) {
  ring<counted> items(3);
  for (int i = 0; i < 3; ++i) items.push(counted(i));
  EXPECT_TRUE(items.full());
  EXPECT_EQ(drain(items), (std::vector<int>{0, 1, 2}));
  EXPECT_TRUE(items.empty());
}

TEST(ring, wraps_around_at_every_offset) {
  for (int offset = 0; offset < 5; ++offset) {
    ring<counted> items(5);
    for (int i = 0; i < offset; ++i) items.push(counted(i));
    drain(items);
    for (int i = 0; i < 5; ++i) items.push(counted(i));
    EXPECT_EQ(drain(items), (std::vector<int>{0, 1, 2, 3, 4})) << "offset " << offset;
  }
}

TEST(ring, grows_with_its_items_in_order) {
  ring<counted> items(2);
  items.push(counted(0));
  drain(items);
  items.push(counted(1));
  items.push(counted(2));
  items.grow(7);
  EXPECT_EQ(items.capacity(), 7u);
  items.push(counted(3));
  EXPECT_EQ(drain(items), (std::vector<int>{1, 2, 3}));
}

TEST(ring, destroys_what_is_left_in_it) {
  const long before = counted::alive;
  {
    ring<counted> items(4);
    items.push(counted(1));
    items.push(counted(2));
    EXPECT_EQ(counted::alive, before + 2);
  }
  EXPECT_EQ(counted::alive, before);
}

TEST(ring, moves_all_its_items_at_once) {
  ring<counted> from(2);
  from.push(counted(7));
  ring<counted> to(std::move(from));
  EXPECT_EQ(drain(to), std::vector<int>{7});
  ring<counted> again;
  again = std::move(to);
  EXPECT_EQ(again.capacity(), 2u);
}

TEST(ring, keeps_over_aligned_items_aligned) {
  ring<wide> items(3);
  for (int i = 0; i < 3; ++i) items.push(wide(i));
  while (!items.empty()) items.consume([](wide&& item) noexcept { EXPECT_TRUE(item.aligned()); });
}

TEST(ring, without_slots_is_empty_and_full) {
  const ring<int> items;
  EXPECT_TRUE(items.empty());
  EXPECT_TRUE(items.full());
}

}  // namespace
}  // namespace penstock
