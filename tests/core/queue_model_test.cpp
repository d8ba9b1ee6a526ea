// Random sequences of calls, against a model that is too simple to be wrong: plain containers, and every waiter looked
// at again after every call.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "penstock/core/queue_rules.hpp"

namespace penstock {
namespace {

struct model_waiter {
  enum class wish { get, put, join } what;
  std::vector<int> items = {};  // still to be put
  bool over = false;
  state result = state::ok;
  int item = 0;
  std::size_t accepted = 0;
};

struct model {
  std::size_t capacity;
  bool closed = false;
  bool cancelled = false;
  std::deque<int> items = {};
  std::uint64_t put = 0, got = 0, dropped = 0, unfinished = 0;
  std::vector<std::shared_ptr<model_waiter>> waiting = {};

  void take_in(int item) { items.push_back(item), ++put, ++unfinished; }

  bool step(model_waiter& w) {
    using wish = model_waiter::wish;
    const auto end = [&w](state why) { return w.over = true, w.result = why, true; };
    if (w.what == wish::join) return unfinished == 0 ? end(state::ok) : false;
    if (cancelled) return end(state::cancelled);
    if (w.what == wish::put) {
      if (closed) return end(state::closed);
      if (w.items.empty()) return end(state::ok);
      if (items.size() == capacity) return false;
      take_in(w.items.front());
      w.items.erase(w.items.begin());
      ++w.accepted;
      if (w.items.empty()) end(state::ok);
      return true;
    }
    if (items.empty()) return closed ? end(state::closed) : false;
    w.item = items.front();
    items.pop_front();
    ++got;
    return end(state::ok);
  }

  /// First come, first served, until nobody can move.
  void settle() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& w : waiting)
        if (!w->over && step(*w)) {
          moved = true;
          break;
        }
      std::erase_if(waiting, [](const auto& w) { return w->over; });
    }
  }
};

template <class Waiter>
struct listener final : Waiter {
  bool told = false;
  void complete() noexcept override { told = true; }
};

struct pair_of_getters {
  std::unique_ptr<listener<get_waiter<int>>> real;
  std::shared_ptr<model_waiter> wanted;
};
struct pair_of_putters {
  std::vector<int> items;
  std::unique_ptr<listener<put_waiter<int>>> real;
  std::shared_ptr<model_waiter> wanted;
};
struct pair_of_joiners {
  std::unique_ptr<listener<join_waiter>> real;
  std::shared_ptr<model_waiter> wanted;
};

void run_sequence(unsigned seed) {
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto upto = [&random](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n)(random); };
  const std::size_t capacity = 1 + upto(4);
  queue_rules<int> rules(capacity, overflow::block);
  model expected{.capacity = capacity};
  std::vector<pair_of_getters> getters;
  std::vector<pair_of_putters> putters;
  std::vector<pair_of_joiners> joiners;
  int next_item = 0;

  for (int step = 0; step < 200; ++step) {
    decided_waiters decided;
    switch (upto(13)) {
      case 0:
      case 1: {
        int item = next_item++;
        std::optional<int> dropped;
        const state said = rules.put(item, dropped, decided).state;
        const state wanted = expected.cancelled                           ? state::cancelled
                             : expected.closed                            ? state::closed
                             : expected.items.size() == expected.capacity ? state::full
                                                                          : state::ok;
        ASSERT_EQ(said, wanted);
        if (wanted == state::ok) expected.take_in(item);
        break;
      }
      case 2: {
        std::vector<int> items(upto(6));
        for (int& item : items) item = next_item++;
        const std::size_t said = rules.put_n(items, decided).accepted;
        // One by one, with the waiting getters served in between.
        std::size_t wanted = 0;
        while (wanted < items.size() && !expected.closed && expected.items.size() < expected.capacity) {
          expected.take_in(items[wanted++]);
          expected.settle();
        }
        ASSERT_EQ(said, wanted);
        break;
      }
      case 3:
      case 4: {
        const got<int> said = rules.get(decided);
        if (!expected.items.empty()) {
          ASSERT_EQ(said.state(), state::ok);
          ASSERT_EQ(*said, expected.items.front());
          expected.items.pop_front();
          ++expected.got;
        } else {
          ASSERT_EQ(said.state(), expected.cancelled ? state::cancelled
                                  : expected.closed  ? state::closed
                                                     : state::empty);
        }
        break;
      }
      case 5: {
        std::vector<int> said;
        (void)rules.get_n(upto(6), [&said](int&& item) noexcept { said.push_back(item); }, decided);
        for (const int item : said) {
          ASSERT_EQ(item, expected.items.front());
          expected.items.pop_front();
          ++expected.got;
        }
        break;
      }
      case 6:
      case 7: {
        getters.push_back({std::make_unique<listener<get_waiter<int>>>(),
                           std::make_shared<model_waiter>(model_waiter{.what = model_waiter::wish::get})});
        if (!rules.line_up(*getters.back().real, decided)) getters.back().real->told = true;
        expected.waiting.push_back(getters.back().wanted);
        break;
      }
      case 8:
      case 9: {
        std::vector<int> items(1 + upto(4));
        for (int& item : items) item = next_item++;
        putters.push_back(
            {items, std::make_unique<listener<put_waiter<int>>>(),
             std::make_shared<model_waiter>(model_waiter{.what = model_waiter::wish::put, .items = items})});
        putters.back().real->items = putters.back().items;
        if (!rules.line_up(*putters.back().real, decided)) putters.back().real->told = true;
        expected.waiting.push_back(putters.back().wanted);
        break;
      }
      case 10: {
        joiners.push_back({std::make_unique<listener<join_waiter>>(),
                           std::make_shared<model_waiter>(model_waiter{.what = model_waiter::wish::join})});
        if (!rules.line_up(*joiners.back().real)) joiners.back().real->told = true;
        expected.waiting.push_back(joiners.back().wanted);
        break;
      }
      case 11: {
        const auto n = static_cast<std::uint64_t>(upto(2));
        const bool said = rules.task_done(n, decided);
        ASSERT_EQ(said, n <= expected.unfinished);
        if (said) expected.unfinished -= n;
        break;
      }
      case 12: {
        // Somebody gives up: the same one in both worlds.
        const auto give_up = [&](auto& pairs) {
          if (pairs.empty()) return;
          auto& one = pairs[upto(pairs.size() - 1)];
          const bool said = rules.withdraw(*one.real, state::timed_out);
          ASSERT_EQ(said, !one.wanted->over);
          if (!said) return;
          one.real->told = one.wanted->over = true;
          one.wanted->result = state::timed_out;
          std::erase(expected.waiting, one.wanted);
        };
        if (upto(1))
          give_up(getters);
        else
          give_up(putters);
        break;
      }
      case 13: {
        if (upto(19) != 0) break;
        if (upto(1)) {
          ASSERT_EQ(rules.close(nullptr, decided), !expected.closed);
          expected.closed = true;
        } else {
          ring<int> dropped;
          ASSERT_EQ(rules.cancel(dropped, decided), !expected.cancelled);
          expected.closed = expected.cancelled = true;
          expected.dropped += expected.items.size();
          expected.unfinished -= std::min<std::uint64_t>(expected.unfinished, expected.items.size());
          expected.items.clear();
        }
        break;
      }
    }
    decided.complete_all();
    expected.settle();

    for (const auto& [real, wanted] : getters) {
      ASSERT_EQ(real->told, wanted->over);
      if (!wanted->over) continue;
      ASSERT_EQ(real->result.state(), wanted->result);
      if (wanted->result == state::ok) {
        ASSERT_EQ(*real->result, wanted->item);
      }
    }
    for (const auto& [items, real, wanted] : putters) {
      ASSERT_EQ(real->told, wanted->over);
      ASSERT_EQ(real->result.accepted, wanted->accepted);
      if (wanted->over) {
        ASSERT_EQ(real->result.state, wanted->result);
      }
    }
    for (const auto& [real, wanted] : joiners) ASSERT_EQ(real->told, wanted->over);
    const queue_snapshot s = rules.snapshot();
    ASSERT_EQ(s.size, expected.items.size());
    ASSERT_LE(s.size, s.capacity);
    ASSERT_EQ(s.put, expected.put);
    ASSERT_EQ(s.got, expected.got);
    ASSERT_EQ(s.dropped, expected.dropped);
    ASSERT_EQ(s.unfinished, expected.unfinished);
    ASSERT_EQ(s.put, s.got + s.size + s.dropped);
    ASSERT_EQ(s.waiting_getters + s.waiting_putters + s.waiting_joiners, expected.waiting.size());
    ASSERT_TRUE(s.waiting_getters == 0 || (s.size == 0 && !s.closed));
    ASSERT_TRUE(s.waiting_putters == 0 || (s.size == s.capacity && !s.closed));
  }
}

TEST(queue_rules, agree_with_a_naive_model_on_random_sequences) {
  for (unsigned seed = 1; seed <= 500 && !::testing::Test::HasFatalFailure(); ++seed) run_sequence(seed);
}

}  // namespace
}  // namespace penstock
