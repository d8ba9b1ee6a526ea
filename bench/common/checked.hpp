// The question that every contender answers, and what is told about the answer: a wrong or lost item fails the run.
#pragma once

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace bench {

/// The item number `i`, mixed (the finaliser of splitmix64, Steele, Lea and Flood 2014), so that no sum of items can be
/// computed without them.
inline std::uint64_t value(std::uint64_t i) noexcept {
  i += 0x9e3779b97f4a7c15U;
  i = (i ^ (i >> 30U)) * 0xbf58476d1ce4e5b9U;
  i = (i ^ (i >> 27U)) * 0x94d049bb133111ebU;
  return i ^ (i >> 31U);
}

/// How many items came out, and the sum of what they carried, modulo 2^64: in whatever order they come, it is the same.
struct answer {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;

  void add(std::uint64_t v) noexcept {
    ++count;
    sum += v;
  }
  answer& operator+=(const answer& other) noexcept {
    count += other.count;
    sum += other.sum;
    return *this;
  }
  friend bool operator==(const answer&, const answer&) = default;
};

/// Of the items 0 to n - 1, unchanged.
inline answer expected(std::uint64_t n) noexcept {
  answer all;
  for (std::uint64_t i = 0; i < n; ++i) all.add(value(i));
  return all;
}

/// True while no answer of this program was wrong; `main` returns 1 otherwise.
inline bool& all_right() noexcept {
  static bool right = true;
  return right;
}

/// Fails the benchmark, and with it the program, when the answer is not the right one.
inline void check(benchmark::State& state, answer got, answer right) {
  if (got == right) return;
  all_right() = false;
  const auto text = "wrong answer: " + std::to_string(got.count) + " items with sum " + std::to_string(got.sum) +
                    " instead of " + std::to_string(right.count) + " with " + std::to_string(right.sum);
  state.SkipWithError(text.c_str());
}
inline void check(benchmark::State& state, answer got, std::uint64_t n) { check(state, got, expected(n)); }

/// Wall and processor time of `n` items, in seconds, as counters per item.
inline void report(benchmark::State& state, std::uint64_t n, double wall, double processor) {
  const auto items = static_cast<double>(n);
  state.counters["items"] = items;
  state.counters["ns_per_item"] = wall * 1e9 / items;
  state.counters["cpu_ns_per_item"] = processor * 1e9 / items;
}

/// Of all threads of this process so far.
inline double processor_seconds() noexcept {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

/// Of a clock that only goes forward.
inline double wall_seconds() noexcept {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace bench
