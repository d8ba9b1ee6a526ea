// The queue, for actors: those who never block and are told instead.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "penstock/sync/detail/queue_access.hpp"
#include "penstock/sync/queue.hpp"

namespace penstock {
namespace {

template <class Waiter>
struct actor final : Waiter {
  int notices = 0;
  void complete() noexcept override { ++notices; }
};

TEST(queue_actor, is_told_once_with_the_item_in_hand) {
  queue<int> q(1);
  const auto shared = detail::queue_access::state(q);
  actor<get_waiter<int>> waiting;
  ASSERT_TRUE(shared->line_up(waiting));
  EXPECT_EQ(q.snapshot().waiting_getters, 1u);
  ASSERT_TRUE(q.try_put(1));
  ASSERT_TRUE(q.try_put(2));
  EXPECT_EQ(waiting.notices, 1);
  EXPECT_EQ(*waiting.result, 1);
}

TEST(queue_actor, is_not_told_what_it_learns_at_once) {
  queue<int> q(1);
  const auto shared = detail::queue_access::state(q);
  actor<get_waiter<int>> waiting;
  ASSERT_TRUE(q.try_put(1));
  EXPECT_FALSE(shared->line_up(waiting));
  EXPECT_EQ(*waiting.result, 1);
  q.close();
  EXPECT_FALSE(shared->line_up(waiting));
  EXPECT_EQ(waiting.result.state(), state::closed);
  EXPECT_EQ(waiting.notices, 0);
}

TEST(queue_actor, is_told_when_all_its_items_are_in) {
  queue<int> q(2);
  const auto shared = detail::queue_access::state(q);
  std::vector<int> items{1, 2, 3, 4};
  actor<put_waiter<int>> waiting;
  waiting.items = items;
  ASSERT_TRUE(shared->line_up(waiting));
  (void)q.try_get();
  EXPECT_EQ(waiting.notices, 0);
  (void)q.try_get();
  EXPECT_EQ(waiting.notices, 1);
  EXPECT_EQ(waiting.result.accepted, 4u);
}

TEST(queue_actor, is_told_of_the_end) {
  queue<int> q(1);
  const auto shared = detail::queue_access::state(q);
  actor<get_waiter<int>> waiting;
  ASSERT_TRUE(shared->line_up(waiting));
  q.cancel();
  EXPECT_EQ(waiting.notices, 1);
  EXPECT_EQ(waiting.result.state(), state::cancelled);
}

TEST(queue_actor, can_leave_the_line_and_knows_whether_it_was_in_it) {
  queue<int> q(1);
  const auto shared = detail::queue_access::state(q);
  actor<get_waiter<int>> waiting;
  ASSERT_TRUE(shared->line_up(waiting));
  EXPECT_TRUE(shared->withdraw(waiting, state::cancelled));
  EXPECT_FALSE(shared->withdraw(waiting, state::cancelled));
  ASSERT_TRUE(q.try_put(1));
  EXPECT_EQ(waiting.notices, 0);
  EXPECT_EQ(*q.try_get(), 1);
}

TEST(queue_actor, may_wait_again_inside_its_notice) {
  struct looping final : get_waiter<int> {
    explicit looping(detail::queue_state<int>& q) : queue(q) {}
    void complete() noexcept override {
      do {
        if (result.state() != state::ok) return;
        seen.push_back(*result);
      } while (!queue.line_up(*this));
    }
    detail::queue_state<int>& queue;
    std::vector<int> seen;
  };
  queue<int> q(4);
  const auto shared = detail::queue_access::state(q);
  looping waiting(*shared);
  ASSERT_TRUE(shared->line_up(waiting));
  std::vector<int> items{1, 2, 3};
  ASSERT_TRUE(q.try_put_n(items));
  ASSERT_TRUE(q.try_put(4));
  q.close();
  EXPECT_EQ(waiting.seen, (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(waiting.result.state(), state::closed);
}

TEST(queue_actor, pays_its_debts_after_the_queue_is_gone) {
  auto q = std::make_unique<queue<int>>(1);
  const auto shared = detail::queue_access::state(*q);
  ASSERT_TRUE(q->try_put(1));
  const got<int> item = shared->try_get();
  actor<get_waiter<int>> waiting;
  ASSERT_TRUE(shared->line_up(waiting));
  q.reset();
  EXPECT_EQ(waiting.result.state(), state::cancelled);
  EXPECT_TRUE(shared->task_done(1));
  EXPECT_FALSE(shared->task_done(1));
}

}  // namespace
}  // namespace penstock
