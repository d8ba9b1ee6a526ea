// Random sequences of calls, against a naive model.
#include <gtest/gtest.h>

#include "core/queue_model.hpp"
#include "support/operations.hpp"

namespace penstock {
namespace {

using namespace penstock_tests;

TEST(queue_rules, agree_with_a_naive_model_on_random_sequences) {
  agree_on_random_operations(queue_player::play, 2000);
}

TEST(shrinking, leaves_only_the_operations_that_a_failure_needs) {
  // Fails where an operation 7 with a number of at least 100 comes some time before an operation 9.
  const auto play = [](std::span<const operation> all, std::ostream& log) {
    bool seven = false;
    for (const auto& o : all) {
      log << static_cast<int>(o.what) << " " << static_cast<int>(o.a) << "\n";
      seven = seven || (o.what == 7 && o.a >= 100);
      demand(!seven || o.what != 9, "nine after seven");
    }
  };
  operations all(500, {3, 200, 50});
  all[111] = {7, 250, 1};
  all[333] = {9, 77, 1};
  EXPECT_EQ(shortest_failure(play, all), "7 100\n9 0\nnine after seven (2 operations, shrunk from 500)\n");
  EXPECT_EQ(shortest_failure(play, operations(500)), "");
}

}  // namespace
}  // namespace penstock
