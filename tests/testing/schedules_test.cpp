// Random pipelines under a seeded schedule: one thread, virtual time, any order of what is ready. Every run ends, its
// report adds up, what arrives is what was foretold in the order that was promised, and no item is left anywhere.
//
// PENSTOCK_SCHEDULES: how many (100,000; with a sanitizer 10,000), from PENSTOCK_FIRST_SEED (1) on. PENSTOCK_SEED: one
// schedule again, the one a failure names.
#include <gtest/gtest.h>

#include <boost/asio.hpp>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include "penstock/testing/manual_runtime.hpp"
#include "stress/line_of_a_run.hpp"

namespace {

using namespace penstock_tests::stress;

#ifdef PENSTOCK_SANITIZED
constexpr std::uint64_t default_count = 10'000;
#else
constexpr std::uint64_t default_count = 100'000;
#endif

/// What the schedules came to, so that a test that tests nothing shows.
struct statistics {
  std::uint64_t items = 0, inner = 0, exact = 0, in_line = 0, cut = 0, letters = 0, retried = 0, bounded = 0;
  std::uint64_t ended[4] = {};
} all;

namespace asio = boost::asio;

/// A plan whose bodies neither spin, for time stands still meanwhile, nor wait for others, for they are on this thread.
run_plan plan_of(dice& d) {
  auto p = random_run(d.any(), {.virtual_time = true});
  p.items = d.one_in(30) ? p.items : p.items % 40;
  p.end_after = d.below(4 * p.items + 10);
  for (auto& s : p.stages) {
    s.spins_of_1000 = 0;
    if (s.throws_of_1000 > 2 && !tries_again(s.what)) s.throws_of_1000 = 20;
  }
  return p;
}

class one_schedule {
 public:
  explicit one_schedule(dice& d)
      : rt_(std::in_place, d.any()), it_(plan_of(d), [this](const pipeline& inner) {
          ++all.inner;
          return rt_->run(inner);
        }) {}

  void play() {
    if (it_.plan.source == source_kind::queue) asio::co_spawn(rt_->io(), feed(), asio::detached);
    if (it_.plan.sink == sink_kind::queue) asio::co_spawn(rt_->io(), read(), asio::detached);
    if (it_.plan.has(buries)) asio::co_spawn(rt_->io(), read_letters(), asio::detached);
    run_options how;
    how.stop = stop_token(std_parent_.get_token());
    how.in_flight = it_.in_flight();
    if (it_.plan.end == ending::parent_cancels) how.stop = parent_.token();
    run_.emplace(rt_->start(it_.line(), how));
    end_it();
    if (run_) {
      watch_bound();
      static_cast<void>(run_->wait_for(duration::max()));
      const auto r = run_->report();
      release_queues();
      rt_->advance(std::chrono::hours(1));
      count(r, it_.check(r));
      all.items += it_.on_stage.all_begun;
    } else {
      release_queues();
    }
    run_.reset();
    rt_.reset();
    it_.destroy_line();
  }

 private:
  void release_queues() {
    it_.queues.input.cancel();
    it_.queues.output.close();
    it_.queues.letters.close();
  }

  static void count(const report& r, const line_of_a_run::findings& f) {
    ++all.ended[static_cast<std::size_t>(r.state())];
    all.exact += f.exact ? 1 : 0;
    all.in_line += f.in_line ? 1 : 0;
    all.cut += f.cut ? 1 : 0;
    all.letters += f.letters;
    all.retried += f.retried;
  }

  /// Looks at a bounded run for a while before it is left to itself.
  void watch_bound() {
    if (!it_.bound_shows()) return;
    ++all.bounded;
    for (int i = 0; i < 200 && rt_->step(); ++i) {
      if (i % 4 == 0) it_.check_bound(run_->report());
    }
  }

  void end_it() {
    const auto end = it_.plan.end;
    if (end == ending::natural || end == ending::sink_closes) return;
    for (std::uint64_t i = 0; i < it_.plan.end_after; ++i) {
      if (i % 8 == 0) it_.check_bound(run_->report());
      if (!rt_->step()) rt_->advance(std::chrono::microseconds(it_.plan.seed % 200));
    }
    switch (end) {
      case ending::stop: return run_->stop();
      case ending::cancel: return run_->cancel();
      case ending::drain: return run_->drain(std::chrono::microseconds(it_.plan.seed % 700));
      case ending::parent_stops: return static_cast<void>(std_parent_.request_stop());
      case ending::parent_cancels: return static_cast<void>(parent_.request_stop(stop_reason::cancel));
      case ending::let_go: return run_.reset();
      case ending::runtime_goes: return run_.reset(), rt_.reset();
      case ending::natural:
      case ending::sink_closes: break;
    }
  }

  asio::awaitable<void> feed() {
    for (std::uint64_t i = 0; i < it_.plan.items; ++i) {
      token item(i, i);
      try {
        co_await it_.queues.input.async_put(std::move(item));
      } catch (const std::system_error&) {
        co_return;  // nobody reads any more
      }
    }
    if (it_.plan.close_with_error) {
      it_.queues.input.close(std::make_exception_ptr(std::runtime_error("the input broke")));
    } else {
      it_.queues.input.close();
    }
  }

  asio::awaitable<void> read() {
    for (std::uint64_t n = 0;; ++n) {
      it_.was_read(n);
      auto item = co_await it_.queues.output.async_get();
      if (item.state() != state::ok) co_return;
      it_.on_stage.saw(item->value());
      it_.queues.output.task_done();
    }
  }

  asio::awaitable<void> read_letters() {
    for (std::uint64_t n = 0;; ++n) {
      // Sometimes so late that those who write them wait.
      const std::chrono::microseconds pause(it_.plan.fate(0, n) % 4 == 0 ? it_.plan.fate(0, n) / 4 % 3000 : 0);
      if (pause.count() > 0) co_await async_sleep(pause);
      auto letter = co_await it_.queues.letters.async_get();
      if (letter.state() != state::ok) co_return;
      it_.on_stage.got_letter(*letter);
    }
  }

  std::optional<manual_runtime> rt_;
  line_of_a_run it_;
  std::stop_source std_parent_;
  stop_source parent_;
  std::optional<run> run_;
};

void play(std::uint64_t seed) {
  {
    dice d(seed);
    one_schedule one(d);
    try {
      one.play();
    } catch (const stuck_error& e) {
      ADD_FAILURE() << e.what();
    }
  }
  EXPECT_EQ(token::alive(), 0);
}

TEST(random_schedules, end_add_up_and_lose_nothing) {
  if (const auto* const seed = std::getenv("PENSTOCK_SEED")) {
    play(std::stoull(seed));
    return;
  }
  const auto* const asked = std::getenv("PENSTOCK_SCHEDULES");
  const std::uint64_t count = asked != nullptr ? std::stoull(asked) : default_count;
  const auto* const first = std::getenv("PENSTOCK_FIRST_SEED");
  const std::uint64_t from = first != nullptr ? std::stoull(first) : 1;
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    play(seed);
    if (HasFailure()) {
      FAIL() << "this was seed " << seed << ": PENSTOCK_SEED=" << seed << " plays it again";
    }
  }
  std::cout << count << " schedules, seeds " << from << " to " << from + count - 1 << ": " << all.items
            << " bodies called, " << all.inner << " inner runs; ends";
  for (const auto state : {end_state::completed, end_state::stopped, end_state::cancelled, end_state::failed}) {
    std::cout << " " << to_string(state) << " " << all.ended[static_cast<std::size_t>(state)];
  }
  std::cout << "; " << all.exact << " foretold exactly, " << all.in_line << " of them in one order; " << all.cut
            << " cut short; " << all.letters << " dead letters, " << all.retried << " further attempts; " << all.bounded
            << " watched for their bound\n";
  // A generator that has gone astray must not pass for a proof.
  EXPECT_GT(all.items, 10 * count);
  for (const auto ends : all.ended) EXPECT_GT(ends, count / 100);
  for (const auto some : {all.exact, all.in_line, all.cut, all.letters, all.retried, all.bounded}) {
    EXPECT_GT(some, count / 50);
  }
}

}  // namespace
