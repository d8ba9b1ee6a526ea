#include "options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "connectors/files/temp_folder.hpp"
#include "exit_code.hpp"

namespace text_stats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

options read(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "penstock-text-stats");
  return *read_options(static_cast<int>(arguments.size()), arguments.data());
}

std::string refusal(const std::vector<const char*>& arguments) {
  try {
    read(arguments);
  } catch (const failure& e) {
    EXPECT_EQ(e.code(), exit_code::usage);
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos);
    return e.what();
  }
  return "accepted";
}

TEST(options, have_defaults) {
  const auto o = read({"texts", "more"});
  EXPECT_THAT(o.roots, ElementsAre("texts", "more"));
  EXPECT_EQ(o.glob, "*");
  EXPECT_EQ(o.concurrency, 5U);
  EXPECT_EQ(o.report, report_form::text);
  EXPECT_TRUE(o.summary.empty());
  EXPECT_TRUE(o.database.empty());
  EXPECT_EQ(o.drain_within, std::chrono::seconds(10));
}

TEST(options, are_read) {
  const auto o = read({"d", "--glob", "*.txt", "--summary", "s.json", "--to", "sqlite:a:b.db", "--concurrency", "64",
                       "--report", "json", "--drain-within", "1.5m"});
  EXPECT_EQ(o.glob, "*.txt");
  EXPECT_EQ(o.summary, "s.json");
  EXPECT_EQ(o.database, "a:b.db");
  EXPECT_EQ(o.concurrency, 64U);
  EXPECT_EQ(o.report, report_form::json);
  EXPECT_EQ(o.drain_within, std::chrono::seconds(90));
}

TEST(options, that_cannot_be_are_refused_in_one_sentence_with_their_name) {
  EXPECT_THAT(refusal({}), HasSubstr("DIR"));
  EXPECT_THAT(refusal({"d", "--concurrency", "0"}), HasSubstr("--concurrency"));
  EXPECT_THAT(refusal({"d", "--concurrency", "many"}), HasSubstr("--concurrency"));
  EXPECT_THAT(refusal({"d", "--no-such"}), HasSubstr("--no-such"));
  EXPECT_THAT(refusal({"d", "--report", "xml"}), HasSubstr("--report"));
  EXPECT_THAT(refusal({"d", "--to", "postgres://x"}), HasSubstr("'postgres://x' is not sqlite:FILE"));
  EXPECT_THAT(refusal({"d", "--to", "sqlite:"}), HasSubstr("--to"));
  EXPECT_THAT(refusal({"d", "--glob", "sub/*.txt"}), HasSubstr("has a slash"));
  EXPECT_THAT(refusal({"d", "--glob", ""}), HasSubstr("--glob"));
  EXPECT_THAT(refusal({"d", "--summary", ""}), HasSubstr("--summary"));
  EXPECT_THAT(refusal({""}), HasSubstr("DIR"));
  EXPECT_THAT(refusal({"d", "--drain-within", "soon"}), HasSubstr("'soon' is no duration"));
}

TEST(options, never_write_over_what_is_counted) {
  const penstock::test::temp_folder folder;
  const auto file = folder.write("a", "x").string();
  EXPECT_THAT(refusal({file.c_str(), "--summary", file.c_str()}), HasSubstr("cannot be written as well"));
  EXPECT_THAT(refusal({"d", "--summary", "x.db", "--to", "sqlite:./x.db"}), HasSubstr("database file"));
}

}  // namespace
}  // namespace text_stats
