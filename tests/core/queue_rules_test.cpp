#include "penstock/core/queue_rules.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "core/counted.hpp"

namespace penstock {
namespace {

using testing::counted;

template <class Waiter>
struct listener final : Waiter {
  bool told = false;
  void complete() noexcept override { told = true; }
};
using getter = listener<get_waiter<int>>;
using putter = listener<put_waiter<int>>;
using joiner = listener<join_waiter>;

/// The rules with the shell's duties done at once: whoever was decided is told.
struct told_rules {
  explicit told_rules(std::size_t capacity, overflow when_full = overflow::block) : rules(capacity, when_full) {}

  template <class Call>
  auto tell(Call call) {
    decided_waiters decided;
    auto result = call(decided);
    decided.complete_all();
    return result;
  }

  put_result put(int item) {
    std::optional<int> dropped;
    return tell([&](decided_waiters& d) { return rules.put(item, dropped, d); });
  }
  put_result put_n(std::vector<int> items) {
    return tell([&](decided_waiters& d) { return rules.put_n(items, d); });
  }
  got<int> get() {
    return tell([&](decided_waiters& d) { return rules.get(d); });
  }
  std::vector<int> get_n(std::size_t most) {
    std::vector<int> items;
    last = tell(
        [&](decided_waiters& d) { return rules.get_n(most, [&](int&& item) noexcept { items.push_back(item); }, d); });
    return items;
  }
  bool line_up(getter& waiter) {
    return tell([&](decided_waiters& d) { return rules.line_up(waiter, d); });
  }
  bool line_up(putter& waiter, std::span<int> items) {
    waiter.items = items;
    return tell([&](decided_waiters& d) { return rules.line_up(waiter, d); });
  }
  bool close(std::exception_ptr cause = {}) {
    return tell([&](decided_waiters& d) { return rules.close(std::move(cause), d); });
  }
  bool cancel() {
    ring<int> dropped;
    return tell([&](decided_waiters& d) { return rules.cancel(dropped, d); });
  }
  bool done(std::uint64_t n = 1) {
    return tell([&](decided_waiters& d) { return rules.task_done(n, d); });
  }
  queue_rules<int> rules;
  put_result last;
};

std::exception_ptr broken() { return std::make_exception_ptr(std::runtime_error("broken")); }

// ---- items ----

TEST(queue_rules, capacity_zero_is_refused) { EXPECT_THROW(queue_rules<int>(0, overflow::block), declaration_error); }

TEST(queue_rules, items_come_out_in_the_order_they_went_in) {
  told_rules q(3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(q.put(i).state, state::ok);
  EXPECT_EQ(q.put(3).state, state::full);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(*q.get(), i);
  EXPECT_EQ(q.get().state(), state::empty);
}

TEST(queue_rules, a_refused_item_is_unmoved) {
  queue_rules<std::unique_ptr<int>> q(1, overflow::block);
  decided_waiters decided;
  std::optional<std::unique_ptr<int>> dropped;
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  EXPECT_TRUE(q.put(first, dropped, decided));
  EXPECT_EQ(q.put(second, dropped, decided).state, state::full);
  ASSERT_TRUE(second);
  q.close(nullptr, decided);
  EXPECT_EQ(q.put(second, dropped, decided).state, state::closed);
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, 2);
}

TEST(queue_rules, a_refused_put_owes_nothing) {
  told_rules q(1);
  (void)q.put(1);
  (void)q.put(2);
  q.close();
  (void)q.put(3);
  EXPECT_EQ(q.rules.unfinished(), 1u);
}

TEST(queue_rules, a_batch_goes_in_as_far_as_it_fits) {
  told_rules q(3);
  (void)q.put(0);
  const put_result result = q.put_n({1, 2, 3, 4});
  EXPECT_EQ(result.state, state::full);
  EXPECT_EQ(result.accepted, 2u);
  EXPECT_EQ(q.get_n(9), (std::vector<int>{0, 1, 2}));
}

TEST(queue_rules, a_batch_of_gets_takes_what_is_there) {
  told_rules q(4);
  (void)q.put_n({1, 2, 3});
  EXPECT_EQ(q.get_n(2), (std::vector<int>{1, 2}));
  EXPECT_EQ(q.get_n(2), (std::vector<int>{3}));
  EXPECT_TRUE(q.get_n(2).empty());
  EXPECT_EQ(q.last.state, state::empty);
}

TEST(queue_rules, without_a_bound_it_grows) {
  told_rules q(queue_rules<int>::no_bound);
  std::vector<int> many(1000);
  EXPECT_EQ(q.put_n(many).accepted, 1000u);
  EXPECT_EQ(q.put(1).state, state::ok);
  EXPECT_FALSE(q.rules.full());
  EXPECT_EQ(q.rules.snapshot().peak, 1001u);
}

TEST(queue_rules, an_empty_batch_succeeds_also_when_full) {
  told_rules q(1);
  (void)q.put(1);
  EXPECT_EQ(q.put_n({}).state, state::ok);
}

// ---- waiting ----

TEST(queue_rules, an_item_goes_to_the_getter_that_came_first) {
  told_rules q(2);
  getter first, second;
  EXPECT_TRUE(q.line_up(first));
  EXPECT_TRUE(q.line_up(second));
  (void)q.put(1);
  EXPECT_TRUE(first.told);
  EXPECT_EQ(*first.result, 1);
  EXPECT_FALSE(second.told);
  EXPECT_EQ(q.rules.size(), 0u) << "a handed-off item never enters the queue";
}

TEST(queue_rules, room_goes_to_the_putter_that_came_first) {
  told_rules q(1);
  (void)q.put(0);
  putter first, second;
  int one = 1, two = 2;
  EXPECT_TRUE(q.line_up(first, {&one, 1}));
  EXPECT_TRUE(q.line_up(second, {&two, 1}));
  EXPECT_EQ(*q.get(), 0);
  EXPECT_TRUE(first.told);
  EXPECT_FALSE(second.told);
  EXPECT_EQ(q.put(9).state, state::full) << "nobody overtakes a waiter";
  EXPECT_EQ(*q.get(), 1);
  EXPECT_EQ(*q.get(), 2);
}

TEST(queue_rules, a_waiting_batch_keeps_its_place_until_it_is_in) {
  told_rules q(2);
  (void)q.put_n({0, 0});
  std::vector<int> items{1, 2, 3};
  putter batch, later;
  int four = 4;
  EXPECT_TRUE(q.line_up(batch, items));
  EXPECT_TRUE(q.line_up(later, {&four, 1}));
  (void)q.get_n(2);
  EXPECT_FALSE(batch.told);
  EXPECT_EQ(batch.result.accepted, 2u);
  (void)q.get();
  EXPECT_TRUE(batch.told);
  EXPECT_EQ(batch.result.accepted, 3u);
  EXPECT_FALSE(later.told);
  EXPECT_EQ(q.get_n(2), (std::vector<int>{2, 3}));
  EXPECT_EQ(*q.get(), 4);
}

TEST(queue_rules, a_batch_of_puts_wakes_as_many_getters_as_it_has_items) {
  told_rules q(8);
  getter waiting[3];
  for (getter& g : waiting) EXPECT_TRUE(q.line_up(g));
  EXPECT_EQ(q.put_n({1, 2}).accepted, 2u);
  EXPECT_TRUE(waiting[0].told && waiting[1].told);
  EXPECT_FALSE(waiting[2].told);
  EXPECT_EQ(q.put_n({3, 4, 5}).accepted, 3u);
  EXPECT_EQ(*waiting[2].result, 3) << "each waiting getter gets exactly one";
  EXPECT_EQ(q.rules.size(), 2u);
}

TEST(queue_rules, a_batch_of_gets_wakes_as_many_putters_as_it_makes_room_for) {
  told_rules q(3);
  (void)q.put_n({0, 0, 0});
  putter waiting[3];
  int items[3] = {1, 2, 3};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(q.line_up(waiting[i], {&items[i], 1}));
  (void)q.get_n(2);
  EXPECT_TRUE(waiting[0].told && waiting[1].told);
  EXPECT_FALSE(waiting[2].told);
}

TEST(queue_rules, withdrawn_getters_do_not_swallow_an_item) {
  told_rules q(2);
  getter gone[3], next;
  for (getter& g : gone) (void)q.line_up(g);
  (void)q.line_up(next);
  for (getter& g : gone) EXPECT_TRUE(q.rules.withdraw(g, state::cancelled));
  (void)q.put(1);
  EXPECT_EQ(*next.result, 1);
  for (getter& g : gone) EXPECT_EQ(g.result.state(), state::cancelled);
}

TEST(queue_rules, withdrawn_putters_do_not_swallow_room_and_keep_their_items) {
  queue_rules<std::unique_ptr<int>> q(1, overflow::block);
  decided_waiters decided;
  std::optional<std::unique_ptr<int>> dropped;
  auto filler = std::make_unique<int>(0);
  (void)q.put(filler, dropped, decided);
  listener<put_waiter<std::unique_ptr<int>>> gone, next;
  auto a = std::make_unique<int>(1);
  auto b = std::make_unique<int>(2);
  gone.items = {&a, 1};
  next.items = {&b, 1};
  EXPECT_TRUE(q.line_up(gone, decided));
  EXPECT_TRUE(q.line_up(next, decided));
  EXPECT_TRUE(q.withdraw(gone, state::timed_out));
  (void)q.get(decided);
  decided.complete_all();
  EXPECT_TRUE(next.told);
  EXPECT_TRUE(a);
  EXPECT_FALSE(b);
  EXPECT_EQ(gone.result.state, state::timed_out);
}

TEST(queue_rules, after_the_hand_off_a_withdrawal_changes_nothing) {
  told_rules q(1);
  getter waiting;
  (void)q.line_up(waiting);
  decided_waiters not_told_yet;
  std::optional<int> dropped;
  int item = 5;
  (void)q.rules.put(item, dropped, not_told_yet);
  EXPECT_FALSE(q.rules.withdraw(waiting, state::timed_out));
  q.close();
  EXPECT_EQ(waiting.result.state(), state::ok) << "an item that was given is not turned into an end";
  EXPECT_EQ(*waiting.result, 5);
}

TEST(queue_rules, a_withdrawn_batch_reports_the_prefix_that_is_in) {
  told_rules q(2);
  std::vector<int> items{1, 2, 3};
  putter batch;
  EXPECT_TRUE(q.line_up(batch, items));
  EXPECT_TRUE(q.rules.withdraw(batch, state::cancelled));
  EXPECT_EQ(batch.result.accepted, 2u);
  EXPECT_EQ(batch.result.state, state::cancelled);
}

// ---- the end ----

TEST(queue_rules, a_closed_queue_is_drained_and_then_ends) {
  told_rules q(2);
  (void)q.put_n({1, 2});
  EXPECT_TRUE(q.close());
  EXPECT_EQ(*q.get(), 1);
  EXPECT_EQ(*q.get(), 2);
  EXPECT_EQ(q.get().state(), state::closed);
  EXPECT_FALSE(static_cast<bool>(q.get()));
}

TEST(queue_rules, closing_ends_the_waits_of_getters_and_of_putters) {
  told_rules empty(1), full(1);
  getter g;
  (void)empty.line_up(g);
  empty.close();
  EXPECT_TRUE(g.told);
  EXPECT_EQ(g.result.state(), state::closed);

  (void)full.put(0);
  putter p;
  int item = 1;
  (void)full.line_up(p, {&item, 1});
  full.close();
  EXPECT_TRUE(p.told);
  EXPECT_EQ(p.result.state, state::closed);
  EXPECT_EQ(full.get_n(9), std::vector<int>{0}) << "the item of a refused putter is not in the queue";
}

TEST(queue_rules, a_getter_that_comes_after_the_end_does_not_wait) {
  told_rules q(1);
  q.close();
  getter late;
  EXPECT_FALSE(q.line_up(late));
  EXPECT_EQ(late.result.state(), state::closed);
  EXPECT_FALSE(late.told);
}

TEST(queue_rules, an_error_arrives_after_the_last_item) {
  told_rules q(2);
  (void)q.put(1);
  EXPECT_TRUE(q.close(broken()));
  EXPECT_EQ(*q.get(), 1);
  const got<int> end = q.get();
  EXPECT_EQ(end.state(), state::failed);
  EXPECT_THROW((void)static_cast<bool>(end), std::runtime_error);
  EXPECT_EQ(q.put(2).state, state::closed);
}

TEST(queue_rules, cancelling_drops_and_counts) {
  told_rules q(3);
  (void)q.put_n({1, 2, 3});
  (void)q.get();
  EXPECT_TRUE(q.cancel());
  const queue_snapshot s = q.rules.snapshot();
  EXPECT_EQ(s.dropped, 2u);
  EXPECT_EQ(s.unfinished, 1u) << "what was taken still owes its task_done";
  EXPECT_EQ(q.get().state(), state::cancelled);
  EXPECT_EQ(q.put(4).state, state::cancelled);
}

TEST(queue_rules, closing_escalates_to_cancelling_and_never_back) {
  told_rules q(2);
  (void)q.put(1);
  EXPECT_TRUE(q.close(broken()));
  EXPECT_FALSE(q.close());
  EXPECT_TRUE(q.cancel());
  EXPECT_FALSE(q.cancel());
  EXPECT_FALSE(q.close());
  const got<int> end = q.get();
  EXPECT_EQ(end.state(), state::cancelled);
  EXPECT_TRUE(end.cause()) << "the first cause is kept";
}

TEST(queue_rules, dropped_items_are_handed_out_not_destroyed_inside) {
  const long before = counted::alive;
  {
    queue_rules<counted> q(2, overflow::block);
    decided_waiters decided;
    std::optional<counted> dropped;
    counted item(1);
    (void)q.put(item, dropped, decided);
    ring<counted> out;
    EXPECT_TRUE(q.cancel(out, decided));
    EXPECT_EQ(out.size(), 1u);
  }
  EXPECT_EQ(counted::alive, before);
}

// ---- done ----

TEST(queue_rules, a_joiner_is_released_when_nothing_is_owed) {
  told_rules q(2);
  (void)q.put_n({1, 2});
  joiner waiting;
  EXPECT_TRUE(q.rules.line_up(waiting));
  EXPECT_TRUE(q.done());
  EXPECT_FALSE(waiting.told);
  EXPECT_TRUE(q.done());
  EXPECT_TRUE(waiting.told);
  EXPECT_EQ(waiting.result.state, state::ok);
}

TEST(queue_rules, with_nothing_owed_a_joiner_does_not_wait) {
  told_rules q(1);
  joiner waiting;
  EXPECT_FALSE(q.rules.line_up(waiting));
  EXPECT_EQ(waiting.result.state, state::ok);
}

TEST(queue_rules, every_joiner_of_that_moment_is_released_even_if_more_is_put_at_once) {
  told_rules q(2);
  (void)q.put(1);
  joiner first, second;
  (void)q.rules.line_up(first);
  (void)q.rules.line_up(second);
  decided_waiters not_told_yet;
  EXPECT_TRUE(q.rules.task_done(1, not_told_yet));
  (void)q.put(2);
  not_told_yet.complete_all();
  EXPECT_TRUE(first.told && second.told);
}

TEST(queue_rules, task_done_may_come_before_the_get) {
  told_rules q(2);
  (void)q.put(1);
  EXPECT_TRUE(q.done());
  EXPECT_EQ(*q.get(), 1);
}

TEST(queue_rules, task_done_too_often_changes_nothing) {
  told_rules q(2);
  EXPECT_FALSE(q.done());
  (void)q.put_n({1, 2});
  EXPECT_FALSE(q.done(3));
  EXPECT_EQ(q.rules.unfinished(), 2u);
  EXPECT_TRUE(q.done(2));
  EXPECT_EQ(q.put(3).state, state::full);
}

TEST(queue_rules, early_task_done_and_cancel_do_not_underflow) {
  told_rules q(3);
  (void)q.put_n({1, 2, 3});
  EXPECT_TRUE(q.done(2));
  EXPECT_TRUE(q.cancel());
  EXPECT_EQ(q.rules.unfinished(), 0u);
  EXPECT_EQ(q.rules.snapshot().dropped, 3u);
}

TEST(queue_rules, cancelling_releases_joiners_when_nothing_was_taken) {
  told_rules q(3);
  (void)q.put_n({1, 2});
  joiner waiting;
  (void)q.rules.line_up(waiting);
  q.cancel();
  EXPECT_TRUE(waiting.told);
  EXPECT_EQ(waiting.result.state, state::ok);
}

TEST(queue_rules, an_abandoned_queue_ends_every_wait) {
  told_rules q(1);
  (void)q.put(1);
  (void)q.get();
  joiner j;
  getter g;
  (void)q.rules.line_up(j);
  (void)q.line_up(g);
  decided_waiters decided;
  ring<int> dropped;
  q.rules.abandon(dropped, decided);
  decided.complete_all();
  EXPECT_EQ(j.result.state, state::cancelled);
  EXPECT_EQ(g.result.state(), state::cancelled);
  EXPECT_TRUE(q.done()) << "a debt can still be paid";
}

TEST(queue_rules, an_item_lost_with_its_getter_is_dropped_and_done) {
  told_rules q(1);
  (void)q.put(1);
  (void)q.get();
  joiner waiting;
  (void)q.rules.line_up(waiting);
  decided_waiters decided;
  q.rules.lose_one(decided);
  decided.complete_all();
  EXPECT_TRUE(waiting.told);
  const queue_snapshot s = q.rules.snapshot();
  EXPECT_EQ(s.put, s.got + s.size + s.dropped);
}

// ---- overflow ----

TEST(queue_rules, drop_oldest_makes_room_and_says_so) {
  told_rules q(2, overflow::drop_oldest);
  (void)q.put_n({1, 2});
  const put_result result = q.put(3);
  EXPECT_EQ(result.state, state::ok);
  EXPECT_EQ(result.accepted, 1u);
  EXPECT_EQ(result.dropped, 1u);
  EXPECT_EQ(q.rules.unfinished(), 2u);
  EXPECT_EQ(q.get_n(9), (std::vector<int>{2, 3}));
}

TEST(queue_rules, drop_newest_keeps_what_is_there_and_says_so) {
  told_rules q(2, overflow::drop_newest);
  (void)q.put_n({1, 2});
  const put_result result = q.put(3);
  EXPECT_EQ(result.state, state::ok);
  EXPECT_EQ(result.accepted, 0u);
  EXPECT_EQ(result.dropped, 1u);
  EXPECT_EQ(q.rules.unfinished(), 2u);
  EXPECT_EQ(q.get_n(9), (std::vector<int>{1, 2}));
}

TEST(queue_rules, fail_refuses) {
  told_rules q(1, overflow::fail);
  (void)q.put(1);
  EXPECT_EQ(q.put(2).state, state::full);
  EXPECT_EQ(q.rules.unfinished(), 1u);
}

}  // namespace
}  // namespace penstock
