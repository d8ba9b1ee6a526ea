// Random pipelines under random load, ended in random ways: every run ends, its report adds up, what arrives is what
// was foretold, and no item is left anywhere.
//
// PENSTOCK_STRESS_SECONDS: for how long (3); PENSTOCK_SEED: one episode again, the one a failure names.
#include <gtest/gtest.h>

#include <oneapi/tbb/info.h>
#include <oneapi/tbb/task_arena.h>
#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stop_token>
#include <thread>

#include "stress/bodies.hpp"
#include "support/waiting.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace penstock_tests::stress;
namespace asio = boost::asio;

transform_options options_of(const stage_plan& s) {
  return {.name = s.name,
          .workers = s.workers,
          .capacity = s.capacity,
          .order = s.order,
          .window = s.window,
          .on = s.on,
          .on_error = s.on_error};
}

/// One run of an episode, with the threads at its queues.
class one_run {
 public:
  one_run(const run_plan& what, runtime& rt)
      : plan_(what),
        scene_(plan_, rt),
        input_(1 + what.seed % 20),
        output_(1 + what.seed / 20 % 20),
        line_(make_line()) {
    if (plan_.source == source_kind::queue) feeder_ = std::jthread([this] { feed(); });
    if (plan_.sink == sink_kind::queue) reader_ = std::jthread([this] { read(); });
    run_options how;
    how.stop = stop_token(std_parent_.get_token());
    if (plan_.end == ending::parent_cancels) how.stop = parent_.token();
    if (plan_.end == ending::runtime_goes) {
      rt.async_run(*line_, how, asio::bind_executor(told_, [this](report r) { final_ = std::move(r); }));
    } else {
      run_.emplace(rt.start(*line_, how));
    }
  }

  ~one_run() { release_queues(); }
  one_run(const one_run&) = delete;
  one_run& operator=(const one_run&) = delete;

  /// Asks for the end that was planned, once it is time.
  void end_it() {
    if (plan_.end == ending::natural || plan_.end == ending::sink_closes) return;
    while (run_ && scene_.all_begun.load(std::memory_order_acquire) < plan_.end_after &&
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
      const auto left = input_.snapshot();
      EXPECT_EQ(left.unfinished, left.size);
    }
    release_queues();
    if (plan_.end != ending::let_go) check(*final_);
    run_.reset();
    line_.reset();
  }

  [[nodiscard]] bool outlives_its_runtime() const noexcept { return plan_.end == ending::runtime_goes; }

  void dump(std::ostream& to) const {
    to << "layout " << plan_.layout << ", ending " << static_cast<int>(plan_.end) << ", source "
       << static_cast<int>(plan_.source) << ", sink " << static_cast<int>(plan_.sink) << "\n";
    if (run_) to << run_->report();
  }

 private:
  template <class Body>
  static auto stage_of(const stage_plan& s, Body b) {
    if constexpr (std::is_same_v<Body, map_body>) {
      return transform(options_of(s), b);
    } else if constexpr (std::is_same_v<Body, filter_body>) {
      return filter(options_of(s), b);
    } else if constexpr (std::is_same_v<Body, filter_map_body>) {
      return filter_map(options_of(s), b);
    } else {
      return flat_map(options_of(s), b);
    }
  }

  template <class Body>
  auto all(work kind) {
    std::vector<decltype(stage_of(plan_.stages[0], Body{}))> stages;
    for (; plan_.stages[stage_].what == kind; ++stage_) {
      stages.push_back(stage_of(plan_.stages[stage_], Body{{&scene_, stage_}}));
    }
    return sequence(std::move(stages));
  }

  auto all_async() {
    const auto one = [this](const stage_plan& s) {
      return async_transform({.name = s.name,
                              .workers = s.workers,
                              .capacity = s.capacity,
                              .order = s.order,
                              .window = s.window,
                              .on_error = s.on_error},
                             async_map_body{{&scene_, stage_}});
    };
    std::vector<decltype(one(plan_.stages[0]))> stages;
    for (; plan_.stages[stage_].what == work::async_transform; ++stage_) stages.push_back(one(plan_.stages[stage_]));
    return sequence(std::move(stages));
  }

  template <class... Stages>
  std::optional<pipeline> with_sink(Stages... stages) {
    const auto& s = plan_.stages.back();
    const consumer_options how{
        .name = s.name, .workers = s.workers, .capacity = s.capacity, .on = s.on, .on_error = s.on_error};
    switch (plan_.sink) {
      case sink_kind::plain:
        return pipeline("random", std::move(stages)..., consumer(how, sink_body{{&scene_, stage_}}));
      case sink_kind::coroutine: break;
      case sink_kind::queue: return pipeline("random", std::move(stages)..., consumer(how, into(output_)));
    }
    return pipeline(
        "random", std::move(stages)...,
        async_consumer({.name = s.name, .workers = s.workers, .capacity = s.capacity, .on_error = s.on_error},
                       async_sink_body{{&scene_, stage_}}));
  }

  template <class Source>
  std::optional<pipeline> with_source(Source source) {
    // In the order of the layout, since each takes the next stages of the plan.
    switch (plan_.layout) {
      case 0: {
        auto a = all<map_body>(work::transform);
        auto b = all<filter_body>(work::filter);
        auto c = all_async();
        auto d = all<flat_map_body>(work::flat_map);
        return with_sink(std::move(source), std::move(a), std::move(b), std::move(c), std::move(d));
      }
      case 1: {
        auto a = all_async();
        const auto& s = plan_.stages[stage_++];
        auto b = batch({.name = s.name, .count = s.count, .within = s.within, .capacity = s.capacity});
        auto c = flat_map(options_of(plan_.stages[stage_]), unbatch_body{{&scene_, stage_}});
        ++stage_;
        auto d = all<filter_map_body>(work::filter_map);
        auto e = all<map_body>(work::transform);
        return with_sink(std::move(source), std::move(a), std::move(b), std::move(c), std::move(d), std::move(e));
      }
      default: break;
    }
    auto a = all<flat_map_body>(work::flat_map);
    auto b = all<map_body>(work::transform);
    auto c = all<filter_map_body>(work::filter_map);
    auto d = all_async();
    return with_sink(std::move(source), std::move(a), std::move(b), std::move(c), std::move(d));
  }

  std::optional<pipeline> make_line() {
    stage_ = 1;
    const auto& first = plan_.stages[0];
    const producer_options how{.name = first.name, .on = first.on, .on_error = first.on_error};
    switch (plan_.source) {
      case source_kind::range: {
        std::vector<token> all;
        for (std::uint64_t i = 0; i < plan_.items; ++i) all.emplace_back(i);
        return with_source(producer(how, std::move(all)));
      }
      case source_kind::callable: return with_source(producer(how, calling_body{&scene_}));
      case source_kind::queue: return with_source(producer(how, input_));
      case source_kind::coroutine: break;
    }
    return with_source(async_producer({.name = first.name, .on_error = first.on_error}, async_calling_body{&scene_}));
  }

  void feed() {
    for (std::uint64_t i = 0; i < plan_.items; ++i) {
      token item(i);
      if (input_.put(std::move(item)).state != state::ok) return;
    }
    if (plan_.close_with_error) {
      input_.close(std::make_exception_ptr(std::runtime_error("the input broke")));
    } else {
      input_.close();
    }
  }

  void read() {
    for (std::uint64_t n = 0;; ++n) {
      if (plan_.end == ending::sink_closes && n == plan_.end_after) {
        scene_.sink_gone = true;
        output_.close();
      }
      auto item = output_.get();
      if (item.state() != state::ok) return;
      scene_.saw(item->value());
      output_.task_done();
    }
  }

  void release_queues() {
    input_.cancel();
    output_.close();
    if (feeder_.joinable()) feeder_.join();
    if (reader_.joinable()) reader_.join();
  }

  void check(const report& r) {
    EXPECT_TRUE(r.ended);
    EXPECT_TRUE(r.balanced()) << r;
    for (const auto& e : r.edges) {
      EXPECT_EQ(e.size, 0U) << r;
      EXPECT_LE(e.peak, e.capacity) << r;
    }
    auto whole = plan_.foretell();
    auto seen = scene_.seen;
    const bool natural = plan_.end == ending::natural;
    const bool may_fail = whole.fails || plan_.close_with_error;
    if (!may_fail) {
      EXPECT_NE(r.state(), end_state::failed) << r;
    }
    if (natural) {
      EXPECT_EQ(r.state(), may_fail ? end_state::failed : end_state::completed) << r;
    }
    if (r.state() == end_state::stopped) {
      EXPECT_EQ(r.dropped(), 0U) << r;
    }
    const bool all_there = !whole.fails && (natural || (r.ok() && plan_.end != ending::sink_closes));
    if (plan_.keeps_order() && all_there) {
      EXPECT_EQ(seen, whole.seen) << r;
    }
    std::sort(seen.begin(), seen.end());
    std::sort(whole.seen.begin(), whole.seen.end());
    if (all_there) {
      EXPECT_EQ(seen, whole.seen) << r;
    }
    EXPECT_TRUE(std::includes(whole.seen.begin(), whole.seen.end(), seen.begin(), seen.end())) << r;
  }

  const run_plan plan_;
  scene scene_;
  queue<token> input_;
  queue<token> output_;
  std::stop_source std_parent_;
  stop_source parent_;
  asio::io_context told_;
  std::size_t stage_ = 1;
  std::optional<pipeline> line_;
  std::optional<report> final_;
  std::optional<run> run_;
  std::jthread feeder_;
  std::jthread reader_;
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
  on_hang() = [&] {
    for (const auto& r : runs) r->dump(std::cerr);
  };
  for (unsigned i = 0; i < count; ++i) {
    runs.push_back(std::make_unique<one_run>(random_run(d.any(), threads, i == 0 && may_wait), *rt));
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

/// Ends the program when an episode takes too long.
class watchdog {
 public:
  watchdog() : thread_([this](std::stop_token stop) { watch(std::move(stop)); }) {}
  void begins(std::uint64_t seed) {
    const std::lock_guard lock(lock_);
    seed_ = seed;
    ++episodes_;
  }
  [[nodiscard]] std::uint64_t episodes() const noexcept { return episodes_; }

 private:
  void watch(std::stop_token stop) {
    std::unique_lock lock(lock_);
    while (!stop.stop_requested()) {
      const auto before = episodes_;
      changed_.wait_for(lock, stop, patience, [&] { return false; });
      if (stop.stop_requested() || episodes_ != before) continue;
      std::cerr << "PENSTOCK_SEED=" << seed_ << " hangs\n";
      hung(std::source_location::current());
    }
  }

  std::mutex lock_;
  std::condition_variable_any changed_;
  std::uint64_t seed_ = 0;      // guarded by lock_
  std::uint64_t episodes_ = 0;  // guarded by lock_; changed by one thread
  std::jthread thread_;
};

TEST(random_pipelines, end_add_up_and_lose_nothing) {
  watchdog dog;
  if (const char* again = std::getenv("PENSTOCK_SEED")) {
    const auto seed = std::strtoull(again, nullptr, 10);
    for (int i = 0; i < 100 && !HasFailure(); ++i) {
      dog.begins(seed);
      episode(seed);
    }
    return;
  }
  const char* asked = std::getenv("PENSTOCK_STRESS_SECONDS");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(asked != nullptr ? std::atol(asked) : 3);
  // Another start each time: what a machine never tried it cannot find. A failure names its seed.
  auto seed = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  while (std::chrono::steady_clock::now() < until && !HasFailure()) {
    seed = scramble(seed);
    dog.begins(seed);
    episode(seed);
  }
  std::cout << dog.episodes() << " episodes" << std::endl;
  EXPECT_FALSE(HasFailure()) << "PENSTOCK_SEED=" << seed;
}

}  // namespace
