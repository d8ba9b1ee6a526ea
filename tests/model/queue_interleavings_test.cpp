// Two producers, two consumers (or one and a joiner), and somebody who interferes, at a queue of capacity 1: every
// interleaving of their steps, with the queue's own rules. A step is what happens under the lock at once, or the
// telling of those whose wait was decided, which happens after it: so every hand-off has an instant at which it is
// decided and not yet known.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "model/interleavings.hpp"
#include "penstock/core/queue_rules.hpp"

namespace penstock {
namespace {

using rules = queue_rules<int>;

template <class Waiter>
struct listener final : Waiter {
  bool told = false;
  void complete() noexcept override { told = true; }
};

class actor {
 public:
  explicit actor(rules& q) : q_(q) {}
  actor(const actor&) = delete;
  actor& operator=(const actor&) = delete;
  virtual ~actor() = default;

  [[nodiscard]] bool ready() const { return !to_tell_.empty() || (!ended_ && !waits()); }
  void step() {
    if (!to_tell_.empty()) {
      to_tell_.complete_all();
    } else {
      act();
    }
  }

  /// In a wait that nobody has decided, or whose decision it has not heard.
  [[nodiscard]] virtual bool waits() const = 0;

 protected:
  virtual void act() = 0;

  rules& q_;
  decided_waiters to_tell_;
  bool ended_ = false;
};

class producer final : public actor {
 public:
  producer(rules& q, std::vector<int> items) : actor(q), items_(std::move(items)) {}
  [[nodiscard]] bool waits() const override { return in_wait_ && !wait_.told; }

  listener<put_waiter<int>> wait_;
  std::vector<int> accepted, refused;

 private:
  void act() override {
    if (in_wait_) return hear();
    wait_.told = false;
    wait_.result = {};
    wait_.items = std::span(items_).subspan(next_, 1);
    in_wait_ = true;
    if (!q_.line_up(wait_, to_tell_)) hear();
  }

  void hear() {
    in_wait_ = false;
    const int item = items_[next_++];
    (wait_.result.state == state::ok ? accepted : refused).push_back(item);
    ended_ = next_ == items_.size() || wait_.result.state != state::ok;
  }

  std::vector<int> items_;
  std::size_t next_ = 0;
  bool in_wait_ = false;
};

class consumer final : public actor {
 public:
  /// Takes `most` items, unless the queue ends before.
  consumer(rules& q, std::size_t most) : actor(q), most_(most) { ended_ = most == 0; }
  [[nodiscard]] bool waits() const override { return in_wait_ && !wait_.told; }

  listener<get_waiter<int>> wait_;
  std::vector<int> taken;

 private:
  void act() override {
    if (owes_) {
      owes_ = false;
      EXPECT_TRUE(q_.task_done(1, to_tell_));
      ended_ = taken.size() == most_;
    } else if (in_wait_) {
      hear();
    } else {
      wait_.told = false;
      in_wait_ = true;
      if (!q_.line_up(wait_, to_tell_)) hear();
    }
  }

  void hear() {
    in_wait_ = false;
    if (wait_.result.state() == state::ok) {
      taken.push_back(*wait_.result);
      owes_ = true;
    } else {
      ended_ = true;
    }
  }

  const std::size_t most_;
  bool in_wait_ = false;
  bool owes_ = false;
};

class joiner final : public actor {
 public:
  using actor::actor;
  [[nodiscard]] bool waits() const override { return in_wait_ && !wait_.told; }

 private:
  void act() override {
    if (!in_wait_ && q_.line_up(wait_)) {
      in_wait_ = true;
    } else {
      ended_ = true;
    }
  }

  listener<join_waiter> wait_;
  bool in_wait_ = false;
};

/// What the one who interferes does, one step each, at any time.
enum class deed { leave_get, leave_put, close, cancel };

struct world {
  world(std::vector<deed> deeds, bool with_joiner) : c0(q, with_joiner ? 3 : 2), c1(q, with_joiner ? 0 : 1) {
    all.push_back(&p0);
    all.push_back(&p1);
    all.push_back(&c0);
    all.push_back(&c1);
    if (with_joiner) all.push_back(&j);
    class interferer final : public actor {
     public:
      interferer(world& in, std::vector<deed> what) : actor(in.q), in_(in), what_(std::move(what)) { check(); }
      [[nodiscard]] bool waits() const override { return false; }

     private:
      void check() { ended_ = next_ == what_.size(); }
      void act() override {
        switch (what_[next_++]) {
          // As a stop does: the wait ends without effect, unless it was decided before.
          case deed::leave_get:
            if (q_.withdraw(in_.c0.wait_, state::cancelled)) in_.c0.wait_.complete();
            break;
          case deed::leave_put:
            if (q_.withdraw(in_.p0.wait_, state::cancelled)) in_.p0.wait_.complete();
            break;
          case deed::close: q_.close({}, to_tell_); break;
          case deed::cancel: q_.cancel(in_.dropped, to_tell_); break;
        }
        check();
      }
      world& in_;
      std::vector<deed> what_;
      std::size_t next_ = 0;
    };
    last = std::make_unique<interferer>(*this, std::move(deeds));
    all.push_back(last.get());
  }

  [[nodiscard]] std::size_t actors() const { return all.size(); }
  [[nodiscard]] bool ready(std::size_t i) const { return all[i]->ready(); }
  void step(std::size_t i) { all[i]->step(); }

  void at_rest() {
    // Nobody waits for what is there.
    const auto now = q.snapshot();
    const bool getter = c0.waits() || c1.waits();
    const bool putter = p0.waits() || p1.waits();
    EXPECT_FALSE(getter && now.size > 0) << "an item is there, and a getter sleeps";
    EXPECT_FALSE(putter && now.size < now.capacity) << "there is room, and a putter sleeps";
    EXPECT_FALSE(now.closed && (getter || putter)) << "the queue is closed, and somebody sleeps";
    EXPECT_FALSE(j.waits() && now.unfinished == 0) << "nothing is owed, and a joiner sleeps";
    // Every item is in one place.
    std::vector<int> accepted = p0.accepted, found = c0.taken;
    accepted.insert(accepted.end(), p1.accepted.begin(), p1.accepted.end());
    found.insert(found.end(), c1.taken.begin(), c1.taken.end());
    while (!dropped.empty()) dropped.consume([&](int&& item) noexcept { found.push_back(item); });
    decided_waiters nobody;
    std::ignore = q.get_n(now.size, [&](int&& item) noexcept { found.push_back(item); }, nobody);
    std::sort(accepted.begin(), accepted.end());
    std::sort(found.begin(), found.end());
    EXPECT_EQ(accepted, found);
    for (const auto* c : {&c0, &c1}) {
      const auto first = std::find(c->taken.begin(), c->taken.end(), 1);
      const auto second = std::find(c->taken.begin(), c->taken.end(), 2);
      if (first != c->taken.end() && second != c->taken.end()) {
        EXPECT_LT(first, second) << "the items of a producer changed places";
      }
    }
  }

  rules q{1, overflow::block};
  ring<int> dropped;
  producer p0{q, {1, 2}};
  producer p1{q, {10}};
  consumer c0;
  consumer c1;
  joiner j{q};
  std::unique_ptr<actor> last;
  std::vector<actor*> all;
};

void all_interleavings_of(const std::vector<deed>& deeds) {
  for (const bool with_joiner : {false, true}) {
    const auto count = model::play_all([&] { return world(deeds, with_joiner); });
    std::cout << count << (with_joiner ? " interleavings with a joiner\n" : " interleavings\n");
    EXPECT_GT(count, 1'000u);
  }
}

TEST(queue_interleavings, of_puts_and_gets_lose_nothing_and_leave_nobody_asleep) { all_interleavings_of({}); }
TEST(queue_interleavings, of_a_getter_that_leaves) { all_interleavings_of({deed::leave_get}); }
TEST(queue_interleavings, of_a_putter_that_leaves) { all_interleavings_of({deed::leave_put}); }
TEST(queue_interleavings, of_a_close) { all_interleavings_of({deed::close}); }
TEST(queue_interleavings, of_a_cancel) { all_interleavings_of({deed::cancel}); }

}  // namespace
}  // namespace penstock
