// How the two sides of an edge leave it: whoever is last leaves nothing there.
#include "penstock/flow/edge.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

#include "core/counted.hpp"
#include "flow/stubs.hpp"

namespace penstock::flow {
namespace {

using penstock::testing::counted;

void put(edge<counted>& e, int value) {
  edge<counted>::writer w(e);
  ::new (w.blank()) counted(value);
  w.publish();
}

TEST(edge_ends, what_was_put_after_its_reader_left_goes_when_the_writer_leaves) {
  const long before = counted::alive;
  edge<counted> e(4);
  put(e, 1);
  e.abandon(nullptr);
  put(e, 2);  // the writer had not seen it
  EXPECT_EQ(counted::alive, before + 1);
  e.forsake();
  EXPECT_EQ(counted::alive, before);
  EXPECT_EQ(e.counts().emitted, 2U);
  EXPECT_EQ(e.counts().dropped, 2U);
  e.close(nullptr);
  e.forsake();
  EXPECT_EQ(e.counts().dropped, 2U);
}

TEST(edge_ends, what_was_put_before_the_end_of_input_goes_when_the_reader_leaves) {
  const long before = counted::alive;
  edge<counted> e(4);
  put(e, 1);
  e.close(nullptr);
  EXPECT_EQ(counted::alive, before + 1) << "the reader may still want it";
  e.abandon(nullptr);
  EXPECT_EQ(counted::alive, before);
  EXPECT_TRUE(balanced(e.counts()));
}

TEST(edge_ends, meet_without_leaving_an_item_whoever_comes_first) {
  const long before = counted::alive;
  for (int round = 0; round < 5000; ++round) {
    edge<counted> e(8);
    std::thread reader([&] { e.abandon(nullptr); });
    int made = 0;
    while (made < 8 && !e.abandoned()) put(e, made++);
    e.forsake();
    reader.join();
    ASSERT_EQ(counted::alive, before) << round;
    ASSERT_EQ(e.counts().dropped, static_cast<std::uint64_t>(made)) << round;
  }
}

TEST(edge_ends, an_item_that_was_refused_counts_as_emitted_and_dropped) {
  edge<counted> e(4);
  put(e, 1);
  e.count_refused(2);
  EXPECT_EQ(e.counts().emitted, 3U);
  EXPECT_EQ(e.counts().dropped, 2U);
  EXPECT_EQ(e.size(), 1U);
  e.close(nullptr);
  e.abandon(nullptr);
  EXPECT_EQ(e.counts().dropped, 3U);
  EXPECT_TRUE(balanced(e.counts()));
}

TEST(edge_ends, a_writer_that_does_not_wait_is_not_woken) {
  testing::stub_run run;
  testing::stub_executor home;
  testing::stub_actor producer(home, run);
  actor* const list = &producer;
  edge<counted> e(1);
  e.connect({&list, 1}, {}, false);
  put(e, 1);
  EXPECT_EQ(e.room_now(), 0U);
  e.drop_all();
  e.tell_producers(nullptr);
  EXPECT_TRUE(home.queued.empty());
  EXPECT_EQ(e.room_now(), 1U);
}

}  // namespace
}  // namespace penstock::flow
