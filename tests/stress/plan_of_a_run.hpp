// What one random run looks like, decided from a seed alone, and what must come out of it.
//
// Whether a body throws, drops or multiplies an item depends on the seed, the stage and the item, and on nothing else:
// so the outcome can be foretold by a loop, whatever the threads do.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <penstock/penstock.hpp>

namespace penstock_tests::stress {

/// Scrambles a number into one that looks like no other (the finalizer of SplitMix64).
inline std::uint64_t scramble(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// Where a row of random rounds begins: as told, else somewhere else each time.
inline std::uint64_t first_seed() {
  const char* const told = std::getenv("PENSTOCK_FIRST_SEED");
  return told != nullptr ? std::strtoull(told, nullptr, 10)
                         : static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
}

/// Numbers from a seed; the same on every machine.
class dice {
 public:
  explicit dice(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t any() noexcept { return scramble(++state_); }
  std::size_t below(std::size_t n) noexcept { return static_cast<std::size_t>(any() % n); }
  std::size_t between(std::size_t low, std::size_t high) noexcept { return low + below(high - low + 1); }
  bool one_in(std::size_t n) noexcept { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

enum class work : std::uint8_t {
  produce,
  transform,
  filter,
  filter_map,
  flat_map,
  async_transform,
  batch,
  unbatch,
  consume
};

struct stage_plan {
  work what = work::transform;
  std::string name{};
  std::size_t workers = 1;
  std::size_t capacity = 1;
  std::size_t window = 0;
  penstock::order order = penstock::order::any;
  penstock::place on = penstock::place::cpu;
  penstock::error_policy on_error = penstock::fail_fast;
  std::size_t count = 1;  ///< of a batch
  penstock::duration within = penstock::duration::max();
  std::uint64_t throws_of_1000 = 0;
  std::uint64_t spins_of_1000 = 0;
  std::uint64_t nests_of_1000 = 0;  ///< runs a pipeline inside its body
  std::uint64_t waits_of_1000 = 0;  ///< waits until the next stage has begun with all that went before
  bool keeps_order = true;
};

enum class source_kind : std::uint8_t { range, callable, queue, coroutine };
enum class sink_kind : std::uint8_t { plain, coroutine, queue };
enum class ending : std::uint8_t {
  natural,
  stop,
  cancel,
  drain,
  let_go,
  parent_stops,
  parent_cancels,
  runtime_goes,
  sink_closes
};

struct run_plan {
  std::uint64_t seed = 0;
  std::size_t items = 0;
  source_kind source = source_kind::range;
  sink_kind sink = sink_kind::plain;
  std::size_t layout = 0;
  std::vector<stage_plan> stages;  ///< the producer first
  ending end = ending::natural;
  std::uint64_t end_after = 0;  ///< bodies begun
  bool close_with_error = false;

  [[nodiscard]] std::uint64_t fate(std::size_t stage, std::uint64_t value) const noexcept {
    return scramble(seed ^ scramble(value ^ (stage * 0x51ed27U)));
  }
  [[nodiscard]] bool throws(std::size_t stage, std::uint64_t value) const noexcept {
    return fate(stage, value) % 1000 < stages[stage].throws_of_1000;
  }

  /// What the body of `stage` makes of `value`, if it does not throw.
  [[nodiscard]] std::vector<std::uint64_t> made_of(std::size_t stage, std::uint64_t value) const {
    const auto f = fate(stage, value) >> 10;
    const auto changed = scramble(value + stage);
    switch (stages[stage].what) {
      case work::filter: return f % 4 == 0 ? std::vector<std::uint64_t>{} : std::vector{value};
      case work::filter_map: return f % 4 == 0 ? std::vector<std::uint64_t>{} : std::vector{changed};
      case work::flat_map: {
        std::vector<std::uint64_t> all;
        for (std::uint64_t i = 0; i < f % 4; ++i) all.push_back(scramble(changed + i));
        return all;
      }
      case work::transform:
      case work::async_transform: return {changed};
      case work::produce:
      case work::batch:
      case work::unbatch:
      case work::consume: break;
    }
    return {value};
  }

  struct outcome {
    std::vector<std::uint64_t> seen;  ///< by the consumer, in order
    bool fails = false;               ///< some body throws under fail_fast
  };

  /// What a run comes to that nobody ends.
  [[nodiscard]] outcome foretell() const {
    outcome o;
    for (std::uint64_t i = 0; i < items; ++i) follow(0, i, o);
    return o;
  }

  [[nodiscard]] bool keeps_order() const noexcept {
    for (const auto& s : stages) {
      if (!s.keeps_order) return false;
    }
    return true;
  }

 private:
  void follow(std::size_t stage, std::uint64_t value, outcome& o) const {
    if (stage == stages.size()) {
      o.seen.push_back(value);
    } else if (throws(stage, value)) {
      o.fails = o.fails || stages[stage].on_error == penstock::fail_fast;
    } else {
      for (const auto next : made_of(stage, value)) follow(stage + 1, next, o);
    }
  }
};

/// The middle of each layout: stages of one kind in a row, any number of them.
inline const std::vector<std::vector<work>>& layouts() {
  static const std::vector<std::vector<work>> all{
      {work::transform, work::filter, work::async_transform, work::flat_map},
      {work::async_transform, work::batch, work::unbatch, work::filter_map, work::transform},
      {work::flat_map, work::transform, work::filter_map, work::async_transform},
  };
  return all;
}

inline stage_plan random_stage(dice& d, work what, std::size_t number) {
  using namespace std::chrono_literals;
  stage_plan s;
  s.what = what;
  s.name = "s" + std::to_string(number);
  s.capacity = d.one_in(3) ? d.between(1, 3) : d.between(1, 64);
  if (what == work::batch) {
    s.count = d.one_in(2) ? d.between(1, 4) : d.between(1, 40);
    if (d.one_in(2)) s.within = std::chrono::microseconds(d.between(1, 500));
    return s;
  }
  if (what != work::produce) s.workers = d.one_in(2) ? 1 : d.between(2, 4);
  if (what != work::produce && what != work::consume && d.one_in(2)) {
    s.order = penstock::order::kept;
    if (s.workers > 1 && d.one_in(2)) s.window = d.between(s.workers, 3 * s.workers);
  }
  s.keeps_order = s.workers == 1 || s.order == penstock::order::kept;
  if (what != work::async_transform && d.one_in(4)) s.on = penstock::place::blocking;
  if (what == work::unbatch) return s;
  if (d.one_in(4)) s.spins_of_1000 = d.one_in(2) ? 20 : 500;
  if (d.one_in(8)) s.nests_of_1000 = 20;
  if (d.one_in(4)) s.on_error = penstock::skip;
  if (d.one_in(s.on_error == penstock::skip ? 2 : 24)) s.throws_of_1000 = d.one_in(2) ? 2 : 100;
  return s;
}

inline run_plan random_run(std::uint64_t seed, std::size_t cpu_workers, bool may_wait) {
  dice d(seed);
  run_plan p;
  p.seed = seed;
  p.items = d.one_in(8) ? d.between(0, 3) : d.one_in(8) ? d.between(0, 4000) : d.between(0, 400);
  p.source = static_cast<source_kind>(d.below(4));
  p.sink = static_cast<sink_kind>(d.below(3));
  p.layout = d.below(layouts().size());
  p.stages.push_back(random_stage(d, work::produce, 0));
  if (p.source == source_kind::range || p.source == source_kind::queue) p.stages[0].throws_of_1000 = 0;
  for (const auto what : layouts()[p.layout]) {
    const bool once = what == work::batch || what == work::unbatch;
    for (auto n = once ? 1 : d.below(3); n > 0; --n) p.stages.push_back(random_stage(d, what, p.stages.size()));
  }
  p.stages.push_back(random_stage(d, work::consume, p.stages.size()));
  auto& last = p.stages.back();
  if (p.sink == sink_kind::queue) last = {.what = work::consume, .name = last.name, .capacity = last.capacity};
  if (p.sink == sink_kind::coroutine) last.keeps_order = last.workers == 1;
  // A coroutine must not wait for a run.
  if (p.source == source_kind::coroutine) p.stages[0].nests_of_1000 = 0;
  if (p.sink == sink_kind::coroutine) last.nests_of_1000 = 0;
  for (auto& s : p.stages) {
    if (s.what == work::async_transform) s.nests_of_1000 = 0;
  }
  p.close_with_error = p.source == source_kind::queue && d.one_in(8);
  if (d.one_in(2)) {
    p.end = static_cast<ending>(d.between(1, 8));
    p.end_after = d.below(d.one_in(2) ? 8 : 2 * p.items + 1);
  }
  if (p.end == ending::sink_closes && p.sink != sink_kind::queue) p.end = ending::natural;
  // A body may wait for the stage after it where a thread is left for that one.
  for (std::size_t i = 1; may_wait && i + 1 < p.stages.size(); ++i) {
    auto& s = p.stages[i];
    const bool has_body =
        p.stages[i + 1].what != work::batch && (i + 2 < p.stages.size() || p.sink != sink_kind::queue);
    const bool free = cpu_workers >= 2 || s.on == penstock::place::blocking;
    if (s.what != work::transform || s.workers != 1 || !has_body || !free || !d.one_in(3)) continue;
    s.waits_of_1000 = d.one_in(2) ? 5 : 50;
    break;
  }
  return p;
}

}  // namespace penstock_tests::stress
