// Plans of runs by the dice: layouts, and what each of their stages is like.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "stress/plan_of_a_run.hpp"

namespace penstock_tests::stress {

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

/// What runs the run.
struct place_of_a_run {
  std::size_t cpu_workers = 1;
  bool bodies_may_wait = false;  ///< for the stage after them
  bool virtual_time = false;
};

/// Layouts without branches, in which a body may wait for the next stage, come first.
inline constexpr std::size_t layouts_to_wait_in = 3;

/// The middle of each layout: stages of one kind in a row, any number of them; of some kinds exactly one.
inline const std::vector<std::vector<work>>& layouts() {
  using enum work;
  static const std::vector<std::vector<work>> all{
      {transform, filter, async_transform, flat_map},
      {async_transform, batch, unbatch, filter_map, transform},
      {flat_map, transform, filter_map, async_transform},
      {retried, buried, flat_map, async_retried, async_buried, filter},
      {transform, route, branch, keyed, branch, retried, branch, async_transform, join, resequence, throttle,
       transform},
      {keyed, weighed, filter, async_weighed, buried, take, transform},
      {weighed, tee, branch, weighed, branch, async_retried, branch, keyed, join, flat_map, throttle, filter_map},
      {filter, route, branch, weighed, branch, tee, branch, retried, branch, transform, join, join, keyed,
       async_buried},
      {produce, weighed, keyed, batch, unbatch, throttle, buried, take, transform},
  };
  return all;
}

constexpr bool stands_alone(work what) noexcept {
  using enum work;
  return what == produce || what == batch || what == unbatch || what == throttle || what == take ||
         what == resequence || what == tee || what == route;
}

/// A stage that has no body, and what is special about it.
inline void choose_without_body(dice& d, stage_plan& s) {
  switch (s.what) {
    case work::batch:
      s.count = d.one_in(2) ? d.between(1, 4) : d.between(1, 40);
      if (d.one_in(2)) s.within = std::chrono::microseconds(d.between(1, 500));
      break;
    case work::throttle:
      s.per_second = static_cast<int>(d.between(100'000, 1'000'000));
      s.burst = d.one_in(2) ? 1 : d.between(2, 8);
      break;
    case work::tee: s.drops_newest = d.one_in(4); break;
    case work::take: s.count = d.one_in(2) ? d.between(1, 10) : d.between(1, 400); break;
    case work::resequence:
      s.window = d.one_in(2) ? 0 : d.between(1, 40);
      if (s.window == 0 && d.one_in(3)) s.on_gap = penstock::gap::fail;
      if (s.window != 0) s.on_error = penstock::skip;
      break;
    default: break;
  }
}

/// How a stage fails, tries again, and for how long it may.
inline void choose_failures(dice& d, stage_plan& s, bool virtual_time) {
  if (d.one_in(4)) s.on_error = penstock::skip;
  if (d.one_in(s.on_error == penstock::skip ? 2 : 24)) s.throws_of_1000 = d.one_in(2) ? 2 : 100;
  if (tries_again(s.what)) {
    s.attempts = static_cast<unsigned>(d.between(1, 6));
    s.backoff = std::chrono::microseconds(d.one_in(4) ? 0 : d.between(1, virtual_time ? 3000 : 100));
    s.throws_of_1000 = d.one_in(2) ? 50 : 300;
    if (!buries(s.what) && s.on_error == penstock::fail_fast && d.one_in(2)) s.attempts = 6;  // enough for all
  }
  if (is_async(s.what) && d.one_in(2)) {
    // Longer than any body lingers that is to succeed. On real threads only a limit that never strikes is certain.
    s.limit =
        virtual_time ? penstock::duration(std::chrono::microseconds(d.between(601, 1000))) : std::chrono::hours(1);
    s.limit_strikes = virtual_time;
  }
}

inline stage_plan random_stage(dice& d, work what, std::size_t number, bool virtual_time) {
  stage_plan s;
  s.what = what;
  s.name = "s" + std::to_string(number);
  s.capacity = d.one_in(3) ? d.between(1, 3) : d.between(1, 64);
  if (stands_alone(what) && what != work::produce && what != work::unbatch && what != work::route) {
    choose_without_body(d, s);
    return s;
  }
  const bool inside = what != work::produce && what != work::consume;
  if (what != work::produce && what != work::route) s.workers = d.one_in(2) ? 1 : d.between(2, 4);
  if (inside && what != work::route && what != work::keyed && d.one_in(2)) {
    s.order = penstock::order::kept;
    if (s.workers > 1 && d.one_in(2)) s.window = d.between(s.workers, 3 * s.workers);
  }
  s.keeps_order = s.workers == 1 || s.order == penstock::order::kept || what == work::keyed;
  if (!is_async(what) && what != work::route && d.one_in(4)) s.on = penstock::place::blocking;
  if (what == work::unbatch) return s;
  if (weighs(what)) s.most_weight = d.between(1, 2 * run_plan::weight_limit);
  if (d.one_in(4)) s.spins_of_1000 = d.one_in(2) ? 20 : 500;
  if (!is_async(what) && d.one_in(8)) s.nests_of_1000 = 20;  // a coroutine must not wait for a run
  choose_failures(d, s, virtual_time);
  return s;
}

/// Adds stages to a plan and says which comes after which.
class stage_row {
 public:
  stage_row(dice& d, run_plan& p, bool virtual_time) : dice_(d), plan_(p), virtual_time_(virtual_time) {}

  /// One of a layout's words.
  void add(work what) {
    if (what == work::branch) return begin_branch();
    if (what == work::join) return join();
    const auto least = one_at_least_ ? 1U : 0U;
    one_at_least_ = false;
    for (auto n = stands_alone(what) ? 1 : dice_.between(least, 2); n > 0; --n) add_stage(what);
  }

  void add_stage(work what) {
    const auto number = plan_.stages.size();
    plan_.stages.push_back(random_stage(dice_, what, number, virtual_time_));
    if (what == work::produce) {
      plan_.sources = number + 1;
    } else {
      for (const auto& e : ends_)
        (e.branch ? plan_.stages[e.stage].branches[*e.branch] : plan_.stages[e.stage].next) = number;
      ends_.clear();
    }
    plan_.stages.back().next = number + 1;
    if (what == work::tee || what == work::route) {
      forks_.push_back({.stage = number});
    } else {
      ends_.push_back({.stage = number});
    }
  }

 private:
  /// What goes on with the next stage.
  struct end {
    std::size_t stage = 0;
    std::optional<std::size_t> branch{};  ///< of a fork: it is empty so far
  };
  struct fork {
    std::size_t stage = 0;
    std::vector<end> ends{};  ///< of the branches before the one under way
  };

  void begin_branch() {
    auto& f = forks_.back();
    auto& s = plan_.stages[f.stage];
    f.ends.insert(f.ends.end(), ends_.begin(), ends_.end());
    ends_ = {{.stage = f.stage, .branch = s.branches.size()}};
    // Only one copy may come out of a tee as it went in, or nobody could tell which way it went.
    one_at_least_ = s.what == work::tee && !s.branches.empty();
    s.branches.push_back(0);
  }

  void join() {
    const auto& all = forks_.back().ends;
    ends_.insert(ends_.end(), all.begin(), all.end());
    forks_.pop_back();
    one_at_least_ = false;
  }

  dice& dice_;
  run_plan& plan_;
  bool virtual_time_;
  bool one_at_least_ = false;
  std::vector<end> ends_;
  std::vector<fork> forks_;
};

/// No item overtakes another in the stage, so that what comes out of its neighbours can be foretold in order.
inline void put_in_order(stage_plan& s) {
  if (s.what == work::consume) s.workers = 1;
  if (s.workers > 1 && s.what != work::keyed) s.order = penstock::order::kept;
  s.keeps_order = true;
}

/// A body may wait for the stage after it where a thread is left for that one.
inline void choose_who_waits(dice& d, run_plan& p, std::size_t cpu_workers) {
  for (std::size_t i = 1; i + 1 < p.stages.size(); ++i) {
    auto& s = p.stages[i];
    const bool has_body =
        p.stages[i + 1].what != work::batch && (i + 2 < p.stages.size() || p.sink != sink_kind::queue);
    const bool free = cpu_workers >= 2 || s.on == penstock::place::blocking;
    if (s.what != work::transform || s.workers != 1 || !has_body || !free || !d.one_in(3)) continue;
    s.waits_of_1000 = d.one_in(2) ? 5 : 50;
    return;
  }
}

inline run_plan random_run(std::uint64_t seed, const place_of_a_run& place) {
  dice d(seed);
  run_plan p;
  p.seed = seed;
  p.items = d.one_in(8) ? d.between(0, 3) : d.one_in(8) ? d.between(0, 4000) : d.between(0, 400);
  p.source = static_cast<source_kind>(d.below(4));
  p.sink = static_cast<sink_kind>(d.below(3));
  p.layout = d.below(layouts().size());
  stage_row row(d, p, place.virtual_time);
  row.add_stage(work::produce);
  for (const auto what : layouts()[p.layout]) row.add(what);
  row.add_stage(work::consume);
  if (p.source == source_kind::range || p.source == source_kind::queue) p.stages[0].throws_of_1000 = 0;
  auto& last = p.stages.back();
  if (p.sink == sink_kind::queue) {
    last = {.what = work::consume, .name = last.name, .capacity = last.capacity, .next = last.next};
  }
  if (p.sink == sink_kind::coroutine) last.keeps_order = last.workers == 1;
  if (d.one_in(3)) std::ranges::for_each(p.stages, put_in_order);
  // A coroutine must not wait for a run.
  if (p.source == source_kind::coroutine) p.stages[0].nests_of_1000 = 0;
  if (p.sink == sink_kind::coroutine) last.nests_of_1000 = 0;
  // What passes a take must arrive, or its number could not be foretold where its order cannot.
  const auto take = std::ranges::find(p.stages, work::take, &stage_plan::what);
  for (auto s = take; s != p.stages.end(); ++s) s->throws_of_1000 = 0;
  p.bounded = d.one_in(3);
  p.spare = d.one_in(2) ? d.below(4) : d.below(100);
  p.close_with_error = p.source == source_kind::queue && d.one_in(8);
  if (d.one_in(2)) {
    p.end = static_cast<ending>(d.between(1, 8));
    p.end_after = d.below(d.one_in(2) ? 8 : 2 * p.items + 1);
  }
  if (p.end == ending::sink_closes && p.sink != sink_kind::queue) p.end = ending::natural;
  if (place.bodies_may_wait && p.layout < layouts_to_wait_in) choose_who_waits(d, p, place.cpu_workers);
  return p;
}

}  // namespace penstock_tests::stress
