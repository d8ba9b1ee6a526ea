// One producing and one consuming actor at an edge, each on a thread of its own, and one who nudges: edge.hpp,
// actor.hpp and notice_word.hpp as they are, in every order of their atomic operations. Nothing is lost, nothing comes
// twice or out of order, and nobody sleeps for ever.
#include "model/scheduled_atomics.hpp"
// Only now: these see the atomics of the model.
#include "flow/stubs.hpp"
#include "penstock/flow/edge.hpp"

namespace penstock::flow {
namespace {

/// What an edge keeps for each side between activations, beside its atomics.
struct sides : edge_base {
  static std::uint64_t of_producer(const edge_base& e) { return e.*(&sides::released_seen_); }
  static std::uint64_t of_consumer(const edge_base& e) {
    return model::mixed(e.*(&sides::tail_seen_), e.*(&sides::head_));
  }
};

/// A thread that activates one actor whenever it was enqueued.
class actor_thread final : public executor {
 public:
  void enqueue(actor&) noexcept override { queued_.store(1); }

  void live(actor& a) {
    for (;;) {
      model::scheduler::current()->wait_until([this] { return queued_.peek() != 0; });
      queued_.store(0);
      turn t{this, {}, nullptr};
      while (activate_once(a, t)) {
      }
      if (finished) return;
    }
  }

  bool finished = false;

 private:
  std::atomic<int> queued_{0};
};

struct case_of_an_edge {
  std::size_t capacity;
  int items;
  bool quietly;      ///< the consumer releases in place, and tells the producer once
  bool nudges;       ///< somebody gives the notices that are owed, on behalf of both, once
  int leaves_after;  ///< the consumer abandons the edge after so many; -1: never
};

class writing final : public actor {
 public:
  writing(actor_thread& home, run_services& run, edge<int>& out, int items)
      : actor(home, run), home_(home), out_(out), items_(items) {}

  step activate(turn& t) noexcept override {
    model::scheduler::current()->remember_only(model::mixed(sides::of_producer(out_), static_cast<unsigned>(made)));
    if (out_.abandoned()) return leave();
    if (made == items_) return out_.close(&t), leave();
    if (out_.room() == 0) return step::idle;
    {
      edge<int>::writer w(out_);
      ::new (w.blank()) int(made++);
      w.publish();
    }
    out_.tell_consumers(&t);
    return step::again;
  }
  void nudge() noexcept override { out_.nudge_consumers(); }

  int made = 0;

 private:
  step leave() noexcept { return home_.finished = true, step::finished; }
  actor_thread& home_;
  edge<int>& out_;
  const int items_;
};

class reading final : public actor {
 public:
  reading(actor_thread& home, run_services& run, edge<int>& in, const case_of_an_edge& c)
      : actor(home, run), home_(home), in_(in), case_(c) {}

  step activate(turn& t) noexcept override {
    model::scheduler::current()->remember_only(model::mixed(sides::of_consumer(in_), in_order ? 1 : 0));
    if (got == case_.leaves_after) return leave(t);
    const bool closed = in_.closed();
    const auto ready = in_.ready();
    if (ready == 0) return closed ? leave(t) : step::idle;
    {
      edge<int>::reader r(in_);
      in_order = in_order && r.item() == got;
      if (case_.quietly) r.release_quietly();
      r.drop();
    }
    ++got;
    if (case_.quietly) {
      in_.tell_producers(&t);
    } else {
      in_.release(1, &t);
    }
    return step::again;
  }
  void nudge() noexcept override { in_.nudge_producers(); }

  int got = 0;
  bool in_order = true;

 private:
  step leave(turn& t) noexcept { return in_.abandon(&t), home_.finished = true, step::finished; }
  actor_thread& home_;
  edge<int>& in_;
  const case_of_an_edge case_;
};

class world {
 public:
  world(model::scheduler& s, const case_of_an_edge& c)
      : case_(c),
        run_(s.without_steps([] { return std::make_unique<testing::stub_run>(10); })),
        edge_(c.capacity),
        writing_(left_, *run_, edge_, c.items),
        reading_(right_, *run_, edge_, c) {
    edge_.connect(party(writers_, 1), party(readers_, 1), true);
    s.add("producer", [this] { left_.live(writing_); });
    s.add("consumer", [this] { right_.live(reading_); });
    if (c.nudges) {
      s.add("nudger", [this] {
        reading_.nudge();
        writing_.nudge();
      });
    }
    writing_.notify();
    reading_.notify();
  }

  std::string at_rest(const model::scheduler& s) const {
    if (!left_.finished || !right_.finished) return "sleeps for ever:" + s.who_waits();
    if (!reading_.in_order) return "items come out of order";
    const auto counts = edge_.counts();
    if (counts.emitted != static_cast<std::uint64_t>(writing_.made)) return "what was put is not counted";
    const auto wanted = case_.leaves_after >= 0 ? std::min(case_.leaves_after, case_.items) : case_.items;
    if (reading_.got != wanted) return "items are lost";
    return {};
  }

 private:
  const case_of_an_edge case_;
  std::unique_ptr<testing::stub_run> run_;  ///< who is inside of it is not what is looked at
  actor_thread left_, right_;
  edge<int> edge_;
  writing writing_;
  reading reading_;
  actor* writers_[1]{&writing_};
  actor* readers_[1]{&reading_};
};

void explore_all(std::initializer_list<case_of_an_edge> cases) {
  for (const auto& c : cases) {
    const auto result = model::explore([&c](model::scheduler& s) { return std::make_unique<world>(s, c); });
    ASSERT_TRUE(result.failure.empty()) << result.failure << "capacity " << c.capacity << ", " << c.items << " items";
    std::cout << "capacity " << c.capacity << ", " << c.items << " items: " << result.states << " states\n";
    EXPECT_GT(result.states, 400U);
  }
}

TEST(edge_interleavings, of_a_producer_and_a_consumer_lose_no_item_and_no_wake) {
  explore_all({{1, 2, false, false, -1}, {2, 3, false, false, -1}, {1, 3, true, false, -1}, {2, 4, true, false, -1}});
}

TEST(edge_interleavings, with_one_who_gives_the_notices_that_are_owed_wake_everybody) {
  explore_all({{1, 2, false, true, -1}, {1, 2, true, true, -1}});
}

TEST(edge_interleavings, with_a_consumer_that_leaves_send_the_producer_home) {
  explore_all({{1, 3, false, false, 0}, {1, 3, false, false, 1}, {2, 3, true, false, 2}});
}

}  // namespace
}  // namespace penstock::flow
