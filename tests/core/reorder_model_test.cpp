// The reorder window against a map from the first number of a run to the run.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <ostream>
#include <span>
#include <vector>

#include "penstock/core/reorder.hpp"
#include "support/operations.hpp"

namespace penstock {
namespace {

using namespace penstock_tests;
using run_of_items = std::vector<int>;

struct model_run {
  std::size_t count;
  bool finished = false;
};

run_of_items items_of(std::uint64_t first, std::size_t count, std::uint8_t kept) {
  return run_of_items(kept % (count + 1), static_cast<int>(first));
}

/// The first operation says how wide the window is.
void play(std::span<const operation> all, std::ostream& log) {
  if (all.empty()) return;
  const std::size_t width = 1 + all[0].a % 9U;
  log << "a window of " << width << "\n";
  reorder<run_of_items> window(width);
  std::map<std::uint64_t, model_run> claimed;
  std::map<std::uint64_t, run_of_items> results;
  std::uint64_t next = 0;
  std::size_t held = 0;
  for (const auto& o : all.subspan(1)) {
    switch (o.what % 3) {
      case 0: {
        if (held == width) break;
        const auto count = 1 + o.a % (width - held);
        log << "claim " << count << "\n";
        same("the first number", window.claim(count), next);
        claimed[next] = {count};
        next += count;
        held += count;
        break;
      }
      case 1: {
        std::vector<std::uint64_t> open;
        for (const auto& [first, run] : claimed) {
          if (!run.finished) open.push_back(first);
        }
        if (open.empty()) break;
        const auto first = open[o.a % open.size()];
        auto& run = claimed[first];
        results[first] = items_of(first, run.count, o.b);
        log << "the run of " << run.count << " from " << first << " finishes with " << results[first].size() << "\n";
        run.finished = true;
        window.finish(first, run.count, results[first]);
        break;
      }
      default: {
        const bool may_leave = !claimed.empty() && claimed.begin()->second.finished;
        log << "look at the front\n";
        same("the first run may leave", window.front() != nullptr, may_leave);
        if (!may_leave) break;
        const auto first = claimed.begin()->first;
        log << "it leaves\n";
        same("what leaves", window.pop_front(), results[first]);
        held -= claimed[first].count;
        claimed.erase(first);
        results.erase(first);
      }
    }
    same("free", window.free(), width - held);
    same("empty", window.empty(), claimed.empty());
  }
}

TEST(reorder, agrees_with_a_map_on_random_sequences) { agree_on_random_operations(play, 2000); }

}  // namespace
}  // namespace penstock
