// How a declaration prints itself, and the bound that it prints.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "penstock/pipeline/pipeline.hpp"

namespace penstock {
namespace {

// [declared]
pipeline vendors() {
  return {"load vendors",  //
          producer({.name = "read", .on = place::blocking}, std::vector<int>{}),
          transform({.name = "parse", .workers = 4, .capacity = 16, .order = order::kept, .window = 8},
                    [](int i) { return std::to_string(i); }),
          batch({.name = "page", .count = 100, .capacity = 32}),
          consumer({.name = "insert", .capacity = 2, .on = place::blocking}, [](const std::vector<std::string>&) {})};
}
// [/declared]

TEST(pipeline_bound, is_what_edges_and_stages_hold) {
  // 1 being produced; 16 before and 8 in the window of "parse"; 32 before and 99 in "page"; 2 before and 1 in "insert".
  EXPECT_EQ(vendors().bound(), 1u + 16 + 8 + 32 + 99 + 2 + 1);
}

TEST(pipeline_bound, counts_an_item_per_worker_where_no_order_is_kept) {
  const pipeline p("p", producer({.name = "a"}, std::vector<int>{}),
                   transform({.name = "b", .workers = 4, .capacity = 10}, [](int i) { return i; }),
                   async_consumer({.name = "c", .workers = 7, .capacity = 20},
                                  [](int) -> boost::asio::awaitable<void> { co_return; }));
  EXPECT_EQ(p.bound(), 1u + 10 + 4 + 20 + 7);
}

TEST(pipeline_drawing, says_what_a_throttle_and_a_take_let_through) {
  const pipeline p("p", producer({.name = "a"}, std::vector<int>{}),
                   throttle({.name = "b", .rate = per_second(100), .capacity = 2}),
                   throttle({.name = "c", .rate = per_minute(3), .burst = 5, .capacity = 2}),
                   throttle({.name = "d", .rate = {.count = 1, .per = std::chrono::microseconds(5)}, .capacity = 2}),
                   take({.name = "e", .count = 7, .capacity = 2}), consumer({.name = "f", .capacity = 2}, [](int) {}));
  EXPECT_EQ(p.mermaid(), R"(flowchart LR
  s0["a<br/>producer"]
  s1["b<br/>throttle, 100 per second"]
  s2["c<br/>throttle, 3 per minute, bursts of 5"]
  s3["d<br/>throttle, 1 per 5000 ns"]
  s4["e<br/>take 7"]
  s5["f<br/>consumer"]
  s0 -->|"int, 2"| s1
  s1 -->|"int, 2"| s2
  s2 -->|"int, 2"| s3
  s3 -->|"int, 2"| s4
  s4 -->|"int, 2"| s5
  %% at most 16 items at a time
)");
}

TEST(pipeline_drawing, as_mermaid) {
  // [drawn]
  EXPECT_EQ(vendors().mermaid(),
            R"(flowchart LR
  s0["read<br/>producer, blocking"]
  s1["parse<br/>transform x4, in order"]
  s2["page<br/>batch of 100"]
  s3["insert<br/>consumer, blocking"]
  s0 -->|"int, 16"| s1
  s1 -->|"std::string, 32"| s2
  s2 -->|"std::vector#lt;std::string#gt;, 2"| s3
  %% at most 159 items at a time
)");
  // [/drawn]
}

TEST(pipeline_drawing, as_dot) {
  EXPECT_EQ(vendors().dot(),
            R"(digraph "load vendors" {
  rankdir=LR;
  node [shape=box];
  s0 [label="read\nproducer, blocking"];
  s1 [label="parse\ntransform x4, in order"];
  s2 [label="page\nbatch of 100"];
  s3 [label="insert\nconsumer, blocking"];
  s0 -> s1 [label="int, 16"];
  s1 -> s2 [label="std::string, 32"];
  s2 -> s3 [label="std::vector<std::string>, 2"];
  label="at most 159 items at a time";
}
)");
}

pipeline with_odd_names() {
  return {"a \"b\" \\N", producer({.name = "say \"hi\" <b>#1</b> & `run`"}, std::vector<int>{}),
          consumer({.name = "two\nlines \\N"}, [](int) {})};
}

TEST(pipeline_drawing, quotes_tags_and_line_breaks_in_names_stay_text_in_mermaid) {
  EXPECT_EQ(with_odd_names().mermaid(),
            R"(flowchart LR
  s0["say #quot;hi#quot; #lt;b#gt;#35;1#lt;/b#gt; #amp; #96;run#96;<br/>producer"]
  s1["two lines \N<br/>consumer"]
  s0 -->|"int, 1024"| s1
  %% at most 1026 items at a time
)");
}

TEST(pipeline_drawing, quotes_backslashes_and_line_breaks_in_names_stay_text_in_dot) {
  EXPECT_EQ(with_odd_names().dot(),
            R"(digraph "a \"b\" \\N" {
  rankdir=LR;
  node [shape=box];
  s0 [label="say \"hi\" <b>#1</b> & `run`\nproducer"];
  s1 [label="two\nlines \\N\nconsumer"];
  s0 -> s1 [label="int, 1024"];
  label="at most 1026 items at a time";
}
)");
}

TEST(pipeline_drawing, a_sequence_is_drawn_stage_by_stage) {
  const auto same = [](int i) { return i; };
  using step = decltype(transform({.name = ""}, same));
  std::vector<step> steps;
  for (const auto* name : {"one", "two"}) steps.push_back(transform({.name = name}, same));
  const pipeline p("p", producer({.name = "a"}, std::vector<int>{}), sequence(std::move(steps)),
                   consumer({.name = "z"}, [](int) {}));
  const auto drawing = p.mermaid();
  EXPECT_NE(drawing.find("s1[\"one"), std::string::npos);
  EXPECT_NE(drawing.find("s2[\"two"), std::string::npos);
  EXPECT_NE(drawing.find("| s3"), std::string::npos);
}

}  // namespace
}  // namespace penstock
