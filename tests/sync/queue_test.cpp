// The queue, from plain threads.
#include "penstock/sync/queue.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/counted.hpp"
#include "penstock/base/thread_role.hpp"
#include "sync/eventually.hpp"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using namespace testing;

std::exception_ptr broken() { return std::make_exception_ptr(std::runtime_error("broken")); }

template <class Call>
auto in_thread(Call call) {
  return std::async(std::launch::async, std::move(call));
}

// ---- making one ----

TEST(queue, refuses_capacity_zero) {
  EXPECT_THROW(queue<int>(0), declaration_error);
  EXPECT_THROW(queue<int>({.capacity = 0}), declaration_error);
}

TEST(queue, is_unbounded_only_on_request) {
  queue<int> q(unbounded, "endless");
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(q.try_put(int{i}));
  EXPECT_EQ(q.snapshot().size, 10'000u);
  EXPECT_EQ(q.snapshot().name, "endless");
  EXPECT_FALSE(q.snapshot().full());
}

// ---- items ----

TEST(queue, takes_empty_and_zero_and_null_for_ordinary_items) {
  queue<std::optional<int>> maybe(1);
  ASSERT_TRUE(maybe.try_put(std::nullopt));
  const got<std::optional<int>> nothing = maybe.try_get();
  EXPECT_TRUE(static_cast<bool>(nothing));
  EXPECT_FALSE(nothing->has_value());

  queue<std::unique_ptr<int>> pointers(1);
  ASSERT_TRUE(pointers.try_put(nullptr));
  EXPECT_TRUE(static_cast<bool>(pointers.try_get()));
}

TEST(queue, leaves_a_refused_item_with_its_caller) {
  // [refused]
  queue<std::unique_ptr<int>> q(1);
  ASSERT_TRUE(q.put(std::make_unique<int>(0)));
  auto mine = std::make_unique<int>(1);
  EXPECT_EQ(q.try_put(std::move(mine)).state, state::full);
  EXPECT_EQ(q.put(std::move(mine), within(1ms)).state, state::timed_out);
  q.close();
  EXPECT_EQ(q.put(std::move(mine)).state, state::closed);
  ASSERT_TRUE(mine);
  EXPECT_EQ(*mine, 1);
  // [/refused]
}

TEST(queue, destroys_every_item_it_was_given) {
  const long before = counted::alive;
  {
    queue<counted> q(8);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(q.put(counted(i)));
    EXPECT_EQ((*q.get()).value, 0);
    std::vector<counted> some;
    EXPECT_EQ(q.get_n(some, 2).accepted, 2u);
  }
  EXPECT_EQ(counted::alive, before);
}

TEST(queue, keeps_over_aligned_items_aligned) {
  queue<wide> q(2);
  ASSERT_TRUE(q.put(wide(1)));
  const got<wide> item = q.get();
  EXPECT_TRUE(item->aligned());
}

// ---- waiting ----

TEST(queue, wakes_a_getter_with_the_item) {
  queue<int> q(1);
  auto getter = in_thread([&] { return q.get(); });
  until_getters_wait(q, 1);
  ASSERT_TRUE(q.put(7));
  EXPECT_EQ(*getter.get(), 7);
}

TEST(queue, wakes_a_putter_when_there_is_room) {
  queue<int> q(1);
  ASSERT_TRUE(q.put(1));
  auto putter = in_thread([&] { return q.put(2); });
  until_putters_wait(q, 1);
  EXPECT_EQ(q.try_put(3).state, state::full);
  EXPECT_EQ(*q.get(), 1);
  EXPECT_TRUE(putter.get());
  EXPECT_EQ(*q.get(), 2);
}

TEST(queue, serves_its_waiters_first_come_first_served) {
  queue<int> q(1);
  std::vector<std::future<got<int>>> getters;
  for (std::size_t i = 0; i < 4; ++i) {
    getters.push_back(in_thread([&] { return q.get(); }));
    until_getters_wait(q, i + 1);
  }
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(q.put(int{i}));
    EXPECT_EQ(*getters[static_cast<std::size_t>(i)].get(), i);
  }
}

TEST(queue, wakes_as_many_getters_as_a_batch_has_items) {
  queue<int> q(8);
  std::vector<std::future<got<int>>> getters;
  for (std::size_t i = 0; i < 3; ++i) getters.push_back(in_thread([&] { return q.get(); }));
  until_getters_wait(q, 3);
  std::vector<int> items{1, 2, 3};
  EXPECT_EQ(q.try_put_n(items).accepted, 3u);
  int sum = 0;
  for (auto& g : getters) sum += *g.get();
  EXPECT_EQ(sum, 6);
}

TEST(queue, takes_a_batch_larger_than_itself_in_chunks) {
  queue<int> q(4);
  std::vector<int> items(100);
  std::iota(items.begin(), items.end(), 0);
  auto putter = in_thread([&] { return q.put_n(items); });
  std::vector<int> out;
  while (out.size() < items.size()) (void)q.get_n(out, 3);
  EXPECT_EQ(out, items);
  const put_result result = putter.get();
  EXPECT_EQ(result.state, state::ok);
  EXPECT_EQ(result.accepted, 100u);
}

TEST(queue, says_which_prefix_of_a_batch_is_in_when_it_is_closed) {
  queue<int> q(4);
  std::vector<int> items{0, 1, 2, 3, 4, 5};
  auto putter = in_thread([&] { return q.put_n(items); });
  until_putters_wait(q, 1);
  (void)q.get();
  q.close();
  const put_result result = putter.get();
  EXPECT_EQ(result.state, state::closed);
  EXPECT_EQ(result.accepted, 5u);
  EXPECT_EQ(q.snapshot().put, 5u);
}

TEST(queue, gives_a_waiting_batch_getter_one_item_and_then_what_is_there) {
  queue<int> q(8);
  std::vector<int> out;
  auto getter = in_thread([&] { return q.get_n(out, 5); });
  until_getters_wait(q, 1);
  ASSERT_TRUE(q.put(1));
  EXPECT_EQ(getter.get().accepted, 1u);
  std::vector<int> items{2, 3};
  ASSERT_TRUE(q.put_n(items));
  EXPECT_EQ(q.get_n(out, 5).accepted, 2u);
  EXPECT_EQ(out, (std::vector<int>{1, 2, 3}));
}

// ---- limits ----

TEST(queue, consumes_nothing_when_the_stop_came_first) {
  queue<int> q(2);
  ASSERT_TRUE(q.put(1));
  std::stop_source source;
  source.request_stop();
  const wait_limits stopped{.stop = source.get_token()};
  std::vector<int> out;
  EXPECT_EQ(q.get(stopped).state(), state::cancelled);
  EXPECT_EQ(q.get_n(out, 1, stopped).state, state::cancelled);
  EXPECT_EQ(q.put(2, stopped).state, state::cancelled);
  EXPECT_EQ(q.put_n(out, stopped).state, state::cancelled);
  EXPECT_EQ(q.join(stopped).state, state::cancelled);
  EXPECT_EQ(q.snapshot().size, 1u);
}

TEST(queue, ends_a_wait_on_a_stop) {
  queue<int> q(1);
  stop_source source;
  auto getter = in_thread([&] { return q.get({.stop = source.token()}); });
  until_getters_wait(q, 1);
  source.request_stop();
  EXPECT_EQ(getter.get().state(), state::cancelled);

  ASSERT_TRUE(q.put(1));
  stop_source other;
  auto putter = in_thread([&] { return q.put(2, {.stop = other.token()}); });
  auto joiner = in_thread([&] { return q.join({.stop = other.token()}); });
  until_putters_wait(q, 1);
  until_joiners_wait(q, 1);
  other.request_stop();
  EXPECT_EQ(putter.get().state, state::cancelled);
  EXPECT_EQ(joiner.get().state, state::cancelled);
  EXPECT_EQ(q.snapshot().put, 1u);
}

TEST(queue, with_a_deadline_in_the_past_succeeds_if_it_can_at_once) {
  queue<int> q(1);
  EXPECT_EQ(q.get(within(0s)).state(), state::timed_out);
  EXPECT_TRUE(q.put(1, within(-1s)));
  EXPECT_EQ(q.put(2, within(-1s)).state, state::timed_out);
  EXPECT_EQ(*q.get({.until = time_point::min()}), 1);
  EXPECT_EQ(q.join(within(0s)).state, state::timed_out);
}

TEST(queue, ends_a_wait_at_its_deadline) {
  queue<int> q(1);
  const time_point before = clock::now();
  EXPECT_EQ(q.get(within(5ms)).state(), state::timed_out);
  EXPECT_GE(clock::now(), before + 5ms);
  EXPECT_EQ(q.snapshot().waiting_getters, 0u);
}

TEST(queue, lets_no_cancelled_waiter_swallow_the_item_of_the_next) {
  queue<int> q(1);
  stop_source gone;
  std::vector<std::future<got<int>>> cancelled;
  for (std::size_t i = 0; i < 3; ++i) cancelled.push_back(in_thread([&] { return q.get({.stop = gone.token()}); }));
  until_getters_wait(q, 3);
  auto next = in_thread([&] { return q.get(); });
  until_getters_wait(q, 4);
  gone.request_stop();
  ASSERT_TRUE(q.put(1));
  for (auto& c : cancelled) EXPECT_EQ(c.get().state(), state::cancelled);
  EXPECT_EQ(*next.get(), 1);
}

// ---- the end ----

TEST(queue, drains_after_close_and_then_ends) {
  // [closed]
  queue<int> q(2);
  ASSERT_TRUE(q.put(1));
  EXPECT_TRUE(q.close());
  EXPECT_FALSE(q.close());
  int sum = 0;
  while (auto item = q.get()) sum += *item;
  EXPECT_EQ(sum, 1);
  EXPECT_EQ(q.get().state(), state::closed);
  // [/closed]
}

TEST(queue, gives_the_error_after_the_last_item) {
  queue<int> q(2);
  ASSERT_TRUE(q.put(1));
  EXPECT_TRUE(q.close(broken()));
  EXPECT_EQ(*q.get(), 1);
  EXPECT_THROW(while (auto item = q.get()){}, std::runtime_error);
  std::vector<int> out;
  EXPECT_EQ(q.get_n(out, 1).state, state::failed);
  const put_result refused = q.put(2);
  EXPECT_EQ(refused.state, state::closed);
  EXPECT_TRUE(refused.cause);
}

TEST(queue, wakes_everybody_on_close_and_on_cancel) {
  for (const bool cancel : {false, true}) {
    queue<int> empty(1), full(1);
    ASSERT_TRUE(full.put(1));
    auto getter = in_thread([&] { return empty.get(); });
    auto putter = in_thread([&] { return full.put(2); });
    until_getters_wait(empty, 1);
    until_putters_wait(full, 1);
    EXPECT_TRUE(cancel ? empty.cancel() : empty.close());
    EXPECT_TRUE(cancel ? full.cancel() : full.close());
    const state expected = cancel ? state::cancelled : state::closed;
    EXPECT_EQ(getter.get().state(), expected);
    EXPECT_EQ(putter.get().state, expected);
  }
}

TEST(queue, does_not_hold_its_lock_while_it_destroys_items) {
  struct caller {
    explicit caller(queue<caller>* q) : back(q) {}
    caller(caller&& other) noexcept : back(std::exchange(other.back, nullptr)) {}
    ~caller() {
      if (back) (void)back->snapshot();
    }
    queue<caller>* back;
  };
  queue<caller> q({.capacity = 2, .overflow = overflow::drop_oldest});
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(q.put(caller(&q)));
  EXPECT_TRUE(q.cancel());
  EXPECT_EQ(q.snapshot().dropped, 4u);
}

TEST(queue, can_be_destroyed_while_threads_wait) {
  auto q = std::make_unique<queue<int>>(1);
  auto full = std::make_unique<queue<int>>(1);
  ASSERT_TRUE(full->put(1));
  // The threads must not touch the handle any more once it is being destroyed.
  auto getter = in_thread([&waits = *q] { return waits.get(); });
  auto putter = in_thread([&waits = *full] { return waits.put(2); });
  auto joiner = in_thread([&waits = *full] { return waits.join(); });
  auto timed = in_thread([&waits = *q] { return waits.get(within(1h)); });
  until_getters_wait(*q, 2);
  until_putters_wait(*full, 1);
  until_joiners_wait(*full, 1);
  q.reset();
  full.reset();
  EXPECT_EQ(getter.get().state(), state::cancelled);
  EXPECT_EQ(timed.get().state(), state::cancelled);
  EXPECT_EQ(putter.get().state, state::cancelled);
  EXPECT_EQ(joiner.get().state, state::cancelled);
}

TEST(queue, can_be_destroyed_by_whoever_got_the_last_item) {
  for (int round = 0; round < 500; ++round) {
    auto q = std::make_unique<queue<int>>(1);
    auto getter = in_thread([&q] {
      const bool ok = static_cast<bool>(q->get());
      q.reset();
      return ok;
    });
    queue<int>& target = *q;
    (void)target.put(1);
    EXPECT_TRUE(getter.get());
  }
}

// ---- done ----

TEST(queue, joins_when_every_item_is_done) {
  queue<int> q(4);
  EXPECT_TRUE(q.join());
  ASSERT_TRUE(q.put(1));
  ASSERT_TRUE(q.put(2));
  auto joiner = in_thread([&] { return q.join(); });
  until_joiners_wait(q, 1);
  for (int i = 0; i < 2; ++i) {
    const got<int> item = q.get();
    done_guard done{q};
  }
  EXPECT_TRUE(joiner.get());
}

TEST(queue, refuses_task_done_too_often_and_stays_usable) {
  queue<int> q(1);
  EXPECT_THROW(q.task_done(), error);
  ASSERT_TRUE(q.put(1));
  EXPECT_THROW(q.task_done(2), error);
  EXPECT_EQ(q.snapshot().unfinished, 1u);
  q.task_done();
  EXPECT_TRUE(q.join());
}

TEST(queue, lets_a_guard_pay_after_it_is_gone) {
  auto q = std::make_unique<queue<int>>(1);
  ASSERT_TRUE(q->put(1));
  const got<int> item = q->get();
  const done_guard done{*q};
  q.reset();
}

TEST(queue, waits_in_join_for_items_that_were_taken_before_the_cancel) {
  queue<int> q(2);
  ASSERT_TRUE(q.put(1));
  ASSERT_TRUE(q.put(2));
  const got<int> taken = q.get();
  q.cancel();
  EXPECT_EQ(q.join(within(0s)).state, state::timed_out);
  q.task_done();
  EXPECT_TRUE(q.join());
}

// ---- workers of a runtime ----

TEST(queue, refuses_to_block_a_worker_even_when_it_could_succeed) {
  queue<int> q(2);
  std::vector<int> out{1};
  ASSERT_TRUE(q.try_put(1));  // so both a put and a get could succeed
  for (const thread_role role : {thread_role::cpu_worker, thread_role::io_worker}) {
    const thread_role_scope worker(role);
    EXPECT_THROW((void)q.put(1), std::system_error);
    EXPECT_THROW((void)q.get(), std::system_error);
    EXPECT_THROW((void)q.put_n(out), std::system_error);
    EXPECT_THROW((void)q.get_n(out, 1), std::system_error);
    try {
      (void)q.join();
      FAIL();
    } catch (const std::system_error& e) {
      EXPECT_EQ(e.code(), std::errc::resource_deadlock_would_occur);
    }
    EXPECT_TRUE(q.try_put(1)) << "what never waits is allowed";
    EXPECT_TRUE(static_cast<bool>(q.try_get()));
  }
}

// ---- overflow ----

TEST(queue, reports_what_its_policy_dropped) {
  std::vector<int> items{1, 2, 3, 4, 5};
  // [overflow]
  queue<int> oldest({.capacity = 2, .overflow = overflow::drop_oldest});
  const put_result a = oldest.put_n(items);
  EXPECT_EQ(a.state, state::ok);
  EXPECT_EQ(a.accepted, 5u);
  EXPECT_EQ(a.dropped, 3u);
  EXPECT_EQ(*oldest.get(), 4);
  // [/overflow]

  queue<int> newest({.capacity = 2, .overflow = overflow::drop_newest});
  const put_result b = newest.put_n(items);
  EXPECT_EQ(b.state, state::ok);
  EXPECT_EQ(b.accepted, 2u);
  EXPECT_EQ(b.dropped, 3u);
  EXPECT_EQ(*newest.get(), 1);

  queue<int> fail({.capacity = 2, .overflow = overflow::fail});
  const put_result c = fail.put_n(items);
  EXPECT_EQ(c.state, state::full);
  EXPECT_EQ(c.accepted, 2u);
  for (const auto* q : {&oldest, &newest, &fail}) {
    const queue_snapshot s = q->snapshot();
    EXPECT_EQ(s.put, s.got + s.size + s.dropped);
  }
}

}  // namespace
}  // namespace penstock
