#include "penstock/pipeline/stall.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <iomanip>
#include <sstream>

namespace {

using namespace penstock;
using namespace std::chrono_literals;

stall one() {
  stall s;
  s.cause = stall_cause::output_not_taken;
  s.quiet = 12500ms;
  s.report.pipeline = "the \"line\"";
  stage_report from, parse, to;
  from.name = "from";
  from.kind = "producer";
  from.doing = activity::left;
  parse.name = "parse \"it\"";
  parse.kind = "transform";
  parse.workers = 4;
  parse.doing = activity::running;
  parse.under_way = 2;
  parse.longest = 3s;
  to.name = "to";
  to.kind = "consumer";
  to.doing = activity::putting;
  s.report.stages = {from, parse, to};
  edge_report first, second;
  first.from = "from";
  first.to = parse.name;
  first.capacity = 8;
  second.from = parse.name;
  second.to = "to";
  second.capacity = 4;
  second.size = 4;
  s.report.edges = {first, second};
  return s;
}

TEST(stall, prints_its_cause_the_stages_that_have_not_left_and_the_edges_that_hold_something) {
  std::ostringstream out;
  out << one() << std::setw(4) << 7;
  EXPECT_EQ(
      out.str(),
      R"('the "line"' does not move: the queue that the run puts into is full, and nobody gets from it; nothing has moved for 12.5 s
  'parse "it"' (transform): running, 2 bodies, the first for 3.0 s
  'to' (consumer): waits to put into its queue
  'parse "it"' -> 'to': 4 of 4, full
   7)");
}

TEST(stall, draws_its_stages_its_edges_and_the_queue_that_it_waits_for) {
  EXPECT_EQ(one().dot(), R"(digraph "the \"line\"" {
  rankdir=LR;
  node [shape=box, style=filled];
  s0 [label="from\nproducer\nleft", fillcolor=lightgrey];
  s1 [label="parse \"it\"\ntransform x4\nrunning, 2 bodies, the first for 3.0 s", fillcolor=gold];
  s2 [label="to\nconsumer\nwaits to put into its queue", fillcolor=salmon];
  q2 [shape=cylinder, label="queue\nfull", fillcolor=white];
  s2 -> q2 [style=dashed];
  s0 -> s1 [label="0 of 8"];
  s1 -> s2 [label="4 of 4, full"];
  label="the queue that the run puts into is full, and nobody gets from it; nothing has moved for 12.5 s";
}
)");
}

TEST(stall, has_a_word_and_a_sentence_for_every_cause_and_a_word_for_every_activity) {
  for (auto cause = stall_cause::body_under_way; cause <= stall_cause::all_idle;
       cause = static_cast<stall_cause>(static_cast<int>(cause) + 1)) {
    EXPECT_STRNE(to_string(cause), "?");
    EXPECT_STRNE(sentence(cause), "?");
  }
  for (auto what = activity::running; what <= activity::left;
       what = static_cast<activity>(static_cast<int>(what) + 1)) {
    EXPECT_STRNE(to_string(what), "?");
  }
}

}  // namespace
