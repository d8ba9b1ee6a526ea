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

/// Registers the case `name`. `run(n)` answers for the items 0 to n - 1, `right(n)` says what the answer must be. How
/// many items a repetition takes is tried out first, which also warms up: ever more until a try takes long enough to
/// foretell.
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
          n = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(n) * target / took));
          break;
        }
        n *= took < target / 50 ? 10 : 4;
      }
      prepare(run, n);
      const auto wall = wall_seconds();
      const auto processor = processor_seconds();
      const answer got = run(n);
      const auto processor_used = processor_seconds() - processor;
      const auto wall_used = wall_seconds() - wall;
      report(state, n, wall_used, processor_used);
      state.SetIterationTime(wall_used);
      check(state, got, right(n));
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
