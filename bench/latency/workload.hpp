// Items at a fixed rate, and how long each is on its way; the same for every contender.
#pragma once

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string>
#include <thread>
#include <vector>

#include "common/checked.hpp"
#include "common/measured.hpp"

namespace latencies {

using bench::answer;

inline std::int64_t now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct item {
  std::int64_t due_ns = 0;
  std::uint64_t value = 0;
};

/// What each of the three stages does.
inline item step(item i) noexcept {
  i.value = (i.value ^ 0x55U) + 1;
  return i;
}

/// Gives items at a fixed rate: turns in a loop until the next one is due, for sleeping would add the timer's own
/// moods. One that is late is given at once, and its time counts from when it was due: a line that holds up its source
/// is blamed for it. Used by one thread, which does nothing else.
class source {
 public:
  source(std::uint64_t items, double per_second) noexcept
      : items_(items), gap_ns_(static_cast<std::int64_t>(1e9 / per_second)) {}

  std::optional<item> next() noexcept {
    if (made_ == 0) {
      begin_ns_ = now_ns();
      own_ = -thread_seconds();
    } else {
      handing_over_ns_ += std::min(now_ns() - last_ns_, longest_ns);
    }
    if (made_ == items_) {
      own_ += thread_seconds();
      took_ns_ = now_ns() - begin_ns_;
      return std::nullopt;
    }
    const auto due = begin_ns_ + static_cast<std::int64_t>(made_) * gap_ns_;
    do {
      last_ns_ = now_ns();
    } while (last_ns_ < due);
    return item{due, bench::value(made_++)};
  }

  /// Processor time that the loop alone took: what the thread used, without what it did between two calls of `next`.
  [[nodiscard]] double own_seconds() const noexcept { return own_ - static_cast<double>(handing_over_ns_) * 1e-9; }
  [[nodiscard]] double seconds() const noexcept { return static_cast<double>(took_ns_) * 1e-9; }

 private:
  static double thread_seconds() noexcept {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
  }

  /// Whoever takes longer to hand over an item was not running meanwhile.
  static constexpr std::int64_t longest_ns = 50'000;

  std::uint64_t items_, made_ = 0;
  std::int64_t gap_ns_, begin_ns_ = 0, last_ns_ = 0, handing_over_ns_ = 0, took_ns_ = 0;
  double own_ = 0;
};

/// Where items end. The first tenth of them warm up and count for nothing but the answer.
class sink {
 public:
  explicit sink(std::uint64_t items) : warm_up_(static_cast<std::ptrdiff_t>(items / 10)) { on_the_way_.reserve(items); }

  void take(item i) {
    on_the_way_.push_back(now_ns() - i.due_ns);
    all_.add(i.value);
  }

  [[nodiscard]] const answer& all() const noexcept { return all_; }

  /// In microseconds; call it at the end.
  double percentile(double p) {
    const auto counted = std::ranges::subrange(on_the_way_.begin() + warm_up_, on_the_way_.end());
    const auto at = counted.begin() + static_cast<std::ptrdiff_t>(p * static_cast<double>(counted.size()));
    std::ranges::nth_element(counted, at);
    return static_cast<double>(*at) * 1e-3;
  }

 private:
  std::ptrdiff_t warm_up_;
  std::vector<std::int64_t> on_the_way_;
  answer all_;
};

/// What a repetition is meant to take when it is not a quick look, in which the slowest thousandth is but a few items.
inline constexpr double full_seconds = 0.15;

inline answer right(std::uint64_t n) {
  answer all;
  for (std::uint64_t i = 0; i < n; ++i) all.add(step(step(step({0, bench::value(i)}))).value);
  return all;
}

template <class Contender>
void at_rate(benchmark::State& state, double per_second, double seconds) {
  const auto items = static_cast<std::uint64_t>(per_second * seconds);
  for (auto _ : state) {
    source in(items, per_second);
    sink out(items);
    const auto before = bench::processor_seconds();
    Contender::run(in, out);
    const auto used = bench::processor_seconds() - before;
    bench::check(state, out.all(), right(items));
    if (!bench::all_right()) return;
    bench::report(state, items, in.seconds(), used);
    state.counters["p50_us"] = out.percentile(0.5);
    state.counters["p99_us"] = out.percentile(0.99);
    if (bench::target_seconds() >= full_seconds) state.counters["p999_us"] = out.percentile(0.999);
    state.counters["cpu_percent"] = std::max(0.0, (used - in.own_seconds()) / in.seconds() * 100);
    state.SetIterationTime(in.seconds());
  }
}

/// What a run that was started and gets nothing uses in a second. The one thing that can only be seen by letting time
/// pass.
template <class Contender>
void idle(benchmark::State& state) {
  for (auto _ : state) {
    double used = 0;
    Contender::idle([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));  // until what was started has come to rest
      const auto before = bench::processor_seconds();
      std::this_thread::sleep_for(std::chrono::seconds(1));
      used = bench::processor_seconds() - before;
    });
    state.counters["cpu_percent"] = used * 100;
    state.SetIterationTime(1);
  }
}

/// Runs the cases. A contender has
///   static void run(source&, sink&)        calls `source::next` on a thread of its own until it gives none; each item
///                                          goes through three stages that each could run on another thread, to the
///                                          sink
///   static void idle(auto during)          starts the same without items, calls `during`, ends it
template <class Contender>
int compete(int argc, char** argv) {
  const double shorter = bench::target_seconds() / full_seconds;
  const auto add = [](const std::string& name, auto measure) {
    benchmark::RegisterBenchmark(name.c_str(), measure)->UseManualTime()->Iterations(1);
  };
  add("latency/10k_per_s", [=](benchmark::State& state) { at_rate<Contender>(state, 10'000, 1.5 * shorter); });
  add("latency/100k_per_s", [=](benchmark::State& state) { at_rate<Contender>(state, 100'000, 0.75 * shorter); });
  add("latency/idle", idle<Contender>);
  return bench::run_cases(argc, argv);
}

}  // namespace latencies
