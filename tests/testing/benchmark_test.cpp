#include <penstock/testing/benchmark.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <penstock/penstock.hpp>

namespace {

using namespace penstock;
using namespace std::chrono_literals;
using testing::UnorderedElementsAre;

std::atomic<std::size_t> digits = 0;

// [pipeline]
pipeline count_digits(std::size_t workers) {
  return {"count digits",  //
          producer({.name = "count"}, std::views::iota(0, 10'000)),
          transform({.name = "spell", .workers = workers}, [](int n) { return std::to_string(n); }),
          consumer({.name = "add"}, [](const std::string& text) { digits += text.size(); })};
}
// [/pipeline]

// [measure]
void counting_digits(benchmark::State& state) {
  penstock::runtime machinery;
  penstock::measure(state, machinery, count_digits(static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(counting_digits)->ArgName("workers")->Arg(1)->Arg(2)->UseRealTime();
// [/measure]

class collector : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& some) override { runs.insert(runs.end(), some.begin(), some.end()); }
  std::vector<Run> runs;
};

/// What became of `body` as a benchmark of so many iterations.
template <class Body>
collector::Run run_benchmark(const std::string& name, benchmark::IterationCount iterations, Body body) {
  benchmark::RegisterBenchmark(name.c_str(), std::move(body))->Iterations(iterations)->UseRealTime();
  collector into;
  benchmark::RunSpecifiedBenchmarks(&into, "^" + name + "/");
  EXPECT_EQ(into.runs.size(), 1U);
  return into.runs.at(0);
}

std::vector<std::string> names_of(const benchmark::UserCounters& counters) {
  std::vector<std::string> names;
  for (const auto& [name, counter] : counters) names.push_back(name);
  return names;
}

TEST(benchmark_header, runs_the_pipeline_once_in_each_iteration) {
  digits = 0;
  const auto run = run_benchmark("once", 3, [](benchmark::State& state) {
    penstock::runtime machinery({.cpu_workers = 1});
    measure(state, machinery, count_digits(1));
  });
  EXPECT_EQ(run.iterations, 3);
  EXPECT_EQ(digits, 3U * (10 + 2 * 90 + 3 * 900 + 4 * 9000));
}

TEST(benchmark_header, counts_items_and_busy_time_for_each_stage) {
  const auto run = run_benchmark("counters", 1, [&](benchmark::State& state) {
    penstock::runtime machinery({.cpu_workers = 2});
    measure(state, machinery, count_digits(2));
  });
  EXPECT_THAT(names_of(run.counters), UnorderedElementsAre("items_per_second", "count items/s", "count busy",
                                                           "spell items/s", "spell busy", "add items/s", "add busy"));
  EXPECT_DOUBLE_EQ(run.counters.at("items_per_second"), run.counters.at("add items/s"));
  EXPECT_DOUBLE_EQ(run.counters.at("items_per_second"), run.counters.at("spell items/s"));
  for (const char* busy : {"count busy", "spell busy", "add busy"}) {
    EXPECT_GT(run.counters.at(busy), 0) << busy;
    EXPECT_LE(run.counters.at(busy), 1) << busy;
  }
}

TEST(benchmark_header, goes_by_the_time_of_the_runs_and_by_all_workers) {
  report made;
  made.ended = true;
  made.elapsed = 2s;
  made.stages.resize(2);
  made.stages[0].name = "read";
  made.stages[0].done = 100;
  made.stages[0].busy = 500ms;
  made.stages[1].name = "write";
  made.stages[1].done = 50;
  made.stages[1].busy = 6s;
  made.stages[1].workers = 4;
  const auto run = run_benchmark("made", 3, [&](benchmark::State& state) {
    penstock::detail::benchmark_totals totals;
    for ([[maybe_unused]] auto _ : state) EXPECT_TRUE(totals.add(made, 4s, state));
    totals.show(state);
  });
  EXPECT_DOUBLE_EQ(run.counters.at("items_per_second"), 12.5);
  EXPECT_DOUBLE_EQ(run.counters.at("read items/s"), 25);
  EXPECT_DOUBLE_EQ(run.counters.at("read busy"), 0.25);
  EXPECT_DOUBLE_EQ(run.counters.at("write busy"), 0.75);
}

TEST(benchmark_header, counts_over_all_iterations) {
  // The first run is unlike the others, and the counters are too, whatever the time was.
  int runs = 0;
  const auto run = run_benchmark("iterations", 5, [&](benchmark::State& state) {
    penstock::runtime machinery({.cpu_workers = 1});
    measure(state, machinery, [&]() -> pipeline {
      ++runs;
      return {"more each time", producer({.name = "count"}, std::views::iota(0, runs == 1 ? 400 : 100)),
              filter({.name = "some"}, [first = runs == 1](int n) { return !first || n < 100; }),
              consumer({.name = "take"}, [](int) {})};
    });
  });
  EXPECT_EQ(runs, 5);
  // 800 came in and 500 went out; of the last run alone, 100 and 100.
  EXPECT_NEAR(run.counters.at("count items/s") / run.counters.at("take items/s"), 800.0 / 500, 1e-9);
}

TEST(benchmark_header, makes_a_pipeline_anew_for_each_iteration_that_can_be_run_only_once) {
  std::uint64_t seen = 0;
  int made = 0;
  run_benchmark("anew", 4, [&](benchmark::State& state) {
    penstock::runtime machinery({.cpu_workers = 1});
    std::vector<std::unique_ptr<queue<int>>> inputs;
    measure(state, machinery, [&]() -> pipeline {
      ++made;
      auto& input = *inputs.emplace_back(std::make_unique<queue<int>>(10));
      for (int n = 0; n < 10; ++n) EXPECT_EQ(input.try_put(std::move(n)).state, state::ok);
      input.close();
      return {"once", producer({.name = "read"}, input), consumer({.name = "count"}, [&](int) { ++seen; })};
    });
  });
  EXPECT_EQ(made, 4);
  EXPECT_EQ(seen, 40U);
}

TEST(benchmark_header, ends_with_an_error_when_a_run_fails) {
  bool failed = false;
  int ran = 0;
  run_benchmark("fails", 3, [&](benchmark::State& state) {
    penstock::runtime machinery({.cpu_workers = 1});
    const pipeline fails{"fails", producer({.name = "count"}, std::views::iota(0, 10)),
                         consumer({.name = "throw"}, [&](int n) {
                           if (n == 5) {
                             ++ran;
                             throw std::runtime_error("no");
                           }
                         })};
    measure(state, machinery, fails);
    failed = state.error_occurred();
  });
  EXPECT_TRUE(failed);
  EXPECT_EQ(ran, 1);
}

TEST(benchmark_header, ends_with_an_error_when_an_iteration_has_other_stages) {
  const auto line = [](const char* name, std::size_t stages) -> pipeline {
    const auto same = [](int n) { return n; };
    std::vector<decltype(transform({}, same))> some;
    for (std::size_t s = 0; s < stages; ++s) some.push_back(transform({.name = "stage " + std::to_string(s)}, same));
    return {"line", producer({.name = name}, std::views::iota(0, 10)), sequence(std::move(some)),
            consumer({.name = "take"}, [](int) {})};
  };
  const pipeline first = line("count", 2);
  int which = 0;
  for (const auto& other : {line("count", 1), line("count", 3), line("number", 2)}) {
    int made = 0;
    const auto run = run_benchmark("other_" + std::to_string(++which), 3, [&](benchmark::State& state) {
      penstock::runtime machinery({.cpu_workers = 1});
      measure(state, machinery, [&]() -> pipeline { return ++made == 1 ? first : other; });
    });
    EXPECT_TRUE(run.error_occurred);
    EXPECT_EQ(run.error_message, "an iteration has other stages than those before it");
    EXPECT_EQ(made, 2);
  }
}

TEST(benchmark_header, measures_the_example_of_the_guide) {
  collector into;
  benchmark::RunSpecifiedBenchmarks(&into, "^counting_digits/");
  ASSERT_EQ(into.runs.size(), 2U);
  EXPECT_EQ(into.runs[0].benchmark_name(), "counting_digits/workers:1/real_time");
  EXPECT_GT(into.runs[1].counters.at("items_per_second"), 0);
}

}  // namespace
