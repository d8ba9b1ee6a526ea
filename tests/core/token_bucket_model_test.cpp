// The token bucket against one that counts tokens in a unit in which nothing is ever rounded: of `per` nanoseconds each
// is worth `count` units, and a token costs `per` of them.
#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <span>

#include "penstock/core/token_bucket.hpp"
#include "support/operations.hpp"

namespace penstock {
namespace {

using namespace penstock_tests;
using namespace std::chrono_literals;

/// The first operation is the rate and the burst.
void play(std::span<const operation> all, std::ostream& log) {
  if (all.empty()) return;
  const rate r{1 + all[0].a % 100, duration(1 + all[0].b * 7 + all[0].what)};
  const std::size_t burst = 1 + all[0].what % 5U;
  const auto each = r.per.count();
  const auto most = static_cast<std::int64_t>(burst) * each;
  log << r.count << " in " << each << " ns, burst " << burst << "\n";
  token_bucket bucket(r, burst);
  auto units = most;
  time_point now{1h};
  const auto pass = [&](std::int64_t ns) {
    now += duration(ns);
    units += ns * r.count;
  };
  for (const auto& o : all.subspan(1)) {
    switch (o.what % 4) {
      case 0:
      case 1: {
        log << "take with " << units << " of " << each << "\n";
        const bool there = units >= each;
        same("a token is there", bucket.take(now), there);
        // Full means full, but less than a nanosecond of overflow is not lost: instants are rounded up, and would
        // drift.
        if (units - most >= r.count) units = most;
        if (there) units -= each;
        break;
      }
      case 2: {
        if (units >= each) break;
        const auto missing = (each - units + r.count - 1) / r.count;
        log << "wait " << missing << " ns until it is due\n";
        same("due in", (bucket.due() - now).count(), missing);
        pass(missing);
        break;
      }
      default: log << static_cast<int>(o.a) << " ns pass\n"; pass(o.a);
    }
    same("due now", bucket.due() <= now, units >= each);
  }
}

TEST(token_bucket, agrees_with_counted_tokens_on_random_sequences) { agree_on_random_operations(play, 2000); }

}  // namespace
}  // namespace penstock
