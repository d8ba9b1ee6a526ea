#include "penstock/base/stop.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace penstock {
namespace {

TEST(stop, a_token_of_nobody_never_stops) {
  const stop_token token;
  EXPECT_FALSE(token.stop_requested());
  EXPECT_FALSE(token.stop_possible());
  EXPECT_EQ(token.reason(), stop_reason::none);
}

TEST(stop, who_looks_later_still_sees_the_request_and_its_reason) {
  stop_source source;
  EXPECT_EQ(source.token().reason(), stop_reason::none);
  EXPECT_TRUE(source.request_stop(stop_reason::deadline));
  EXPECT_TRUE(source.stop_requested());
  EXPECT_TRUE(source.token().stop_requested());
  EXPECT_EQ(source.token().reason(), stop_reason::deadline);
}

TEST(stop, the_first_request_keeps_its_reason) {
  stop_source source;
  EXPECT_TRUE(source.request_stop(stop_reason::stop));
  EXPECT_FALSE(source.request_stop(stop_reason::cancel));
  EXPECT_EQ(source.token().reason(), stop_reason::stop);
}

TEST(stop, copies_of_a_source_share_one_request) {
  stop_source source;
  stop_source copy = source;
  const auto token = source.token();
  EXPECT_TRUE(copy.request_stop(stop_reason::cancel));
  EXPECT_EQ(token.reason(), stop_reason::cancel);
}

TEST(stop, a_token_outlives_its_source) {
  stop_token asked;
  stop_token never_asked;
  {
    stop_source source;
    asked = source.token();
    source.request_stop(stop_reason::failure);
    never_asked = stop_source().token();
  }
  EXPECT_EQ(asked.reason(), stop_reason::failure);
  EXPECT_FALSE(never_asked.stop_requested());
}

TEST(stop, a_standard_token_means_stop) {
  std::stop_source source;
  const stop_token token = source.get_token();
  EXPECT_TRUE(token.stop_possible());
  EXPECT_EQ(token.reason(), stop_reason::none);
  source.request_stop();
  EXPECT_EQ(token.reason(), stop_reason::stop);
}

TEST(stop, a_standard_callback_runs_inside_the_request) {
  stop_source source;
  auto seen = stop_reason::none;
  const auto token = source.token();
  const std::stop_callback callback(token.std_token(), [&] { seen = token.reason(); });
  source.request_stop(stop_reason::cancel);
  EXPECT_EQ(seen, stop_reason::cancel);
}

TEST(stop, of_many_requests_at_once_one_is_the_first) {
  for (int round = 0; round < 200; ++round) {
    stop_source source;
    std::atomic<int> first{0};
    std::vector<std::jthread> threads;
    for (const auto why : {stop_reason::stop, stop_reason::cancel, stop_reason::failure}) {
      threads.emplace_back([&, why] {
        if (source.request_stop(why)) ++first;
      });
    }
    // A reason is never read without its request, nor a request without its reason.
    const auto token = source.token();
    while (!token.stop_requested()) std::this_thread::yield();
    EXPECT_NE(token.reason(), stop_reason::none);
    threads.clear();
    EXPECT_EQ(first, 1);
  }
}

}  // namespace
}  // namespace penstock
