// An edge between two threads, each running one actor, which goes idle whenever it finds nothing to do: a lost wake-up
// would hang the test, an item read too early is a race that ThreadSanitizer sees.
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "flow/stubs.hpp"
#include "penstock/flow/edge.hpp"

namespace penstock::flow {
namespace {

/// Runs one actor on a thread of its own, until that has finished.
class one_actor_thread final : public executor {
 public:
  void enqueue(actor& a) noexcept override {
    const std::lock_guard lock(lock_);
    ready_ = &a;
    changed_.notify_one();
  }

  void work_until_finished() {
    for (;;) {
      actor* a = nullptr;
      {
        std::unique_lock lock(lock_);
        changed_.wait(lock, [&] { return ready_ != nullptr; });
        a = std::exchange(ready_, nullptr);
      }
      turn t{this, {}, nullptr};
      if (activate_once(*a, t)) enqueue(*a);
      if (finished) return;
    }
  }

  bool finished = false;  ///< of its own thread alone

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  actor* ready_ = nullptr;
};

using item = std::unique_ptr<int>;

struct writing final : actor {
  writing(one_actor_thread& home, run_services& run, edge<item>& to, int count)
      : actor(home, run), thread(home), out(to), count_(count) {}

  step activate(turn& t) noexcept override {
    for (auto room = out.room(); room > 0; --room) {
      if (made == count_) {
        out.close(&t);
        thread.finished = true;
        return step::finished;
      }
      edge<item>::writer w(out);
      ::new (w.blank()) item(std::make_unique<int>(made++));
      w.publish();
    }
    out.tell_consumers(&t);
    return out.room() == 0 ? step::idle : step::again;
  }
  void nudge() noexcept override {}

  one_actor_thread& thread;
  edge<item>& out;
  const int count_;
  int made = 0;
};

struct reading final : actor {
  reading(one_actor_thread& home, run_services& run, edge<item>& from, int leave_after)
      : actor(home, run), thread(home), in(from), leave_after_(leave_after) {}

  step activate(turn& t) noexcept override {
    const bool closed = in.closed();
    const auto ready = in.ready();
    {
      edge<item>::reader r(in);
      for (std::size_t i = 0; i < ready && seen < leave_after_; ++i) {
        in_order = in_order && *r.item() == seen;
        r.release_quietly();
        ++seen;
        r.drop();
      }
    }
    in.tell_producers(&t);
    if (seen < leave_after_ && !(closed && ready == 0)) return ready == 0 ? step::idle : step::again;
    in.abandon(&t);
    thread.finished = true;
    return step::finished;
  }
  void nudge() noexcept override {}

  one_actor_thread& thread;
  edge<item>& in;
  const int leave_after_;
  int seen = 0;
  bool in_order = true;
};

void pass_items(std::size_t capacity, bool eager) {
  SCOPED_TRACE(::testing::Message() << "capacity " << capacity << (eager ? ", eager" : ""));
  constexpr int count = 20'000;
  testing::stub_run run(2);
  one_actor_thread here;
  one_actor_thread there;
  edge<item> e(capacity);
  writing producer(here, run, e, count);
  reading consumer(there, run, e, count + 1);
  actor* producers = &producer;
  actor* consumers = &consumer;
  e.connect({&producers, 1}, {&consumers, 1}, eager);
  producer.notify();
  consumer.notify();
  std::thread other([&] { there.work_until_finished(); });
  here.work_until_finished();
  other.join();
  EXPECT_EQ(consumer.seen, count);
  EXPECT_TRUE(consumer.in_order);
  EXPECT_TRUE(balanced(e.counts()));
  EXPECT_LE(e.peak(), capacity);
}

TEST(edge_between_threads, loses_neither_an_item_nor_a_wake_up) {
  for (const bool eager : {false, true}) {
    for (const std::size_t capacity : {1u, 2u, 7u, 1024u}) pass_items(capacity, eager);
  }
}

}  // namespace
}  // namespace penstock::flow
