// The work of the farms, the same for every contender, and its right answers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

#include "common/checked.hpp"
#include "common/measured.hpp"

namespace farms {

using bench::answer;

/// One step of a linear congruential generator (Knuth, MMIX). A step needs the one before it, so a loop of them takes
/// time that neither compiler nor processor can shorten; but n steps in one are a multiplication and an addition too,
/// which is how the answer is checked without doing the work again.
struct steps {
  std::uint64_t factor = 6364136223846793005U;
  std::uint64_t offset = 1442695040888963407U;

  [[nodiscard]] std::uint64_t operator()(std::uint64_t v) const noexcept { return v * factor + offset; }

  [[nodiscard]] static steps many(std::uint64_t n) noexcept {
    steps all{1, 0};
    for (steps power; n != 0; n /= 2) {
      if (n % 2 == 1) all = {all.factor * power.factor, all.offset * power.factor + power.offset};
      power = {power.factor * power.factor, power.offset * power.factor + power.offset};
    }
    return all;
  }
};

/// How many steps take a microsecond where this was set (an AMD EPYC at some 4 GHz). Fixed, so that all contenders do
/// the same work, at whatever speed the machine runs.
constexpr double steps_per_microsecond = 1000;

/// What is done with each item.
class work {
 public:
  /// `microseconds` is the mean. Skewed: one item in 100, drawn by its value, costs 100 times as much as the others.
  work(double microseconds, bool skewed) noexcept
      : light_(static_cast<std::uint64_t>(microseconds * steps_per_microsecond / (skewed ? 1.99 : 1))),
        heavy_(skewed ? 100 * light_ : light_),
        all_light_(steps::many(light_)),
        all_heavy_(steps::many(heavy_)) {}

  /// Takes its time.
  [[nodiscard]] std::uint64_t operator()(std::uint64_t i) const noexcept {
    auto v = bench::value(i);
    const auto n = cost_of(v);
    for (std::uint64_t s = 0; s < n; ++s) v = steps()(v);
    return v;
  }

  /// The same result at once.
  [[nodiscard]] std::uint64_t result(std::uint64_t i) const noexcept {
    const auto v = bench::value(i);
    return is_heavy(v) ? all_heavy_(v) : all_light_(v);
  }

  /// In steps.
  [[nodiscard]] std::uint64_t cost(std::uint64_t i) const noexcept { return cost_of(bench::value(i)); }

 private:
  static bool is_heavy(std::uint64_t v) noexcept { return v % 100 == 0; }
  [[nodiscard]] std::uint64_t cost_of(std::uint64_t v) const noexcept { return is_heavy(v) ? heavy_ : light_; }

  std::uint64_t light_, heavy_;
  steps all_light_, all_heavy_;
};

/// The sum of the results. Where order is promised, the sum depends on it.
struct results : answer {
  explicit results(bool with_order) noexcept : in_order(with_order) {}

  void add(std::uint64_t v) noexcept {
    if (in_order) sum *= 3;
    answer::add(v);
  }

  bool in_order;
};

enum class order : std::uint8_t { any, kept };

inline std::size_t cores() noexcept {
  static const std::size_t count = std::max(1U, std::thread::hardware_concurrency());
  return count;
}

/// How many threads the farm of the moment has: a thread per core, except where it is asked how farms grow.
inline std::size_t& threads() noexcept {
  static std::size_t count = cores();
  return count;
}

/// One case of a contender.
template <class Contender>
struct farm {
  answer operator()(std::uint64_t n) const { return Contender::run(ordering, what, n); }
  void prepare(std::uint64_t n) const {
    threads() = workers;
    if constexpr (requires { Contender::prepare(what, n); }) Contender::prepare(what, n);
  }

  order ordering;
  work what;
  std::size_t workers = cores();
};

/// Runs the cases of a contender, which has `static answer run(order, const work&, std::uint64_t n)` for items 0 to
/// n - 1, and may have `static void prepare(const work&, std::uint64_t n)`, which is not timed.
template <class Contender>
int compete(int argc, char** argv) {
  const auto add = [](const std::string& name, order o, work w, std::size_t workers = cores()) {
    bench::add_case(name, farm<Contender>{o, w, workers}, [=](std::uint64_t n) -> answer {
      results right(o == order::kept);
      for (std::uint64_t i = 0; i < n; ++i) right.add(w.result(i));
      return right;
    });
  };
  for (const auto o : {order::any, order::kept}) {
    const std::string name = o == order::any ? "unordered" : "ordered";
    add("farm/" + name + "/0.2us", o, work(0.2, false));
    add("farm/" + name + "/1us", o, work(1, false));
    add("farm/" + name + "/10us", o, work(10, false));
    add("farm/" + name + "/100us", o, work(100, false));
    add("farm/skewed_" + name + "/1us", o, work(1, true));
  }
  for (std::size_t t = 1; t <= cores(); t *= 2) {
    add("farm/scaling/1us/t" + std::to_string(t), order::any, work(1, false), t);
  }
  return bench::run_cases(argc, argv);
}

}  // namespace farms
