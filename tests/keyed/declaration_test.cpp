// What keyed stages and resequences are as declarations: refused where they cannot work, drawn, and their bound known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "penstock/base/error.hpp"
#include "penstock/pipeline/pipeline.hpp"

namespace {

using namespace penstock;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto same = [](int i) { return i; };
constexpr auto nothing = [](int) {};

template <class Stage>
pipeline around(Stage middle) {
  return {"job", producer({.name = "first"}, std::vector<int>{}), std::move(middle),
          consumer({.name = "last"}, nothing)};
}

std::string refusal(const pipeline& p) {
  try {
    p.check();
  } catch (const declaration_error& e) {
    return e.what();
  }
  return "not refused";
}

#define EXPECT_REFUSED(declaration, why) \
  EXPECT_THAT(refusal(declaration), AllOf(HasSubstr("pipeline 'job'"), HasSubstr("'odd'"), HasSubstr(why)))

TEST(keyed_check, refuses_stages_without_workers_or_capacity) {
  EXPECT_EQ(refusal(around(keyed_transform({.name = "odd", .workers = 1, .capacity = 1}, same, same))), "not refused");
  EXPECT_REFUSED(around(keyed_transform({.name = "odd", .workers = 0}, same, same)), "0 workers");
  EXPECT_REFUSED(around(keyed_transform({.name = "odd", .capacity = 0}, same, same)), "capacity 0");
  EXPECT_REFUSED(pipeline("job", producer({.name = "first"}, std::vector<int>{}),
                          keyed_consumer({.name = "odd", .workers = 0}, same, nothing)),
                 "0 workers");
}

TEST(resequence_check, refuses_a_window_of_nothing_or_beyond_any_memory) {
  EXPECT_EQ(refusal(around(resequence({.name = "odd", .window = 1, .capacity = 1}, same))), "not refused");
  EXPECT_REFUSED(around(resequence({.name = "odd", .window = 0}, same)), "window is 0");
  EXPECT_REFUSED(around(resequence({.name = "odd", .window = std::numeric_limits<std::size_t>::max()}, same)),
                 "window is beyond any memory");
  EXPECT_REFUSED(around(resequence({.name = "odd", .capacity = 0}, same)), "capacity 0");
}

TEST(keyed_drawing, says_how_keys_are_divided_and_numbers_put_in_order) {
  const pipeline p("job", producer({.name = "a"}, std::vector<int>{}),
                   keyed_transform({.name = "b", .workers = 4, .capacity = 2}, same, same),
                   resequence({.name = "c", .window = 7, .capacity = 2}, same),
                   keyed_consumer({.name = "d", .capacity = 2, .on = place::blocking}, same, nothing));
  EXPECT_EQ(p.mermaid(), R"(flowchart LR
  s0["a<br/>producer"]
  s1["b<br/>keyed_transform x4"]
  s2["c<br/>resequence within 7"]
  s3["d<br/>keyed_consumer, blocking"]
  s0 -->|"int, 2"| s1
  s1 -->|"int, 2"| s2
  s2 -->|"int, 2"| s3
  %% at most 19 items at a time
)");
  EXPECT_EQ(p.bound(), 1U + 2U + 4U + 2U + 7U + 2U + 1U);
}

}  // namespace
