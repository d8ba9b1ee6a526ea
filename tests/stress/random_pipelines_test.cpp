// Random pipelines under random load, ended in random ways: every run ends, its report adds up, what arrives is what
// was foretold, and no item is left anywhere.
//
// PENSTOCK_STRESS_SECONDS: for how long (3); PENSTOCK_FIRST_SEED: from where (from the clock);
// PENSTOCK_SEED: one episode again, the one a failure names.
#include <gtest/gtest.h>

#include <oneapi/tbb/info.h>
#include <oneapi/tbb/task_arena.h>
#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stop_token>
#include <thread>

#include "stress/line_of_a_run.hpp"
#include "support/watchdog.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace penstock_tests::stress;
namespace asio = boost::asio;

/// One run of an episode, with the threads at its queues.
class one_run {
 public:
  one_run(const run_plan& what, runtime& rt)
      : it_(what, [&rt](const pipeline& inner) { return rt.run(inner); }), plan_(it_.plan) {
    if (plan_.source == source_kind::queue) feeder_ = std::jthread([this] { feed(); });
    if (plan_.sink == sink_kind::queue) reader_ = std::jthread([this] { read(); });
    if (plan_.has(buries)) letters_reader_ = std::jthread([this] { read_letters(); });
    run_options how;
    how.stop = stop_token(std_parent_.get_token());
    how.in_flight = it_.in_flight();
    if (plan_.end == ending::parent_cancels) how.stop = parent_.token();
    if (plan_.end == ending::runtime_goes) {
      rt.async_run(it_.line(), how, asio::bind_executor(told_, [this](report r) { final_ = std::move(r); }));
    } else {
      run_.emplace(rt.start(it_.line(), how));
    }
  }

  ~one_run() { release_queues(); }
  one_run(const one_run&) = delete;
  one_run& operator=(const one_run&) = delete;

  /// Asks for the end that was planned, once it is time.
  void end_it() {
    if (plan_.end == ending::natural || plan_.end == ending::sink_closes) return;
    while (run_ && it_.on_stage.all_begun.load(std::memory_order_acquire) < plan_.end_after &&
           !run_->wait_for(std::chrono::microseconds(20))) {
    }
    switch (plan_.end) {
      case ending::stop: return run_->stop();
      case ending::cancel: return run_->cancel();
      case ending::drain: return run_->drain(std::chrono::microseconds(plan_.seed % 700));
      case ending::parent_stops: return static_cast<void>(std_parent_.request_stop());
      case ending::parent_cancels: return static_cast<void>(parent_.request_stop(stop_reason::cancel));
      case ending::let_go: return run_.reset();
      case ending::runtime_goes:
      case ending::natural:
      case ending::sink_closes: break;
    }
  }

  /// After `end_it`; the runtime has gone before it only where that was the plan.
  void check_end() {
    if (plan_.end == ending::runtime_goes) {
      told_.run();
    } else if (run_) {
      static_cast<void>(run_->wait_for(duration::max()));
      final_ = run_->report();
    }
    if (plan_.source == source_kind::queue) {
      const auto left = it_.queues.input.snapshot();
      EXPECT_EQ(left.unfinished, left.size);
    }
    release_queues();
    if (plan_.end != ending::let_go) static_cast<void>(it_.check(*final_));
    run_.reset();
    it_.destroy_line();
  }

  [[nodiscard]] bool outlives_its_runtime() const noexcept { return plan_.end == ending::runtime_goes; }

  void dump(std::ostream& to) {
    to << "layout " << plan_.layout << ", ending " << static_cast<int>(plan_.end) << ", source "
       << static_cast<int>(plan_.source) << ", sink " << static_cast<int>(plan_.sink) << "\n";
    to << "input: ";
    show(to, it_.queues.input.snapshot());
    to << "\noutput: ";
    show(to, it_.queues.output.snapshot());
    to << "\n";
    if (run_) to << run_->report();
  }

 private:
  void feed() {
    for (std::uint64_t i = 0; i < plan_.items; ++i) {
      token item(i, i);
      if (it_.queues.input.put(std::move(item)).state != state::ok) return;
    }
    if (plan_.close_with_error) {
      it_.queues.input.close(std::make_exception_ptr(std::runtime_error("the input broke")));
    } else {
      it_.queues.input.close();
    }
  }

  void read() {
    for (std::uint64_t n = 0;; ++n) {
      it_.was_read(n);
      auto item = it_.queues.output.get();
      if (item.state() != state::ok) return;
      it_.on_stage.saw(item->value());
      it_.queues.output.task_done();
    }
  }

  void read_letters() {
    for (std::uint64_t n = 0;; ++n) {
      // Sometimes so late that those who write them wait.
      if (plan_.fate(0, n) % 16 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
      auto letter = it_.queues.letters.get();
      if (letter.state() != state::ok) return;
      it_.on_stage.got_letter(*letter);
    }
  }

  void release_queues() {
    it_.queues.input.cancel();
    it_.queues.output.close();
    it_.queues.letters.close();
    if (feeder_.joinable()) feeder_.join();
    if (reader_.joinable()) reader_.join();
    if (letters_reader_.joinable()) letters_reader_.join();
  }

  line_of_a_run it_;
  const run_plan& plan_;
  std::stop_source std_parent_;
  stop_source parent_;
  asio::io_context told_;
  std::optional<report> final_;
  std::optional<run> run_;
  std::jthread feeder_;
  std::jthread reader_;
  std::jthread letters_reader_;
};

/// One or two runs at once, on a runtime of their own.
void episode(std::uint64_t seed) {
  dice d(seed);
  const auto threads = d.between(1, 3);
  runtime_options how{.cpu_workers = threads};
  asio::io_context host(1);
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> busy;
  std::jthread host_thread;
  if (d.one_in(6)) {
    how.io = &host;
    busy.emplace(host.get_executor());
    host_thread = std::jthread([&host] { host.run(); });
  }
  std::optional<tbb::task_arena> arena;
#ifndef PENSTOCK_STRESS_WITHOUT_ARENA
  if (d.one_in(6)) {
    // As many workers as oneTBB has beside the calling thread: asked for more, it prints a warning.
    arena.emplace(std::clamp(tbb::info::default_concurrency() - 1, 1, 3), 0);
    how.arena = &*arena;
  }
#endif
  const bool may_wait = how.io == nullptr && how.arena == nullptr;
  std::optional<runtime> rt(std::in_place, how);
  std::vector<std::unique_ptr<one_run>> runs;
  const auto count = d.one_in(3) ? 2U : 1U;
  const auto shown = watched().add("the runs", [&runs](std::ostream& to) {
    for (const auto& r : runs) r->dump(to);
  });
  for (unsigned i = 0; i < count; ++i) {
    runs.push_back(std::make_unique<one_run>(
        random_run(d.any(), {.cpu_workers = threads, .bodies_may_wait = i == 0 && may_wait}), *rt));
  }
  bool runtime_first = true;
  for (auto& r : runs) r->end_it();
  for (auto& r : runs) runtime_first = runtime_first && r->outlives_its_runtime();
  if (runtime_first) rt.reset();
  for (auto& r : runs) r->check_end();
  runs.clear();
  EXPECT_EQ(token::alive(), 0);
  rt.reset();
  busy.reset();
}

TEST(random_pipelines, end_add_up_and_lose_nothing) {
  watchdog dog;
  if (const char* again = std::getenv("PENSTOCK_SEED")) {
    const auto seed = std::strtoull(again, nullptr, 10);
    for (int i = 0; i < 100 && !HasFailure(); ++i) {
      dog.begins("PENSTOCK_SEED=" + std::to_string(seed));
      episode(seed);
    }
    return;
  }
  const char* asked = std::getenv("PENSTOCK_STRESS_SECONDS");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(asked != nullptr ? std::atol(asked) : 3);
  // Another start each time: what a machine never tried it cannot find. A failure names its seed.
  const auto first = penstock_tests::stress::first_seed();
  auto seed = first;
  while (std::chrono::steady_clock::now() < until && !HasFailure()) {
    seed = scramble(seed);
    dog.begins("PENSTOCK_SEED=" + std::to_string(seed));
    episode(seed);
  }
  std::cout << dog.rounds() << " episodes, from seed " << first << std::endl;
  EXPECT_FALSE(HasFailure()) << "PENSTOCK_SEED=" << seed;
}

}  // namespace
