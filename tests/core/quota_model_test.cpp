// The quota against a count of what has passed.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <span>

#include "penstock/core/quota.hpp"
#include "support/operations.hpp"

namespace penstock {
namespace {

using namespace penstock_tests;

/// The first operation says how many may pass.
void play(std::span<const operation> all, std::ostream& log) {
  if (all.empty()) return;
  const std::size_t count = 1 + all[0].a;
  log << "a quota of " << count << "\n";
  quota rules(count);
  std::size_t passed = 0;
  for (const auto& o : all.subspan(1)) {
    const auto may = std::min<std::size_t>(o.a % 16, count - passed);
    log << "of " << o.a % 16 << ", " << may << " may pass\n";
    same("may pass", rules.of(o.a % 16), may);
    const auto some = may == 0 ? 0 : o.b % (may + 1);
    log << some << " pass\n";
    passed += some;
    same("they were the last", rules.passed(some), passed == count);
  }
}

TEST(quota, agrees_with_a_count_on_random_sequences) { agree_on_random_operations(play, 2000); }

}  // namespace
}  // namespace penstock
