// Measures a pipeline of one's own under Google Benchmark: how many items a second, and how busy each stage is.
//
// Header only, and the only one of the library that includes <benchmark/benchmark.h>: whoever includes it links
// penstock::penstock and benchmark::benchmark. Nothing else of the library needs Google Benchmark.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include <penstock/base/clock.hpp>
#include <penstock/core/drain_rules.hpp>
#include <penstock/pipeline/pipeline.hpp>
#include <penstock/pipeline/report.hpp>
#include <penstock/runtime/runtime.hpp>

namespace penstock {

namespace detail {

/// Adds up the reports of all iterations.
class benchmark_totals {
 public:
  /// `took`: all of it, its start and end included. False: the run was not completed, which `state` now says, and no
  /// more may be run.
  bool add(const report& r, duration took, benchmark::State& state) {
    if (!r.ok()) {
      std::string why = "the run was " + std::string(to_string(r.state()));
      if (!r.errors.empty()) why += ", in '" + r.errors.front().stage + "': " + r.errors.front().message;
      state.SkipWithError(why.c_str());
      return false;
    }
    const auto same = [](const stage_report& a, const stage_report& b) { return a.name == b.name; };
    if (!stages_.empty() && !std::ranges::equal(stages_, r.stages, same)) {
      state.SkipWithError("an iteration has other stages than those before it");
      return false;
    }
    took_ += took;
    elapsed_ += r.elapsed;
    if (stages_.empty()) {
      stages_ = r.stages;
      return true;
    }
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      stages_[i] += r.stages[i];
      stages_[i].busy += r.stages[i].busy;
    }
    return true;
  }

  // Not as rates of Google Benchmark, which may go by the CPU time of a thread that only waits.
  void show(benchmark::State& state) const {
    const double seconds = std::chrono::duration<double>(took_).count();
    const double running = std::chrono::duration<double>(elapsed_).count();
    if (stages_.empty() || seconds <= 0 || running <= 0) return;
    state.counters["items_per_second"] = static_cast<double>(stages_.back().done) / seconds;
    for (const auto& stage : stages_) {
      const double busy = std::chrono::duration<double>(stage.busy).count();
      state.counters[stage.name + " busy"] = busy / running / static_cast<double>(stage.workers);
      state.counters[stage.name + " items/s"] = static_cast<double>(stage.done) / seconds;
    }
  }

 private:
  duration took_{};
  duration elapsed_{};
  std::vector<stage_report> stages_;
};

inline bool run_in_benchmark(benchmark::State& state, benchmark_totals& totals, runtime& machinery, const pipeline& p,
                             const run_options& options) {
  const auto began = clock::now();
  const auto r = machinery.run(p, options);
  return totals.add(r, clock::now() - began, state);
}

}  // namespace detail

/// Runs a pipeline once in each iteration of a benchmark, and waits for it:
///
///     void words(benchmark::State& state) {
///       penstock::runtime machinery;
///       penstock::measure(state, machinery, count_words(text, state.range(0)));
///     }
///     BENCHMARK(words)->Arg(1)->Arg(2)->UseRealTime();
///
/// `what` is a pipeline, or a callable that makes one for each iteration, outside the time that is measured: for what
/// can be run only once, such as one that reads a queue.
///
/// Counters, over all iterations: `items_per_second`, the items that the last stage of the report was done with; and
/// for each stage `NAME items/s`, those it was done with, and `NAME busy`, from 0 to 1, the share of the time in which
/// its workers were busy (`stage_report::busy`): a stage near 1 is what limits the pipeline. Items are counted over all
/// the time that `runtime::run` took, busy shares over the runs themselves (`report::elapsed`). Google Benchmark's own
/// column of time needs `UseRealTime`: the thread of the benchmark only waits.
///
/// A run that is not completed, or whose stages have other names or another number than those of the iterations before,
/// ends the benchmark with an error that says so (`State::SkipWithError`); it throws what `runtime::run` and the
/// callable throw. Not on a worker of the runtime.
template <class What>
  requires(std::same_as<std::decay_t<What>, pipeline> || std::is_invocable_r_v<pipeline, What&>)
void measure(benchmark::State& state, runtime& machinery, What&& what, const run_options& options = {}) {
  detail::benchmark_totals totals;
  for ([[maybe_unused]] auto _ : state) {
    if constexpr (std::same_as<std::decay_t<What>, pipeline>) {
      if (!detail::run_in_benchmark(state, totals, machinery, what, options)) return;
    } else {
      state.PauseTiming();
      const pipeline made = what();
      state.ResumeTiming();
      if (!detail::run_in_benchmark(state, totals, machinery, made, options)) return;
    }
  }
  totals.show(state);
}

}  // namespace penstock
