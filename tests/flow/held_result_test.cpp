#include "penstock/flow/held_result.hpp"

#include <gtest/gtest.h>

#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace penstock::flow {
namespace {

/// What an edge's writer is to a result: a place for a cell, and a call that makes it an item.
template <class Cell>
struct page {
  Cell* blank() { return reinterpret_cast<Cell*>(room); }
  void publish() {
    written.push_back(std::move(*blank()));
    std::destroy_at(blank());
  }
  alignas(Cell) std::byte room[sizeof(Cell)];
  std::vector<Cell> written;
};

struct sink final : receipt_sink {
  ~sink() override = default;
  void settle(std::size_t count) noexcept override { settled += count; }
  std::size_t settled = 0;
};

TEST(held_result, one_item_waits_for_room_and_leaves_once) {
  held_result<shape::one, std::unique_ptr<int>, no_receipt> held;
  EXPECT_TRUE(held.empty());
  held.hold(std::make_unique<int>(7), {});
  EXPECT_FALSE(held.empty());
  page<std::unique_ptr<int>> out;
  std::uint64_t emitted = 0;
  held.put_one(out, emitted);
  EXPECT_TRUE(held.empty());
  EXPECT_EQ(emitted, 1u);
  EXPECT_EQ(*out.written.front(), 7);
}

TEST(held_result, no_item_of_a_filter_is_nothing_held_and_nothing_owed) {
  sink source;
  held_result<shape::maybe, std::optional<int>, receipt> held;
  {
    receipt owed(source, 1);
    held.hold(std::nullopt, std::move(owed));
  }
  EXPECT_TRUE(held.empty());
  EXPECT_EQ(source.settled, 1u);
}

TEST(held_result, one_that_is_dropped_settles) {
  sink source;
  held_result<shape::one, int, receipt> held;
  held.hold(1, receipt(source, 1));
  held.drop();
  EXPECT_TRUE(held.empty());
  EXPECT_EQ(source.settled, 1u);
}

TEST(held_result, the_items_of_a_range_leave_one_by_one_and_are_moved_out_of_a_container) {
  std::vector<std::unique_ptr<int>> items;
  for (int i = 0; i < 3; ++i) items.push_back(std::make_unique<int>(i));
  held_result<shape::many, std::vector<std::unique_ptr<int>>, no_receipt> held;
  held.hold(std::move(items), {});
  page<std::unique_ptr<int>> out;
  std::uint64_t emitted = 0;
  while (!held.empty()) held.put_one(out, emitted);
  EXPECT_EQ(emitted, 3u);
  EXPECT_EQ(*out.written.back(), 2);
}

TEST(held_result, the_elements_that_a_view_looks_at_are_copied) {
  std::vector<std::string> theirs{"a long string that is not stored inside", "another"};
  held_result<shape::many, std::span<std::string>, no_receipt> held;
  held.hold(std::span(theirs), {});
  page<std::string> out;
  std::uint64_t emitted = 0;
  while (!held.empty()) held.put_one(out, emitted);
  EXPECT_EQ(out.written, theirs);
}

TEST(held_result, an_empty_range_is_nothing_held_and_settles) {
  sink source;
  held_result<shape::many, std::vector<int>, receipt> held;
  held.hold({}, receipt(source, 1));
  EXPECT_TRUE(held.empty());
  EXPECT_EQ(source.settled, 1u);
}

TEST(held_result, an_item_is_settled_when_all_of_its_range_is_gone) {
  sink source;
  held_result<shape::many, std::vector<int>, receipt> held;
  held.hold({1, 2}, receipt(source, 1));
  page<tracked<int>> out;
  std::uint64_t emitted = 0;
  held.put_one(out, emitted);
  out.written.clear();
  EXPECT_EQ(source.settled, 0u);
  held.put_one(out, emitted);
  EXPECT_TRUE(held.empty());
  EXPECT_EQ(source.settled, 0u);
  out.written.clear();
  EXPECT_EQ(source.settled, 1u);
}

/// Three numbers, unless it throws first.
struct moody_range {
  enum class mood { begin, compare, read, advance };

  struct iterator {
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    mood when;
    int at = 0;
    int operator*() const {
      if (when == mood::read && at == 1) throw std::runtime_error("read");
      return at;
    }
    iterator& operator++() {
      if (when == mood::advance && at == 1) throw std::runtime_error("advance");
      return ++at, *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const {
      if (when == mood::compare) throw std::runtime_error("compare");
      return at == 3;
    }
  };

  iterator begin() const {
    if (when == mood::begin) throw std::runtime_error("begin");
    return {when};
  }
  std::default_sentinel_t end() const { return {}; }

  mood when;
};

TEST(held_result, a_range_that_throws_at_once_is_not_held) {
  for (const auto when : {moody_range::mood::begin, moody_range::mood::compare}) {
    sink source;
    held_result<shape::many, moody_range, receipt> held;
    EXPECT_THROW(held.hold({when}, receipt(source, 1)), std::runtime_error);
    EXPECT_TRUE(held.empty());
    EXPECT_EQ(source.settled, 1u);
  }
}

TEST(held_result, a_range_that_throws_on_the_way_is_given_up_and_what_left_before_is_counted) {
  for (const auto& [when, before] : {std::pair(moody_range::mood::read, 1u), {moody_range::mood::advance, 2u}}) {
    sink source;
    held_result<shape::many, moody_range, receipt> held;
    held.hold({when}, receipt(source, 1));
    page<tracked<int>> out;
    std::uint64_t emitted = 0;
    EXPECT_THROW(while (!held.empty()) held.put_one(out, emitted), std::runtime_error);
    EXPECT_TRUE(held.empty());
    EXPECT_EQ(emitted, before);
    EXPECT_EQ(out.written.size(), before);
    out.written.clear();
    EXPECT_EQ(source.settled, 1u);
  }
}

}  // namespace
}  // namespace penstock::flow
