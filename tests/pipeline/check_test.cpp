// Declarations that cannot work, each refused with the names of the pipeline and of the stage.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "penstock/base/error.hpp"
#include "penstock/pipeline/pipeline.hpp"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto same = [](int i) { return i; };
constexpr auto nothing = [](const auto&) {};

/// A pipeline that is fine but for the stage in its middle.
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

TEST(pipeline_check, accepts_the_smallest_of_everything) {
  EXPECT_EQ(refusal(around(transform({.name = "odd", .workers = 1, .capacity = 1}, same))), "not refused");
  EXPECT_EQ(refusal(around(batch({.name = "odd", .count = 1, .within = 1ns, .capacity = 1}))), "not refused");
  EXPECT_EQ(refusal(around(transform({.name = "odd", .workers = 4, .order = order::kept, .window = 4}, same))),
            "not refused");
}

TEST(pipeline_check, refuses_zero_workers) {
  EXPECT_REFUSED(around(transform({.name = "odd", .workers = 0}, same)), "0 workers");
  EXPECT_REFUSED(
      around(async_transform({.name = "odd", .workers = 0}, [](int i) -> boost::asio::awaitable<int> { co_return i; })),
      "0 workers");
  EXPECT_REFUSED(pipeline("job", producer({.name = "first"}, std::vector<int>{}),
                          consumer({.name = "odd", .workers = 0}, nothing)),
                 "0 workers");
}

TEST(pipeline_check, refuses_a_capacity_of_zero) {
  EXPECT_REFUSED(around(transform({.name = "odd", .capacity = 0}, same)), "capacity 0");
  EXPECT_REFUSED(around(batch({.name = "odd", .capacity = 0})), "capacity 0");
}

TEST(pipeline_check, refuses_a_capacity_that_no_memory_can_hold) {
  constexpr auto endless = std::numeric_limits<std::size_t>::max();
  EXPECT_REFUSED(around(transform({.name = "odd", .capacity = endless}, same)), "capacity");
}

TEST(pipeline_check, refuses_a_stage_without_a_name_and_says_which) {
  EXPECT_THAT(refusal(around(filter({.name = ""}, [](int) { return true; }))),
              AllOf(HasSubstr("pipeline 'job'"), HasSubstr("stage 1"), HasSubstr("filter"), HasSubstr("no name")));
}

TEST(pipeline_check, refuses_a_name_that_is_given_twice) {
  EXPECT_REFUSED(pipeline("job", producer({.name = "odd"}, std::vector<int>{}), consumer({.name = "odd"}, nothing)),
                 "same name");
}

TEST(pipeline_check, refuses_a_window_where_no_order_is_kept) {
  EXPECT_REFUSED(around(transform({.name = "odd", .workers = 2, .window = 8}, same)), "order::kept");
}

TEST(pipeline_check, refuses_a_window_smaller_than_the_number_of_workers) {
  EXPECT_REFUSED(around(transform({.name = "odd", .workers = 4, .order = order::kept, .window = 3}, same)), "window");
}

TEST(pipeline_check, refuses_batches_of_nothing_and_in_no_time) {
  EXPECT_REFUSED(around(batch({.name = "odd", .count = 0})), "0 items");
  EXPECT_REFUSED(around(batch({.name = "odd", .within = 0ms})), "within");
  EXPECT_REFUSED(around(batch({.name = "odd", .within = -1ms})), "within");
}

TEST(pipeline_check, refuses_batches_that_no_memory_can_hold) {
  EXPECT_REFUSED(around(batch({.name = "odd", .count = std::numeric_limits<std::size_t>::max()})), "beyond any memory");
}

TEST(pipeline_check, refuses_a_throttle_that_lets_nothing_through) {
  EXPECT_REFUSED(around(throttle({.name = "odd"})), "rate is 0 or less");
  EXPECT_REFUSED(around(throttle({.name = "odd", .rate = per_second(0)})), "rate is 0 or less");
  EXPECT_REFUSED(around(throttle({.name = "odd", .rate = per_minute(-1)})), "rate is 0 or less");
  EXPECT_REFUSED(around(throttle({.name = "odd", .rate = {.count = 1, .per = 0ns}})), "rate is 0 or less");
  EXPECT_REFUSED(around(throttle({.name = "odd", .rate = per_second(1), .burst = 0})), "burst is 0");
  EXPECT_REFUSED(around(throttle({.name = "odd", .rate = per_second(1), .capacity = 0})), "capacity 0");
}

TEST(pipeline_check, refuses_a_throttle_whose_numbers_cannot_be_counted_exactly) {
  constexpr auto most = token_bucket::most;
  EXPECT_EQ(refusal(around(throttle({.name = "odd", .rate = per_second(most), .burst = most}))), "not refused");
  EXPECT_REFUSED(around(throttle({.name = "odd", .rate = per_second(most + 1)})), "rate");
  EXPECT_REFUSED(around(throttle({.name = "odd", .rate = per_second(1), .burst = most + 1})), "burst");
  constexpr auto years = 24h * 365;
  EXPECT_REFUSED(around(throttle({.name = "odd", .rate = {1, 40 * years}})), "burst takes longer");
  EXPECT_REFUSED(around(throttle({.name = "odd", .rate = {1, 10 * years}, .burst = 4})), "burst takes longer");
  EXPECT_EQ(refusal(around(throttle({.name = "odd", .rate = {1, 10 * years}, .burst = 3}))), "not refused");
}

TEST(pipeline_check, refuses_a_take_of_nothing) {
  EXPECT_REFUSED(around(take({.name = "odd"})), "takes 0 items");
  EXPECT_REFUSED(around(take({.name = "odd", .count = 0})), "takes 0 items");
  EXPECT_EQ(refusal(around(take({.name = "odd", .count = 1, .capacity = 1}))), "not refused");
}

TEST(pipeline_check, refuses_several_workers_that_put_into_one_queue) {
  queue<int> target(1);
  EXPECT_REFUSED(pipeline("job", producer({.name = "first"}, std::vector<int>{}),
                          consumer({.name = "odd", .workers = 2}, into(target))),
                 "1 worker");
}

}  // namespace
}  // namespace penstock
