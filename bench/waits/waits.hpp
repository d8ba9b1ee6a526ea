// Many items that wait on a timer at once, in two questions:
//   waits/10000/20ms  each waits for 20 ms, and 10,000 may be at it together: how many items per second?
//   waits/10000/once  10,000 items all wait for a second: how much memory does a wait take? It is what the process grew
//                     at its peak, divided by the waits.
// Every run is a process of its own, so that none lives on the memory that another has given back.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <string>

#include "common/measured.hpp"

namespace bench::waits {

/// The body of every contender in C++.
inline boost::asio::awaitable<std::uint64_t> wait_and_pass(std::uint64_t item, std::chrono::milliseconds pause) {
  auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor, pause);
  co_await timer.async_wait(boost::asio::use_awaitable);
  co_return item;
}

struct question {
  std::uint64_t waits;  ///< items under way, at most
  std::uint64_t n;      ///< items in all
  std::chrono::milliseconds pause;
};

/// The most memory that this process had so far, in bytes.
inline double peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (double kilobytes = 0; word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  return 0;
}

struct measurement {
  answer seen;
  double wall;
  double cpu;
  double grown;
};

/// Measures `run(question)` in a child; false: it did not come to its end.
template <class Run>
bool measure_in_child(Run run, const question& asked, measurement& told) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  const auto child = fork();
  if (child == 0) {
    const auto base = peak_bytes();
    const auto cpu = processor_seconds();
    const auto wall = wall_seconds();
    measurement mine{};
    mine.seen = run(asked);
    mine.wall = wall_seconds() - wall;
    mine.cpu = processor_seconds() - cpu;
    mine.grown = peak_bytes() - base;
    _exit(write(ends[1], &mine, sizeof mine) == sizeof mine ? 0 : 1);
  }
  close(ends[1]);
  const bool complete = read(ends[0], &told, sizeof told) == sizeof told;
  close(ends[0]);
  int status = 1;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0 && complete;
}

/// The cases of a contender: `answer run(question)`.
template <class Run>
int compete(int argc, char** argv, Run run) {
  const auto add = [run](const std::string& name, const question& asked) {
    benchmark::RegisterBenchmark(name.c_str(),
                                 [=](benchmark::State& state) {
                                   for ([[maybe_unused]] auto _ : state) {
                                     measurement told{};
                                     if (!measure_in_child(run, asked, told)) told = {};
                                     check(state, told.seen, asked.n);
                                     report(state, asked.n, told.wall, told.cpu);
                                     if (asked.n == asked.waits)
                                       state.counters["bytes_per_wait"] = told.grown / static_cast<double>(asked.waits);
                                     state.SetIterationTime(told.wall);
                                   }
                                 })
        ->UseManualTime()
        ->Iterations(1);
  };
  using std::chrono::milliseconds;
  add("waits/10000/20ms", {10'000, 100'000, milliseconds(20)});
  add("waits/100000/20ms", {100'000, 400'000, milliseconds(20)});
  add("waits/10000/once", {10'000, 10'000, milliseconds(1000)});
  add("waits/100000/once", {100'000, 100'000, milliseconds(1000)});
  return run_cases(argc, argv);
}

}  // namespace bench::waits
