// What `retry`, `limited`, `dead_letter` and time limits say in checks and drawings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "penstock/base/error.hpp"
#include "penstock/penstock.hpp"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

template <class Stage>
pipeline ending(Stage last) {
  return {"job", producer({.name = "first"}, std::vector<int>{}), std::move(last)};
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

constexpr auto nothing = [](int) {};
constexpr auto wait = [](int) -> boost::asio::awaitable<void> { co_return; };

TEST(pipeline_check, refuses_a_back_off_into_the_past) {
  const shared_limit limit("few", 1);
  EXPECT_REFUSED(ending(consumer({.name = "odd"}, retry({.backoff = -1ns}, nothing))), "back-off is less than 0");
  EXPECT_REFUSED(ending(consumer({.name = "odd"}, limited(limit, retry({.most = -1ns}, nothing)))),
                 "longest back-off is less than 0");
  EXPECT_EQ(refusal(ending(consumer({.name = "odd"}, retry({.times = 0, .backoff = 0ns, .most = 0ns}, nothing)))),
            "not refused");
}

TEST(pipeline_check, refuses_a_time_limit_of_no_time) {
  EXPECT_REFUSED(ending(async_consumer({.name = "odd", .limit = 0ns}, wait)), "time limit is 0");
  EXPECT_REFUSED(ending(async_consumer({.name = "odd", .limit = -1s}, retry({}, wait))), "time limit is 0");
  EXPECT_EQ(refusal(ending(async_consumer({.name = "odd", .limit = 1ns}, wait))), "not refused");
}

TEST(pipeline_drawing, shows_what_is_around_a_body) {
  const shared_limit limit("the \"few\"", 1);
  queue<dead<int>> letters(1);
  const auto p =
      ending(consumer({.name = "store"}, dead_letter(letters, limited(limit, retry({.times = 7}, nothing)))));
  EXPECT_THAT(p.mermaid(), HasSubstr("consumer, retried 7x, dead letters, limited by the #quot;few#quot;"));
  EXPECT_THAT(p.dot(), HasSubstr("consumer, retried 7x, dead letters, limited by the \\\"few\\\""));
}

TEST(report, shows_further_attempts_and_letters_that_were_lost) {
  runtime rt({.cpu_workers = 1});
  queue<dead<int>> letters(1);
  letters.close();
  const auto r = rt.run({"job", producer({.name = "two"}, std::vector{1, 2}),
                         consumer({.name = "store"}, dead_letter(letters, retry({.times = 3, .backoff = 0ns}, [](int) {
                                                                   throw std::runtime_error("no");
                                                                 })))});
  std::ostringstream text;
  text << r;
  EXPECT_THAT(text.str(), AllOf(HasSubstr("'store' tried again 6 times"), HasSubstr("'store' lost 2 dead letters")));
  EXPECT_THAT(r.json(), AllOf(HasSubstr("\"retried\": 6"), HasSubstr("\"letters_lost\": 2")));
}

}  // namespace
}  // namespace penstock
