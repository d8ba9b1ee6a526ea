// The edge from one thread, call by call: who may write and read what, who is woken when.
#include "penstock/flow/edge.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "core/counted.hpp"
#include "flow/stubs.hpp"

namespace penstock::flow {
namespace {

using penstock::testing::counted;
using penstock::testing::wide;

template <class T>
struct edge_of : ::testing::Test {
  explicit edge_of(std::size_t capacity = 4, bool eager = false) : e(capacity) {
    e.connect({&producer_list, 1}, {&consumer_list, 1}, eager);
  }

  /// Writes one item; there must be room.
  void put(int value) {
    typename edge<T>::writer w(e);
    ::new (w.blank()) T(value);
    w.publish();
  }

  /// Takes one item as a body would: its place is free when the body starts.
  T take() {
    EXPECT_GT(e.ready(), 0u);
    typename edge<T>::reader r(e);
    T item(std::move(r.item()));
    r.drop();
    e.release(1, nullptr);
    return item;
  }

  testing::stub_run run;
  testing::stub_executor home;
  testing::stub_actor producer{home, run};
  testing::stub_actor consumer{home, run};
  actor* producer_list = &producer;
  actor* consumer_list = &consumer;
  edge<T> e;
};

using flow_edge = edge_of<counted>;

TEST_F(flow_edge, has_room_for_its_capacity_and_no_more) {
  for (std::size_t free = 4; free > 0; --free) {
    EXPECT_EQ(e.room(), free);
    put(0);
  }
  EXPECT_EQ(e.room(), 0u);
  EXPECT_EQ(e.size(), 4u);
  EXPECT_EQ(e.peak(), 4u);
}

TEST_F(flow_edge, gives_items_in_order_at_every_offset) {
  int next = 0;
  for (int round = 0; round < 20; ++round) {
    const int count = 1 + round % 4;
    for (int i = 0; i < count; ++i) put(next + i);
    ASSERT_EQ(e.ready(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) ASSERT_EQ(take().value, next++);
    ASSERT_EQ(e.ready(), 0u);
    ASSERT_EQ(e.position(), static_cast<std::uint64_t>(next));
  }
}

TEST_F(flow_edge, a_place_is_taken_until_the_body_of_its_item_starts) {
  for (int i = 0; i < 4; ++i) put(i);
  ASSERT_EQ(e.ready(), 4u);
  std::vector<counted> batch;  // a worker's own: taken, bodies not started
  {
    edge<counted>::reader r(e);
    for (int i = 0; i < 4; ++i) {
      batch.push_back(std::move(r.item()));
      r.drop();
    }
  }
  EXPECT_EQ(e.ready(), 0u);
  EXPECT_EQ(e.size(), 4u);
  EXPECT_EQ(e.room(), 0u);
  e.release(3, nullptr);
  EXPECT_EQ(e.size(), 1u);
  EXPECT_EQ(e.room(), 3u);
}

TEST_F(flow_edge, there_is_one_cell_more_so_that_a_body_may_work_in_its_cell_while_its_place_is_given_away) {
  for (int i = 0; i < 4; ++i) put(i);
  ASSERT_EQ(e.ready(), 4u);
  edge<counted>::reader r(e);
  r.release_quietly();
  const auto& in_work = r.item();
  ASSERT_EQ(e.room(), 1u);
  put(4);
  EXPECT_EQ(in_work.value, 0);
  r.drop();
}

TEST_F(flow_edge, a_producer_that_found_no_room_is_woken_when_half_of_it_is_free) {
  for (int i = 0; i < 4; ++i) put(i);
  ASSERT_EQ(e.room(), 0u);
  take();
  EXPECT_TRUE(home.queued.empty()) << "one free place is not worth an activation";
  take();
  EXPECT_EQ(home.queued, std::vector<actor*>{&producer});
  home.activate_all();
  take();
  EXPECT_TRUE(home.queued.empty()) << "it did not ask again";
}

TEST_F(flow_edge, quiet_releases_wake_the_producer_when_they_are_told) {
  for (int i = 0; i < 4; ++i) put(i);
  ASSERT_EQ(e.room(), 0u);
  ASSERT_EQ(e.ready(), 4u);
  {
    edge<counted>::reader r(e);
    for (int i = 0; i < 4; ++i) {
      r.release_quietly();
      r.drop();
    }
  }
  EXPECT_TRUE(home.queued.empty());
  e.tell_producers(nullptr);
  EXPECT_EQ(home.queued, std::vector<actor*>{&producer});
}

TEST_F(flow_edge, a_producer_that_did_not_ask_is_not_woken) {
  for (int i = 0; i < 4; ++i) put(i);
  for (int i = 0; i < 4; ++i) take();
  EXPECT_TRUE(home.queued.empty());
}

TEST_F(flow_edge, a_closed_one_still_gives_what_is_on_it) {
  put(1);
  e.close(nullptr);
  EXPECT_EQ(home.queued, std::vector<actor*>{&consumer});
  EXPECT_TRUE(e.closed());
  EXPECT_EQ(e.ready(), 1u);
  take();
  EXPECT_EQ(e.ready(), 0u);
  EXPECT_TRUE(balanced(e.counts()));
}

TEST_F(flow_edge, an_abandoned_one_drops_and_counts_what_is_on_it_and_tells_the_producers) {
  const long before = counted::alive;
  for (int i = 0; i < 3; ++i) put(i);
  take();
  e.abandon(nullptr);
  EXPECT_TRUE(e.abandoned());
  EXPECT_EQ(counted::alive, before);
  EXPECT_EQ(home.queued, std::vector<actor*>{&producer});
  const auto counts = e.counts();
  EXPECT_EQ(counts.emitted, 3u);
  EXPECT_EQ(counts.taken, 1u);
  EXPECT_EQ(counts.dropped, 2u);
}

TEST_F(flow_edge, items_dropped_after_they_were_taken_are_counted_too) {
  put(1);
  put(2);
  ASSERT_EQ(e.ready(), 2u);
  {
    edge<counted>::reader r(e);
    r.drop();
    r.drop();
  }
  e.release(1, nullptr);
  e.count_dropped(1);
  EXPECT_TRUE(balanced(e.counts()));
  EXPECT_EQ(e.counts().taken, 1u);
  EXPECT_EQ(e.size(), 0u);
}

TEST_F(flow_edge, every_item_made_is_destroyed) {
  const long before = counted::alive;
  {
    edge<counted> other(3);
    for (int round = 0; round < 5; ++round) {
      while (other.room() > 0) {
        edge<counted>::writer w(other);
        ::new (w.blank()) counted(round);
        w.publish();
      }
      ASSERT_GT(other.ready(), 0u);
      edge<counted>::reader r(other);
      r.release_quietly();
      r.drop();
    }
    EXPECT_GT(counted::alive, before);
  }
  EXPECT_EQ(counted::alive, before);
}

struct small_eager_edge : edge_of<counted> {
  small_eager_edge() : edge_of(4, true) {}
};

TEST_F(small_eager_edge, between_executors_a_single_free_place_wakes_the_producer) {
  for (int i = 0; i < 4; ++i) put(i);
  ASSERT_EQ(e.room(), 0u);
  take();
  EXPECT_EQ(home.queued, std::vector<actor*>{&producer});
}

struct edge_of_one : edge_of<counted> {
  edge_of_one() : edge_of(1) {}
};

TEST_F(edge_of_one, capacity_one_is_enough) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(e.room(), 1u);
    put(i);
    ASSERT_EQ(e.room(), 0u);
    ASSERT_EQ(take().value, i);
    ASSERT_EQ(home.queued, std::vector<actor*>{&producer});
    home.activate_all();
  }
  EXPECT_EQ(e.peak(), 1u);
}

using edge_of_wide_items = edge_of<wide>;

TEST_F(edge_of_wide_items, over_aligned_items_lie_where_they_must) {
  for (int round = 0; round < 7; ++round) {
    put(round);
    ASSERT_EQ(e.ready(), 1u);
    edge<wide>::reader r(e);
    ASSERT_TRUE(r.item().aligned());
    r.release_quietly();
    r.drop();
  }
}

}  // namespace
}  // namespace penstock::flow
