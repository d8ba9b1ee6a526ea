// What one random run looks like, decided from a seed alone, and what must come out of it.
//
// Whether a body throws, drops or multiplies an item depends on the seed, the stage, the item and the attempt, and on
// nothing else: so the outcome can be foretold by a loop, whatever the threads do.
//
// What cannot be foretold: the order between items that went different ways (keys, branches, sources) or through a
// stage that does not keep it; so which items come first at a `take` there, only how many it lets through; what else
// happens before a `take` when it has enough; which items come too late for a `resequence` whose window is smaller than
// the disorder before it; and which copies find no room behind a `tee` that drops them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
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

enum class work : std::uint8_t {
  produce,
  transform,
  filter,
  filter_map,
  flat_map,
  async_transform,
  batch,
  unbatch,
  consume,
  retried,        ///< a transform under retry
  buried,         ///< a transform under retry with dead letters
  async_retried,  ///< the same with coroutines and a time limit
  async_buried,
  weighed,  ///< a transform behind an edge with weights
  async_weighed,
  keyed,
  throttle,
  take,
  resequence,
  tee,
  route,
  branch,  ///< no stage: in a layout, a branch of the fork before begins
  join     ///< no stage: the branches of the fork come together
};

constexpr bool is_async(work what) noexcept {
  return what == work::async_transform || what == work::async_retried || what == work::async_buried ||
         what == work::async_weighed;
}
constexpr bool buries(work what) noexcept { return what == work::buried || what == work::async_buried; }
constexpr bool tries_again(work what) noexcept {
  return buries(what) || what == work::retried || what == work::async_retried;
}
constexpr bool weighs(work what) noexcept { return what == work::weighed || what == work::async_weighed; }
constexpr bool multiplies(work what) noexcept {
  return what == work::flat_map || what == work::unbatch || what == work::tee;
}

struct stage_plan {
  work what = work::transform;
  std::string name{};
  std::size_t workers = 1;
  std::size_t capacity = 1;
  std::size_t window = 0;  ///< also of a resequence; there, 0: all items find room
  penstock::order order = penstock::order::any;
  penstock::place on = penstock::place::cpu;
  penstock::error_policy on_error = penstock::fail_fast;
  std::size_t count = 1;  ///< of a batch or a take
  penstock::duration within = penstock::duration::max();
  unsigned attempts = 1;
  penstock::duration backoff{};
  penstock::duration limit = penstock::duration::max();
  bool limit_strikes = false;  ///< some attempts fail by it instead of by throwing
  std::uint64_t most_weight = 0;
  int per_second = 0;  ///< of a throttle
  std::size_t burst = 1;
  penstock::gap on_gap = penstock::gap::skip_over;
  std::uint64_t throws_of_1000 = 0;
  std::uint64_t spins_of_1000 = 0;
  std::uint64_t nests_of_1000 = 0;  ///< runs a pipeline inside its body
  std::uint64_t waits_of_1000 = 0;  ///< waits until the next stage has begun with all that went before
  bool keeps_order = true;
  bool drops_newest = false;            ///< a tee, on its second branch
  std::size_t next = 0;                 ///< the number of the stage after it
  std::vector<std::size_t> branches{};  ///< of a fork: the numbers of the first stages
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

/// An item on its way.
struct traveller {
  std::uint64_t value = 0;
  std::uint64_t number = 0;  ///< of its source
  std::uint64_t way = 0;     ///< the same for items that went the same way; these keep their order,
  bool ordered = true;       ///< if every stage on it does
};

struct run_plan {
  std::uint64_t seed = 0;
  std::size_t items = 0;  ///< of each source
  source_kind source = source_kind::range;
  sink_kind sink = sink_kind::plain;
  std::size_t layout = 0;
  std::size_t sources = 1;
  std::vector<stage_plan> stages;  ///< the producers first
  bool bounded = false;            ///< with `run_options::in_flight`:
  std::size_t spare = 0;           ///< so many more than are needed to move at all
  ending end = ending::natural;
  std::uint64_t end_after = 0;  ///< bodies begun
  bool close_with_error = false;

  static constexpr std::uint64_t weight_limit = 10;
  static constexpr std::uint64_t weight_of(std::uint64_t value) noexcept { return value % weight_limit; }

  [[nodiscard]] std::uint64_t fate(std::size_t stage, std::uint64_t value) const noexcept {
    return scramble(seed ^ scramble(value ^ (stage * 0x51ed27U)));
  }

  /// So many attempts at the item fail, at least; then it would succeed.
  [[nodiscard]] unsigned failing_attempts(std::size_t stage, std::uint64_t value) const noexcept {
    const auto f = fate(stage, value);
    const auto& s = stages[stage];
    if (f % 1000 >= s.throws_of_1000) return 0;
    return tries_again(s.what) ? 1 + static_cast<unsigned>((f >> 50) % 5) : s.attempts;
  }
  /// A failing attempt fails by the time limit.
  [[nodiscard]] bool lingers(std::size_t stage, std::uint64_t value, unsigned attempt) const noexcept {
    return stages[stage].limit_strikes && attempt <= failing_attempts(stage, value) &&
           scramble(fate(stage, value) + attempt) % 2 == 0;
  }
  [[nodiscard]] bool throws(std::size_t stage, std::uint64_t value, unsigned attempt) const noexcept {
    return attempt <= failing_attempts(stage, value) && !lingers(stage, value, attempt);
  }

  [[nodiscard]] std::uint64_t key_of(std::size_t stage, std::uint64_t value) const noexcept {
    return (fate(stage, value) >> 5) % 7;
  }
  [[nodiscard]] std::size_t branch_of(std::size_t stage, std::uint64_t value) const noexcept {
    return static_cast<std::size_t>((fate(stage, value) >> 5) % stages[stage].branches.size());
  }

  /// What the body of `stage` makes of `value`, if it does not throw.
  [[nodiscard]] std::vector<std::uint64_t> made_of(std::size_t stage, std::uint64_t value) const {
    const auto f = fate(stage, value) >> 10;
    const auto changed = scramble(value ^ scramble(stage));
    switch (stages[stage].what) {
      case work::filter: return f % 4 == 0 ? std::vector<std::uint64_t>{} : std::vector{value};
      case work::filter_map: return f % 4 == 0 ? std::vector<std::uint64_t>{} : std::vector{changed};
      case work::flat_map: {
        std::vector<std::uint64_t> all;
        for (std::uint64_t i = 0; i < f % 4; ++i) all.push_back(scramble(changed + i));
        return all;
      }
      case work::transform:
      case work::async_transform:
      case work::retried:
      case work::buried:
      case work::async_retried:
      case work::async_buried:
      case work::weighed:
      case work::async_weighed:
      case work::keyed: return {changed};
      default: return {value};
    }
  }

  /// The value of an item of a source.
  static constexpr std::uint64_t source_value(std::size_t of, std::uint64_t number) noexcept {
    return (std::uint64_t{of} << 32) + number;
  }

  struct letter {
    std::size_t stage = 0;
    std::uint64_t value = 0;
    unsigned attempts = 1;
    friend auto operator<=>(const letter&, const letter&) noexcept = default;
  };

  struct outcome {
    explicit outcome(std::size_t stages) : came(stages), retried(stages), heaviest(stages) {}

    std::vector<traveller> seen;  ///< by the consumer; those that went the same way in order
    std::vector<letter> letters;
    std::vector<std::uint64_t> came, retried, heaviest;  ///< by stage
    bool fails = false;                                  ///< some body throws under fail_fast, or a number is missing
    bool cut = false;                                    ///< a take has enough
    std::size_t most = std::numeric_limits<std::size_t>::max();  ///< of `seen` come, whichever they are
    bool loses = false;  ///< some may come too late for a resequence, or find no room behind a tee
  };

  /// What a run comes to that nobody ends. Without `takes`: if each take let everything pass.
  [[nodiscard]] outcome foretell(bool takes = true) const {
    outcome o(stages.size());
    for (std::size_t from = 0; from < sources; ++from) {
      for (std::uint64_t i = 0; i < items; ++i) {
        follow(from, {.value = source_value(from, i), .number = i, .way = sources == 1 ? 0 : from + 1}, takes, o);
      }
    }
    return o;
  }

  [[nodiscard]] bool has(bool (&such)(work)) const noexcept {
    return std::ranges::any_of(stages, [&such](const stage_plan& s) { return such(s.what); });
  }

  [[nodiscard]] std::size_t window_of_resequence(const stage_plan& s) const noexcept {
    return s.window != 0 ? s.window : std::max<std::size_t>(items, 1);
  }

 private:
  static std::uint64_t apart(std::uint64_t way, std::size_t stage, std::uint64_t which) noexcept {
    return scramble(way ^ scramble(which ^ scramble(stage)));
  }

  void follow(std::size_t at, traveller t, bool takes, outcome& o) const {
    if (at == stages.size()) return o.seen.push_back(t);
    const auto& s = stages[at];
    const auto before = o.came[at]++;
    o.heaviest[at] = std::max(o.heaviest[at], weight_of(t.value));
    const auto failing = failing_attempts(at, t.value);
    o.retried[at] += std::min(failing, s.attempts - 1);
    if (failing >= s.attempts) {
      if (buries(s.what)) {
        o.letters.push_back({at, t.value, s.attempts});
      } else {
        o.fails = o.fails || s.on_error == penstock::fail_fast;
      }
      return;
    }
    t.ordered = t.ordered && s.keeps_order;
    const bool in_line = t.ordered && t.way == 0;
    switch (s.what) {
      case work::take:
        if (before + 1 >= s.count) o.cut = true;
        if (in_line && takes && before >= s.count) return;
        if (!in_line) o.most = s.count;
        break;
      case work::resequence:
        if (s.on_gap == penstock::gap::fail && t.number != before) o.fails = true;
        if (!in_line && window_of_resequence(s) < items) o.loses = true;
        t.ordered = true;
        t.way = 0;
        break;
      case work::keyed:
        if (s.workers > 1) t.way = apart(t.way, at, key_of(at, t.value));
        break;
      case work::route: {
        const auto branch = branch_of(at, t.value);
        t.way = apart(t.way, at, branch);
        return follow(s.branches[branch], t, takes, o);
      }
      case work::tee:
        for (std::size_t branch = 0; branch < s.branches.size(); ++branch) {
          if (s.drops_newest && branch == 1) o.loses = true;
          auto copy = t;
          copy.way = apart(t.way, at, branch);
          follow(s.branches[branch], copy, takes, o);
        }
        return;
      default: break;
    }
    for (const auto value : made_of(at, t.value)) {
      t.value = value;
      follow(s.next, t, takes, o);
    }
  }
};

}  // namespace penstock_tests::stress
