// The queue as a model that is too simple to be wrong (plain containers, and every waiter looked at again after every
// call), and what plays the same operations with it and with the rules.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <stdexcept>
#include <vector>

#include "penstock/core/queue_rules.hpp"
#include "support/operations.hpp"

namespace penstock_tests {

struct model_waiter {
  enum class wish { get, put, join } what;
  std::vector<int> items = {};  ///< still to be put
  bool over = false;
  penstock::state result = penstock::state::ok;
  int item = 0;
  std::size_t accepted = 0;
};

struct queue_model {
  std::size_t capacity;
  bool closed = false, broken = false, cancelled = false, abandoned = false;
  std::deque<int> items = {};
  std::uint64_t put = 0, got = 0, dropped = 0, unfinished = 0;
  std::vector<std::shared_ptr<model_waiter>> waiting = {};

  [[nodiscard]] bool full() const { return items.size() == capacity; }
  void take_in(int item) { items.push_back(item), ++put, ++unfinished; }
  void drop(std::uint64_t n) { dropped += n, unfinished -= std::min(unfinished, n); }
  int take_out() {
    const int item = items.front();
    items.pop_front();
    return ++got, item;
  }

  /// What a put and a get hear where nothing can be put or got.
  [[nodiscard]] penstock::state put_hears() const {
    return cancelled ? penstock::state::cancelled : closed ? penstock::state::closed : penstock::state::full;
  }
  [[nodiscard]] penstock::state get_hears() const {
    return cancelled ? penstock::state::cancelled
           : broken  ? penstock::state::failed
           : closed  ? penstock::state::closed
                     : penstock::state::empty;
  }

  bool step(model_waiter& w) {
    using wish = model_waiter::wish;
    const auto end = [&w](penstock::state why) { return w.over = true, w.result = why, true; };
    if (w.what == wish::join) {
      if (abandoned) return end(penstock::state::cancelled);
      return unfinished == 0 ? end(penstock::state::ok) : false;
    }
    if (w.what == wish::put) {
      if (closed) return end(put_hears());
      if (full()) return false;
      take_in(w.items.front());
      w.items.erase(w.items.begin());
      ++w.accepted;
      if (w.items.empty()) end(penstock::state::ok);
      return true;
    }
    if (items.empty()) return closed ? end(get_hears()) : false;
    w.item = take_out();
    return end(penstock::state::ok);
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

/// Plays operations with the rules and with the model, and compares after each.
class queue_player {
 public:
  /// The first operation makes the queue.
  static void play(std::span<const operation> all, std::ostream& log) {
    if (all.empty()) return;
    queue_player p(all[0], log);
    for (const auto& o : all.subspan(1)) p.step(o);
  }

 private:
  template <class Waiter>
  struct listener final : Waiter {
    bool told = false;
    void complete() noexcept override { told = true; }
  };
  template <class Waiter>
  struct pair {
    std::shared_ptr<model_waiter> wanted;
    std::vector<int> items = {};
    std::unique_ptr<listener<Waiter>> real = std::make_unique<listener<Waiter>>();
    bool lost = false;
  };
  using rules_type = penstock::queue_rules<int>;

  static std::size_t capacity_of(const operation& o) { return o.a % 8 == 7 ? rules_type::no_bound : 1 + o.a % 5U; }
  static penstock::overflow policy_of(const operation& o) {
    constexpr std::array all{penstock::overflow::block, penstock::overflow::block, penstock::overflow::drop_oldest,
                             penstock::overflow::drop_newest, penstock::overflow::fail};
    return all[o.b % all.size()];
  }

  queue_player(const operation& o, std::ostream& log)
      : rules_(capacity_of(o), policy_of(o)), model_{.capacity = capacity_of(o)}, log_(log) {
    log_ << "a queue of capacity " << static_cast<std::ptrdiff_t>(model_.capacity) << ", policy "
         << static_cast<int>(policy_of(o)) << "\n";
  }

  void step(const operation& o) {
    switch (o.what % 16) {
      case 0:
      case 1: put_one(); break;
      case 2: put_some(o.a % 7U); break;
      case 3:
      case 4: get_one(); break;
      case 5: get_some(o.a % 7U); break;
      case 6:
      case 7: wait_for_an_item(); break;
      case 8:
      case 9: wait_for_room(1 + o.a % 5U); break;
      case 10: wait_for_all(); break;
      case 11: pay(o.a % 3U); break;
      case 12:
        if (o.a % 3 == 0) give_up(getters_, o.b, "getter");
        if (o.a % 3 == 1) give_up(putters_, o.b, "putter");
        if (o.a % 3 == 2) give_up(joiners_, o.b, "joiner");
        break;
      case 13: lose(o.b); break;
      case 14: end(o.a); break;
      default: break;
    }
    decided_.complete_all();
    model_.settle();
    compare();
  }

  void put_one() {
    int item = next_item_++;
    log_ << "put " << item;
    std::optional<int> dropped;
    const auto said = rules_.put(item, dropped, decided_);
    penstock::put_result wanted;
    std::optional<int> gone;
    if (model_.closed) {
      wanted.state = model_.put_hears();
    } else if (!model_.full()) {
      model_.take_in(item), wanted.accepted = 1;
    } else if (rules_.when_full() == penstock::overflow::drop_oldest) {
      gone = model_.items.front();
      model_.items.pop_front();
      model_.drop(1);
      model_.take_in(item);
      wanted.accepted = wanted.dropped = 1;
    } else if (rules_.when_full() == penstock::overflow::drop_newest) {
      gone = item;
      ++model_.put, ++model_.unfinished;
      model_.drop(1);
      wanted.dropped = 1;
    } else {
      wanted.state = penstock::state::full;
    }
    says(said.state);
    same("a put says", said.state, wanted.state);
    same("a put accepted", said.accepted, wanted.accepted);
    same("a put says it dropped", said.dropped, wanted.dropped);
    same("a put dropped", dropped, gone);
  }

  void put_some(std::size_t count) {
    if (!may_be_full()) return put_one();
    std::vector<int> items(count);
    for (int& item : items) item = next_item_++;
    log_ << "put_n of " << count;
    const auto said = rules_.put_n(items, decided_);
    // One by one, with the waiting getters served in between.
    std::size_t wanted = 0;
    while (wanted < items.size() && !model_.closed && !model_.full()) {
      model_.take_in(items[wanted++]);
      model_.settle();
    }
    says(said.state);
    same("a put_n accepted", said.accepted, wanted);
    const bool all = wanted == items.size() && !model_.closed;
    same("a put_n says", said.state, all ? penstock::state::ok : model_.put_hears());
  }

  void get_one() {
    log_ << "get";
    const auto said = rules_.get(decided_);
    says(said.state());
    if (model_.items.empty()) return same("a get says", said.state(), model_.get_hears());
    same("a get says", said.state(), penstock::state::ok);
    same("a get takes", *said, model_.take_out());
  }

  void get_some(std::size_t most) {
    log_ << "get_n of up to " << most;
    std::vector<int> items;
    const auto said = rules_.get_n(most, [&items](int&& item) noexcept { items.push_back(item); }, decided_);
    says(said.state);
    same("a get_n says", said.state, model_.items.empty() ? model_.get_hears() : penstock::state::ok);
    std::vector<int> wanted;
    while (wanted.size() < most && !model_.items.empty()) wanted.push_back(model_.take_out());
    same("a get_n takes", items, wanted);
  }

  void wait_for_an_item() {
    log_ << "getter " << getters_.size() << " lines up\n";
    auto& one = getters_.emplace_back(stand_in_line({.what = model_waiter::wish::get}));
    if (!rules_.line_up(*one.real, decided_)) one.real->told = true;
  }

  void wait_for_room(std::size_t count) {
    if (rules_.when_full() != penstock::overflow::block) return put_one();
    log_ << "putter " << putters_.size() << " lines up with " << count << "\n";
    std::vector<int> items(count);
    for (int& item : items) item = next_item_++;
    auto& one = putters_.emplace_back(stand_in_line({.what = model_waiter::wish::put, .items = items}), items);
    one.real->items = one.items;
    if (!rules_.line_up(*one.real, decided_)) one.real->told = true;
  }

  void wait_for_all() {
    log_ << "joiner " << joiners_.size() << " lines up\n";
    auto& one = joiners_.emplace_back(stand_in_line({.what = model_waiter::wish::join}));
    if (!rules_.line_up(*one.real)) one.real->told = true;
  }

  void pay(std::uint64_t count) {
    log_ << "task_done of " << count << " with " << model_.unfinished << " unfinished\n";
    const bool may = count <= model_.unfinished;
    same("a task_done is accepted", rules_.task_done(count, decided_), may);
    if (may) model_.unfinished -= count;
  }

  /// The same one in both worlds.
  template <class Pairs>
  void give_up(Pairs& pairs, std::size_t which, const char* kind) {
    if (pairs.empty()) return;
    auto& one = pairs[which % pairs.size()];
    log_ << kind << " " << which % pairs.size() << " gives up\n";
    const bool said = rules_.withdraw(*one.real, penstock::state::timed_out);
    same("it could give up", said, !one.wanted->over);
    if (!said) return;
    one.real->told = one.wanted->over = true;
    one.wanted->result = penstock::state::timed_out;
    std::erase(model_.waiting, one.wanted);
  }

  /// A getter that was handed an item went away before it looked.
  void lose(std::size_t which) {
    if (getters_.empty()) return;
    auto& one = getters_[which % getters_.size()];
    if (one.lost || !one.wanted->over || one.wanted->result != penstock::state::ok) return;
    log_ << "getter " << which % getters_.size() << " goes away with its item\n";
    one.lost = true;
    rules_.lose_one(decided_);
    --model_.got;
    model_.drop(1);
  }

  void end(std::uint8_t how) {
    // Seldom, or little else would happen.
    const auto kind = how % 16;
    if (kind > 3) return;
    log_ << (kind == 0 ? "close" : kind == 1 ? "close with an error" : kind == 2 ? "cancel" : "abandon") << "\n";
    if (kind < 2) {
      const bool broken = kind == 1;
      const auto cause = broken ? std::make_exception_ptr(std::runtime_error("broken")) : nullptr;
      same("it was closed by this call", rules_.close(cause, decided_), !model_.closed);
      model_.broken = model_.broken || (broken && !model_.closed);
      model_.closed = true;
      return;
    }
    penstock::ring<int> dropped;
    if (kind == 3) {
      rules_.abandon(dropped, decided_);
      model_.abandoned = true;
      model_.settle();
    } else {
      same("it was cancelled by this call", rules_.cancel(dropped, decided_), !model_.cancelled);
    }
    same("a cancel drops", dropped.size(), model_.items.size());
    model_.closed = model_.cancelled = true;
    model_.drop(model_.items.size());
    model_.items.clear();
  }

  void compare() const {
    for (const auto& one : getters_) {
      same("a getter was told", one.real->told, one.wanted->over);
      if (!one.wanted->over) continue;
      same("a getter hears", one.real->result.state(), one.wanted->result);
      if (one.wanted->result == penstock::state::ok) same("a getter has", *one.real->result, one.wanted->item);
    }
    for (const auto& one : putters_) {
      same("a putter was told", one.real->told, one.wanted->over);
      same("a putter has put", one.real->result.accepted, one.wanted->accepted);
      if (one.wanted->over) same("a putter hears", one.real->result.state, one.wanted->result);
    }
    for (const auto& one : joiners_) {
      same("a joiner was told", one.real->told, one.wanted->over);
      if (one.wanted->over) same("a joiner hears", one.real->result.state, one.wanted->result);
    }
    const auto s = rules_.snapshot();
    same("size", s.size, model_.items.size());
    demand(s.size <= s.capacity, "a queue holds no more than its capacity");
    same("put", s.put, model_.put);
    same("got", s.got, model_.got);
    same("dropped", s.dropped, model_.dropped);
    same("unfinished", s.unfinished, model_.unfinished);
    same("put is got and size and dropped", s.put, s.got + s.size + s.dropped);
    same("waiters", s.waiting_getters + s.waiting_putters + s.waiting_joiners, model_.waiting.size());
    demand(s.waiting_getters == 0 || (s.size == 0 && !s.closed), "nobody waits for an item that is there");
    demand(s.waiting_putters == 0 || (s.size == s.capacity && !s.closed), "nobody waits for room that is there");
  }

  std::shared_ptr<model_waiter> stand_in_line(model_waiter w) {
    return model_.waiting.emplace_back(std::make_shared<model_waiter>(std::move(w)));
  }
  [[nodiscard]] bool may_be_full() const {
    return rules_.when_full() == penstock::overflow::block || rules_.when_full() == penstock::overflow::fail;
  }
  void says(penstock::state s) { log_ << ": state " << static_cast<int>(s) << "\n"; }

  rules_type rules_;
  queue_model model_;
  std::ostream& log_;
  penstock::decided_waiters decided_;
  std::vector<pair<penstock::get_waiter<int>>> getters_;
  std::vector<pair<penstock::put_waiter<int>>> putters_;
  std::vector<pair<penstock::join_waiter>> joiners_;
  int next_item_ = 0;
};

}  // namespace penstock_tests
