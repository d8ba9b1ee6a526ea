#include "penstock/flow/cell.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace penstock::flow {
namespace {

struct counting_sink final : receipt_sink {
  ~counting_sink() override = default;
  void settle(std::size_t count) noexcept override { settled += count, ++calls; }
  std::atomic<std::size_t> settled{0};
  std::atomic<int> calls{0};
};

TEST(receipt, settles_once_when_it_is_gone) {
  counting_sink sink;
  {
    receipt first(sink, 3);
    receipt second(std::move(first));
    EXPECT_EQ(sink.settled, 0u);
  }
  EXPECT_EQ(sink.settled, 3u);
  EXPECT_EQ(sink.calls, 1);
}

TEST(receipt, one_that_is_replaced_settles) {
  counting_sink sink;
  receipt owed(sink, 1);
  owed = receipt(sink, 5);
  EXPECT_EQ(sink.settled, 1u);
  owed = receipt();
  EXPECT_EQ(sink.settled, 6u);
}

TEST(receipt, assigning_it_to_itself_changes_nothing) {
  counting_sink sink;
  receipt owed(sink, 1);
  auto& same = owed;
  owed = std::move(same);
  EXPECT_EQ(sink.settled, 0u);
}

TEST(receipt, joined_ones_of_one_source_settle_together) {
  counting_sink sink;
  {
    receipt batch;
    for (int i = 0; i < 1000; ++i) batch.join(receipt(sink, 1));
    batch.join(receipt());
    EXPECT_EQ(sink.settled, 0u);
  }
  EXPECT_EQ(sink.settled, 1000u);
  EXPECT_EQ(sink.calls, 1);
}

TEST(receipt, joined_ones_of_several_sources_settle_with_each) {
  counting_sink a;
  counting_sink b;
  {
    receipt both(a, 2);
    both.join(receipt(b, 3));
    both.join(receipt(a, 4));
  }
  EXPECT_EQ(a.settled, 6u);
  EXPECT_EQ(b.settled, 3u);
}

TEST(receipt, split_ones_settle_when_the_last_part_is_gone) {
  counting_sink sink;
  auto whole = std::make_unique<receipt>(sink, 2);
  auto part = std::make_unique<receipt>(whole->split());
  auto part_of_part = std::make_unique<receipt>(part->split());
  whole.reset();
  part.reset();
  EXPECT_EQ(sink.settled, 0u);
  part_of_part.reset();
  EXPECT_EQ(sink.settled, 2u);
  EXPECT_EQ(sink.calls, 1);
}

TEST(receipt, nothing_owed_splits_into_nothing_owed) {
  receipt nothing;
  const receipt part = nothing.split();
  receipt of_joined;
  of_joined.join(nothing.split());
}

TEST(receipt, parts_that_are_joined_again_settle_once) {
  counting_sink sink;
  {
    receipt whole(sink, 1);
    receipt part = whole.split();
    whole.join(std::move(part));
    receipt again = whole.split();
    whole = receipt();
    EXPECT_EQ(sink.settled, 0u);
  }
  EXPECT_EQ(sink.settled, 1u);
}

TEST(receipt, a_large_batch_of_parts_of_many_items_settles_without_recursion) {
  constexpr std::size_t items = 200'000;
  counting_sink sink;
  {
    receipt batch;
    for (std::size_t i = 0; i < items; ++i) {
      receipt item(sink, 1);
      batch.join(item.split());
      batch.join(item.split());
    }
    EXPECT_EQ(sink.settled, 0u);
  }
  EXPECT_EQ(sink.settled, items);
}

TEST(receipt, parts_may_go_on_several_threads) {
  counting_sink sink;
  for (int round = 0; round < 200; ++round) {
    receipt whole(sink, 1);
    std::vector<receipt> mine;
    std::vector<receipt> theirs;
    for (int i = 0; i < 20; ++i) {
      mine.push_back(whole.split());
      theirs.push_back(whole.split());
    }
    std::thread other([&theirs] { theirs.clear(); });
    mine.clear();
    whole = receipt();
    other.join();
  }
  EXPECT_EQ(sink.settled, 200u);
}

TEST(receipt, whatever_is_made_of_items_each_is_settled_exactly_once) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 100; ++round) {
    std::vector<counting_sink> sources(3);
    std::vector<std::size_t> given(3);
    std::vector<receipt> owed;
    const auto any = [&] { return static_cast<std::size_t>(random()) % owed.size(); };
    for (int step = 0; step < 100; ++step) {
      const auto what = random() % 5;
      if (owed.empty() || what == 0) {
        const auto source = random() % 3;
        owed.emplace_back(sources[source], 1);
        ++given[source];
      } else if (what < 3) {
        owed.push_back(owed[any()].split());
      } else {
        receipt taken = std::move(owed[any()]);
        std::swap(owed[any()], owed.back());
        if (what == 3) owed[any()].join(std::move(taken));
      }
      for (std::size_t i = 0; i < 3; ++i) ASSERT_LE(sources[i].settled, given[i]);
    }
    owed.clear();
    for (std::size_t i = 0; i < 3; ++i) ASSERT_EQ(sources[i].settled, given[i]);
  }
}

TEST(cell, is_the_plain_item_where_nobody_wants_receipts) {
  static_assert(std::is_same_v<cell<int, no_receipt>, int>);
  static_assert(std::is_same_v<cell<int, receipt>, tracked<int>>);
  int item = 7;
  EXPECT_EQ(&value_of(item), &item);
}

TEST(cell, whose_making_throws_settles_what_was_owed) {
  counting_sink sink;
  alignas(tracked<int>) std::byte room[sizeof(tracked<int>)];
  tracked<int> item{1, receipt(sink, 1)};
  EXPECT_THROW(make_cell<int>(room, []() -> int { throw 1; }, receipt_of(item)), int);
  EXPECT_EQ(sink.settled, 1u);
}

}  // namespace
}  // namespace penstock::flow
