// What a declaration with branches says of itself before it runs, and what it is refused for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "penstock/pipeline/pipeline.hpp"

namespace penstock {
namespace {

using ::testing::HasSubstr;

constexpr auto same = [](int n) { return n; };
constexpr auto even = [](int n) { return n % 2 == 0; };

auto first() { return producer({.name = "first"}, std::vector<int>{}); }
auto step(std::string name) { return transform({.name = std::move(name), .capacity = 2}, same); }
auto end(std::string name) {
  return consumer({.name = std::move(name), .capacity = 2}, [](int) {});
}

std::string refusal(const pipeline& p) {
  try {
    p.check();
  } catch (const declaration_error& e) {
    return e.what();
  }
  return "not refused";
}

// [declared]
pipeline orders() {
  return {
      "orders",
      merge({.name = "all", .capacity = 8},  //
            branch(producer({.name = "shop"}, std::vector<int>{})),
            branch(producer({.name = "phone"}, std::vector<int>{}), transform({.name = "trim", .capacity = 2}, same))),
      tee({.name = "copy", .capacity = 4},
          branch({.overflow = overflow::drop_newest}, consumer({.name = "show", .capacity = 1}, [](int) {})), branch()),
      route({.name = "by size", .capacity = 2}, even,  //
            branch(transform({.name = "small", .workers = 2, .capacity = 3}, same)),
            branch(transform({.name = "large", .capacity = 1}, same))),
      consumer({.name = "store", .capacity = 16}, [](int) {})};
}
// [/declared]

TEST(branches_drawing, shows_where_the_line_divides_and_where_it_comes_together) {
  EXPECT_EQ(orders().mermaid(), R"(flowchart LR
  s0["shop<br/>producer"]
  s1["phone<br/>producer"]
  s2["trim<br/>transform"]
  s3["all<br/>merge"]
  s4["copy<br/>tee"]
  s5["show<br/>consumer"]
  s6["by size<br/>route"]
  s7["small<br/>transform x2"]
  s8["large<br/>transform"]
  s9["by size, joined<br/>join"]
  s10["store<br/>consumer"]
  s1 -->|"int, 2"| s2
  s0 -->|"int, 8"| s3
  s2 -->|"int, 8"| s3
  s3 -->|"int, 4"| s4
  s4 -->|"int, 1, drops what does not fit"| s5
  s4 -->|"int, 2"| s6
  s6 -->|"int, 3"| s7
  s6 -->|"int, 1"| s8
  s7 -->|"int, 2"| s9
  s8 -->|"int, 2"| s9
  s9 -->|"int, 16"| s10
  %% at most 61 items at a time
)");
}

TEST(branches_drawing, says_the_same_as_dot) {
  const auto dot = orders().dot();
  EXPECT_THAT(dot, HasSubstr("  s9 [label=\"by size, joined\\njoin\"];\n"));
  EXPECT_THAT(dot, HasSubstr("  s4 -> s5 [label=\"int, 1, drops what does not fit\"];\n"));
  EXPECT_THAT(dot, HasSubstr("  s7 -> s9 [label=\"int, 2\"];\n  s8 -> s9 [label=\"int, 2\"];\n"));
}

TEST(branches_bound, is_what_all_edges_and_stages_of_all_branches_hold) {
  const std::size_t edges = 2 + 8 + 8 + 4 + 1 + 2 + 3 + 1 + 2 + 2 + 16;
  const std::size_t stages = 11 + 1;
  EXPECT_EQ(orders().bound(), edges + stages);
}

TEST(branches_check, refuses_a_name_that_is_given_in_two_branches) {
  EXPECT_EQ(refusal({"job", first(), tee({.name = "t"}, branch(step("a"), end("x")), branch(end("y")))}),
            "not refused");
  EXPECT_THAT(refusal({"job", first(), tee({.name = "t"}, branch(step("a"), end("x")), branch(step("a"), end("y")))}),
              HasSubstr("pipeline 'job', stage 'a': another stage has the same name"));
  EXPECT_THAT(refusal({"job", first(), tee({.name = "t"}, branch(), branch(step("t, joined"))), end("x")}),
              HasSubstr("'t, joined': another stage has the same name"));
}

TEST(branches_check, refuses_a_branching_stage_or_a_stage_in_a_branch_that_cannot_work) {
  EXPECT_THAT(refusal({"job", first(), tee({.name = ""}, branch(end("x")))}), HasSubstr("a tee, has no name"));
  EXPECT_THAT(refusal({"job", first(), route({.name = "r", .capacity = 0}, even, branch(end("x")), branch(end("y")))}),
              HasSubstr("stage 'r': the edge before it has capacity 0"));
  EXPECT_THAT(refusal({"job", merge({.name = "m", .capacity = 0}, branch(first())), end("x")}),
              HasSubstr("stage 'm': the edge before it has capacity 0"));
  EXPECT_THAT(
      refusal({"job", first(),
               tee({.name = "t"}, branch(end("x")), branch(transform({.name = "odd", .workers = 0}, same), end("y")))}),
      HasSubstr("stage 'odd': it has 0 workers"));
}

TEST(branches_check, refuses_an_overflow_that_a_branch_cannot_have) {
  const auto with = [](overflow policy) {
    return refusal({"job", first(), tee({.name = "t"}, branch(end("x")), branch({.overflow = policy}, end("y")))});
  };
  EXPECT_EQ(with(overflow::drop_newest), "not refused");
  EXPECT_EQ(with(overflow::fail), "not refused");
  EXPECT_THAT(with(overflow::drop_oldest), HasSubstr("stage 't': its branch 1 would drop its oldest items"));
  EXPECT_THAT(refusal({"job", first(),
                       route({.name = "r"}, even, branch({.overflow = overflow::fail}, end("x")), branch(end("y")))}),
              HasSubstr("stage 'r': its branch 0 has an overflow policy, which only branches of a tee have"));
  EXPECT_THAT(refusal({"job", merge({.name = "m"}, branch({.overflow = overflow::drop_newest}, first())), end("x")}),
              HasSubstr("stage 'm': its branch 0 has an overflow policy"));
}

TEST(branches_plan, joins_nothing_where_one_branch_is_open) {
  const pipeline p("job", first(), tee({.name = "t"}, branch(end("x")), branch(step("a"))), step("b"), end("y"));
  std::vector<std::string> kinds;
  for (const auto& stage : p.shared_plan()->stages) kinds.emplace_back(stage.about.kind);
  EXPECT_EQ(kinds, (std::vector<std::string>{"producer", "tee", "consumer", "transform", "transform", "consumer"}));
}

}  // namespace
}  // namespace penstock
