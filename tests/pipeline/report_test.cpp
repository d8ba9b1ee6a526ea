#include "penstock/pipeline/report.hpp"

#include <gtest/gtest.h>

#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>

namespace penstock {
namespace {

using namespace std::chrono_literals;

stage_report stage_of(std::string name, std::string kind, stage_counts counts) {
  stage_report s;
  static_cast<stage_counts&>(s) = counts;
  s.name = std::move(name);
  s.kind = std::move(kind);
  return s;
}

/// Of a run that was cancelled: 10 made, 9 on their way, 2 dropped on an edge, 1 failed.
report cancelled_run() {
  report r;
  r.pipeline = "load vendors";
  r.ended = true;
  r.outcome = end_state::cancelled;
  r.stop_requested = true;
  r.reason = stop_reason::deadline;
  r.elapsed = 1500ms;
  r.stages = {stage_of("read", "producer", {.in = 10, .emitted = 10, .done = 10}),
              stage_of("parse", "transform", {.in = 8, .emitted = 7, .done = 7, .failed = 1}),
              stage_of("insert", "consumer", {.in = 7, .done = 6, .dropped = 1})};
  r.stages[1].workers = 4;
  r.stages[1].busy = 2500us;
  r.stages[1].starved = 12s;
  r.edges.resize(2);
  static_cast<edge_counts&>(r.edges[0]) = {.emitted = 10, .taken = 8, .dropped = 2};
  static_cast<edge_counts&>(r.edges[1]) = {.emitted = 7, .taken = 7, .dropped = 0};
  r.edges[0].from = "read";
  r.edges[0].to = r.edges[1].from = "parse";
  r.edges[1].to = "insert";
  r.edges[0].capacity = 16;
  r.edges[0].peak = 5;
  r.errors.push_back({.stage = "parse", .item = 3, .of_item = true, .error = {}, .message = "no number"});
  return r;
}

std::string printed(const report& r) {
  std::ostringstream out;
  out << r;
  return out.str();
}

TEST(report, is_a_table_with_a_line_per_stage) {
  EXPECT_EQ(printed(cancelled_run()),
            R"(load vendors: cancelled after 1.500 s
  stage   kind          in  emitted  done  failed  dropped     busy  starved  blocked
  read    producer      10       10    10       0        0  0.000 s  0.000 s  0.000 s
  parse   transform x4   8        7     7       1        2  0.003 s   12.0 s  0.000 s
  insert  consumer       7        0     6       0        1  0.000 s  0.000 s  0.000 s
  error in 'parse', item 3: no number
)");
}

TEST(report, its_columns_stand_under_each_other_whatever_the_alphabet) {
  auto r = cancelled_run();
  r.errors.clear();
  r.stages[0].name = "Zähler";
  std::istringstream lines(printed(r));
  std::string headline, header, line;
  std::getline(lines, headline);
  std::getline(lines, header);
  std::getline(lines, line);
  EXPECT_EQ(line.find("producer"), header.find("kind") + 1) << "one byte more, no column more";
}

TEST(report, the_rest_of_many_errors_is_a_number) {
  auto r = cancelled_run();
  r.errors.clear();
  for (std::uint64_t i = 0; i < 8; ++i) r.errors.push_back({"parse", i, true, {}, "bad"});
  r.errors.front().of_item = false;
  const auto text = printed(r);
  EXPECT_NE(text.find("error in 'parse': bad\n"), std::string::npos);
  EXPECT_NE(text.find("item 4: bad\n  and 3 more errors\n"), std::string::npos);
  EXPECT_EQ(text.find("item 5"), std::string::npos);
}

TEST(report, a_run_that_goes_on_says_so) {
  auto r = cancelled_run();
  r.ended = false;
  EXPECT_EQ(printed(r).find("load vendors: running after"), 0u);
  EXPECT_EQ(nlohmann::json::parse(r.json())["state"], "running");
  EXPECT_FALSE(r.ok());
}

TEST(report, leaves_the_format_of_the_stream_alone) {
  std::ostringstream out;
  out << std::hex << std::setfill('*') << cancelled_run() << std::setw(4) << 255;
  EXPECT_EQ(out.str().substr(out.str().size() - 4), "**ff");
}

TEST(report, as_json_holds_every_number) {
  const auto j = nlohmann::json::parse(cancelled_run().json());
  EXPECT_EQ(j["pipeline"], "load vendors");
  EXPECT_EQ(j["state"], "cancelled");
  EXPECT_EQ(j["stop_requested"], true);
  EXPECT_EQ(j["reason"], "deadline");
  EXPECT_EQ(j["elapsed_s"], 1.5);
  ASSERT_EQ(j["stages"].size(), 3u);
  const auto& parse = j["stages"][1];
  EXPECT_EQ(parse["name"], "parse");
  EXPECT_EQ(parse["kind"], "transform");
  EXPECT_EQ(parse["workers"], 4);
  EXPECT_EQ(parse["in"], 8);
  EXPECT_EQ(parse["emitted"], 7);
  EXPECT_EQ(parse["done"], 7);
  EXPECT_EQ(parse["failed"], 1);
  EXPECT_EQ(parse["dropped"], 0);
  EXPECT_EQ(parse["in_flight"], 0);
  EXPECT_EQ(parse["busy_s"], 0.0025);
  ASSERT_EQ(j["edges"].size(), 2u);
  EXPECT_EQ(j["edges"][0]["from"], "read");
  EXPECT_EQ(j["edges"][0]["dropped"], 2);
  EXPECT_EQ(j["edges"][0]["capacity"], 16);
  EXPECT_EQ(j["edges"][0]["peak"], 5);
  ASSERT_EQ(j["errors"].size(), 1u);
  EXPECT_EQ(j["errors"][0]["item"], 3);
  EXPECT_EQ(j["errors"][0]["message"], "no number");
}

TEST(report, as_json_survives_quotes_line_breaks_and_bytes_that_are_no_text) {
  auto r = cancelled_run();
  r.pipeline = "say \"hi\"\nand \\";
  r.stages[0].name = "b\xFF\xFE";
  r.errors[0].message = "caf\xC3";
  const auto j = nlohmann::json::parse(r.json());
  EXPECT_EQ(j["pipeline"], r.pipeline);
  EXPECT_EQ(j["stages"][0]["name"], "b\uFFFD\uFFFD");
  EXPECT_EQ(j["errors"][0]["message"], "caf\uFFFD");
}

TEST(report, finds_a_stage_by_its_name) {
  const auto r = cancelled_run();
  EXPECT_EQ(r.stage("parse").failed, 1u);
  EXPECT_THROW(static_cast<void>(r.stage("prase")), std::out_of_range);
}

TEST(report, is_balanced_when_every_item_is_accounted_for) {
  EXPECT_TRUE(cancelled_run().balanced());
  EXPECT_EQ(cancelled_run().dropped(), 3u);
  auto lost_in_stage = cancelled_run();
  --lost_in_stage.stages[2].done;
  EXPECT_FALSE(lost_in_stage.balanced());
  auto lost_on_edge = cancelled_run();
  --lost_on_edge.edges[0].dropped;
  EXPECT_FALSE(lost_on_edge.balanced());
  auto lost_between = cancelled_run();
  lost_between.edges[1] = {};
  EXPECT_FALSE(lost_between.balanced());
}

TEST(report, rethrows_what_failed_the_run_unchanged) {
  auto r = cancelled_run();
  EXPECT_NO_THROW(r.rethrow());
  r.first_failure = std::make_exception_ptr(std::domain_error("mine"));
  EXPECT_THROW(r.rethrow(), std::domain_error);
}

TEST(report, is_ok_only_when_the_run_completed) {
  auto r = cancelled_run();
  for (const auto state : {end_state::stopped, end_state::cancelled, end_state::failed}) {
    r.outcome = state;
    EXPECT_FALSE(r.ok());
  }
  r.outcome = end_state::completed;
  EXPECT_TRUE(r.ok());
}

}  // namespace
}  // namespace penstock
