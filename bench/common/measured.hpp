// A case is a function that takes n items through and answers; here n is found, and the time is taken.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include "common/checked.hpp"

namespace bench {

/// How long a repetition is meant to take. Shorter ones are for a quick look: starting and ending a run weighs more.
inline double target_seconds() {
  const char* asked = std::getenv("PENSTOCK_BENCH_MILLISECONDS");
  const double milliseconds = asked == nullptr ? 0 : std::atof(asked);
  return milliseconds > 0 ? milliseconds / 1000 : 0.15;
}

/// A run may have work to do that is not part of the question: `prepare(n)` is called before it, untimed.
template <class Run>
void prepare(const Run& run, std::uint64_t n) {
  if constexpr (requires { run.prepare(n); }) run.prepare(n);
}

/// How many items take `target` seconds, when n took `took`.
inline std::uint64_t items_for(double target, std::uint64_t n, double took) {
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(n) * target / took));
}

/// Registers the case `name`. `run(n)` answers for the items 0 to n - 1, `right(n)` says what the answer must be. How
/// many items a repetition takes is tried out first, which also warms up: ever more until a try takes long enough to
/// foretell. Where threads meet, a run may take several times as long as was foretold, or as short: it is made up to
/// three quarters of the target at least by further runs, all of which count, and none that took longer is thrown away,
/// for whoever repeats until a time suits has chosen it.
template <class Run, class Right>
void add_case(const std::string& name, Run run, Right right) {
  const auto measure = [run = std::move(run), right = std::move(right)](benchmark::State& state) {
    for (auto _ : state) {
      std::uint64_t n = 1000;
      const auto target = target_seconds();
      for (;;) {
        prepare(run, n);
        const auto before = wall_seconds();
        const answer got = run(n);
        const auto took = std::max(wall_seconds() - before, 1e-9);
        check(state, got, right(n));
        if (!all_right()) return;
        if (took >= target / 5) {
          n = items_for(target, n, took);
          break;
        }
        n *= took < target / 50 ? 10 : 4;
      }
      std::uint64_t items = 0;
      double wall = 0;
      double processor = 0;
      while (wall < target * 3 / 4) {
        if (items > 0) n = items_for(target - wall, items, std::max(wall, 1e-9));
        prepare(run, n);
        const auto wall_before = wall_seconds();
        const auto processor_before = processor_seconds();
        const answer got = run(n);
        processor += processor_seconds() - processor_before;
        wall += wall_seconds() - wall_before;
        items += n;
        check(state, got, right(n));
        if (!all_right()) return;
      }
      report(state, items, wall, processor);
      state.SetIterationTime(wall);
    }
  };
  benchmark::RegisterBenchmark(name.c_str(), measure)->UseManualTime()->Iterations(1);
}

/// What `main` of a contender ends with.
inline int run_cases(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return all_right() ? 0 : 1;
}

}  // namespace bench
