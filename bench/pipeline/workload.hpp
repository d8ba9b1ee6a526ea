// What goes through the pipelines, and the cases: the same for every contender.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "common/checked.hpp"
#include "common/measured.hpp"

namespace pipelines {

using bench::answer;

/// What a trivial stage does: two instructions that a compiler cannot fold into those of the next stage.
inline std::uint64_t step(std::uint64_t v) noexcept { return (v ^ 0x55U) + 1; }

/// An item of 8 bytes.
inline std::uint64_t make(std::uint64_t i, const std::uint64_t* /*kind*/) noexcept { return bench::value(i); }
inline std::uint64_t carried(std::uint64_t item) noexcept { return item; }

/// An item that owns memory: 48 characters, of which the first eight carry the value.
inline std::string make(std::uint64_t i, const std::string* /*kind*/) {
  std::string text(48, 'x');
  const auto v = bench::value(i);
  std::memcpy(text.data(), &v, sizeof v);
  return text;
}
inline std::uint64_t carried(const std::string& item) noexcept {
  std::uint64_t v = 0;
  if (item.size() == 48) std::memcpy(&v, item.data(), sizeof v);
  return v;
}
inline std::string step(std::string item) noexcept {
  const auto v = step(carried(item));
  std::memcpy(item.data(), &v, sizeof v);
  return item;
}

template <class Item>
Item make(std::uint64_t i) {
  return make(i, static_cast<const Item*>(nullptr));
}

/// Where a route sends an item.
inline bool goes_first(std::uint64_t v) noexcept { return (v & 0x100U) == 0; }

/// The right answers: the item taken through k steps; copied to two branches of one step each; sent to one of two
/// branches, of one step and of two.
inline answer after_steps(std::size_t k, std::uint64_t n) {
  answer all;
  for (std::uint64_t i = 0; i < n; ++i) {
    auto v = bench::value(i);
    for (std::size_t s = 0; s < k; ++s) v = step(v);
    all.add(v);
  }
  return all;
}
inline answer after_tee(std::uint64_t n) {
  auto all = after_steps(1, n);
  all += after_steps(2, n);
  return all;
}
inline answer after_route(std::uint64_t n) {
  answer all;
  for (std::uint64_t i = 0; i < n; ++i) {
    const auto v = bench::value(i);
    all.add(goes_first(v) ? step(v) : step(step(v)));
  }
  return all;
}

/// Runs the cases that `Contender` knows:
///   template <class Item> answer serial(std::size_t k, std::uint64_t n)    k stages between source and sink
///   answer parallel(std::size_t k, std::size_t workers, std::uint64_t n)   the same, each stage with several workers
///   answer scaled(std::size_t k, std::size_t threads, std::uint64_t n)     the same on so many threads in all
///   answer tee(std::uint64_t n)      every item to both of two branches (one step; two steps), back into one sink
///   answer route(std::uint64_t n)    every item to one of them
template <class Contender>
int compete(int argc, char** argv) {
  const auto serial = [](auto kind, std::size_t k, const std::string& name) {
    using item = decltype(kind);
    bench::add_case(
        name, [k](std::uint64_t n) { return Contender::template serial<item>(k, n); },
        [k](std::uint64_t n) { return after_steps(k, n); });
  };
  for (const std::size_t k : {1U, 4U, 16U}) {
    const auto stages = "/k" + std::to_string(k);
    serial(std::uint64_t{}, k, "pipeline/serial" + stages + "/8B");
    serial(std::string{}, k, "pipeline/serial" + stages + "/string48");
  }
  // More stages than cores: bench/tools gives every contender two, whatever there are.
  if constexpr (requires { Contender::many_stages; }) serial(std::uint64_t{}, 64, "pipeline/many_stages/k64/8B");
  if constexpr (requires { Contender::parallel(4, 2, 1); }) {
    bench::add_case(
        "pipeline/parallel2/k4/8B", [](std::uint64_t n) { return Contender::parallel(4, 2, n); },
        [](std::uint64_t n) { return after_steps(4, n); });
  }
  if constexpr (requires { Contender::scaled(4, 2, 1); }) {
    for (std::size_t t = 1; t <= std::max(1U, std::thread::hardware_concurrency()); t *= 2) {
      bench::add_case(
          "pipeline/scaling/k4/8B/t" + std::to_string(t), [t](std::uint64_t n) { return Contender::scaled(4, t, n); },
          [](std::uint64_t n) { return after_steps(4, n); });
    }
  }
  if constexpr (requires { Contender::tee(1); }) {
    bench::add_case("pipeline/tee/8B", [](std::uint64_t n) { return Contender::tee(n); }, after_tee);
  }
  if constexpr (requires { Contender::route(1); }) {
    bench::add_case("pipeline/route/8B", [](std::uint64_t n) { return Contender::route(n); }, after_route);
  }
  return bench::run_cases(argc, argv);
}

}  // namespace pipelines
