// Resequencing on real threads.
#include <gtest/gtest.h>

#include <cstdint>
#include <ranges>
#include <string>
#include <vector>

#include "penstock/penstock.hpp"
#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;

TEST(resequence_run, puts_in_order_what_several_workers_made_in_any_order) {
  constexpr int items = 50'000;
  for (const std::size_t threads : {1U, 2U}) {
    for (const std::size_t workers : {1U, 2U, 4U}) {
      for (const auto where : {place::cpu, place::blocking}) {
        runtime rt({.cpu_workers = threads});
        int next = 0;
        const auto r =
            finish(rt, {"order", producer({.name = "count"}, std::views::iota(0, items)),
                        keyed_transform(
                            {.name = "apply", .workers = workers, .capacity = 100, .on = where},
                            [](int n) { return n % 13; }, [](int n) { return n; }),
                        // As large as the input: any number of items may overtake one.
                        resequence({.name = "in order", .window = items, .capacity = 100}, [](int n) { return n; }),
                        consumer({.name = "sink"}, [&](int n) { EXPECT_EQ(n, next++); })});
        EXPECT_TRUE(r.ok()) << r;
        EXPECT_EQ(next, items);
      }
    }
  }
}

// [chunks]
struct chunk {
  std::uint64_t number = 0;
  std::string text;
};

/// Puts a text together whose parts come in any order.
pipeline put_together(std::vector<chunk> parts, std::string& text) {
  return {"put together",  //
          producer({.name = "parts"}, std::move(parts)),
          resequence({.name = "in order", .window = 100}, &chunk::number),
          consumer({.name = "append"}, [&text](const chunk& part) { text += part.text; })};
}
// [/chunks]

TEST(resequence_run, puts_a_text_together_from_its_parts) {
  runtime rt({.cpu_workers = 1});
  std::string text;
  EXPECT_TRUE(finish(rt, put_together({{2, "in "}, {0, "one "}, {3, "order"}, {1, "text "}}, text)).ok());
  EXPECT_EQ(text, "one text in order");
}

}  // namespace
