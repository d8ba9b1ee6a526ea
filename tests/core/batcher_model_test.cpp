// The batcher against a list of the instants at which the items came.
#include <gtest/gtest.h>

#include <ostream>
#include <span>
#include <vector>

#include "penstock/core/batcher.hpp"
#include "support/operations.hpp"

namespace penstock {
namespace {

using namespace penstock_tests;
using namespace std::chrono_literals;

/// The first operation says how large and how old a batch may be.
void play(std::span<const operation> all, std::ostream& log) {
  if (all.empty()) return;
  const std::size_t count = 1 + all[0].a % 6U;
  const bool for_ever = all[0].b % 4 == 0;
  const duration within = for_ever ? duration::max() : duration(all[0].b * 1ms);
  log << "batches of " << count << ", within " << within.count() << " ns\n";
  batcher rules(count, within);
  std::vector<time_point> held;
  time_point now{1h};
  for (const auto& o : all.subspan(1)) {
    switch (o.what % 3) {
      case 0: {
        log << "an item\n";
        held.push_back(now);
        same("it is complete", rules.add(now), held.size() >= count);
        break;
      }
      case 1:
        log << "the batch leaves\n";
        held.clear();
        rules.taken();
        break;
      default: log << o.a << " ms pass\n"; now += o.a * 1ms;
    }
    // In the words of the contract: `within` after its first item.
    const auto due = held.empty() || for_ever ? never : held.front() + within;
    same("held", rules.held(), held.size());
    same("due", rules.due().time_since_epoch().count(), due.time_since_epoch().count());
    same("expired", rules.expired(now), now >= due);
  }
}

TEST(batcher, agrees_with_a_list_of_instants_on_random_sequences) { agree_on_random_operations(play, 2000); }

}  // namespace
}  // namespace penstock
