// What is tried again, and how fast requests go out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <penstock/connectors/http.hpp>
#include <penstock/penstock.hpp>

#include "connectors/http/on_io.hpp"
#include "connectors/http/servers.hpp"
#include "retry_after.hpp"

namespace penstock {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::fault_server;
using test::kind_of;
using test::run_on;

constexpr auto at_once = duration(1);

http::response send(const http::client_options& options, const http::request& what, const wait_limits& limits = {}) {
  asio::io_context io;
  http::client client(options);
  return run_on(io, client.async_send(what, limits));
}

int count(const fault_server& server, const std::string& key) {
  return std::stoi(send({.base_url = server.url()}, {.url = "count/" + key}).body);
}

TEST(http_retry, tries_a_failing_status_again_until_it_is_well) {
  const fault_server server;
  for (const std::string status : {"429", "502", "503", "504"}) {
    const auto answer = send({.base_url = server.url(), .retry = {.times = 3, .backoff = at_once}},
                             {.url = "flaky/" + status + "/2/" + status});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.attempts, 3U);
  }
}

TEST(http_retry, gives_the_last_answer_when_there_are_no_further_attempts) {
  const fault_server server;
  const auto answer =
      send({.base_url = server.url(), .retry = {.times = 2, .backoff = at_once}}, {.url = "flaky/a/9/503"});
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(count(server, "a"), 3);
}

TEST(http_retry, tries_a_broken_connection_again) {
  const fault_server server;
  EXPECT_EQ(send({.base_url = server.url(), .retry = {.times = 9, .backoff = at_once}}, {.url = "cut/b/4"}).body, "ok");
}

TEST(http_retry, leaves_other_failures_alone) {
  const fault_server server;
  const http::client_options options{.base_url = server.url(), .retry = {.times = 3, .backoff = at_once}};
  EXPECT_EQ(send(options, {.url = "flaky/c/9/500"}).status, 500);
  EXPECT_EQ(count(server, "c"), 1);
  EXPECT_EQ(send(options, {.url = "flaky/d/9/404"}).attempts, 1U);
}

TEST(http_retry, repeats_a_post_only_with_a_key) {
  const fault_server server;
  const http::client_options options{.base_url = server.url(), .retry = {.times = 3, .backoff = at_once}};
  EXPECT_EQ(send(options, {.method = "POST", .url = "flaky/e/1/503"}).status, 503);
  EXPECT_EQ(count(server, "e"), 1);
  EXPECT_EQ(send(options, {.method = "POST", .url = "flaky/f/1/503", .idempotency_key = "42"}).status, 200);
  EXPECT_EQ(send(options, {.method = "PUT", .url = "flaky/g/1/503"}).status, 200);
  const auto keyed = send(options, {.method = "POST", .url = "echo", .idempotency_key = "42"});
  EXPECT_EQ(keyed.as<nlohmann::json>()["headers"]["idempotency-key"], "42");
}

TEST(http_retry, waits_as_long_as_the_server_asks) {
  const fault_server server;
  const auto began = clock::now();
  const auto answer =
      send({.base_url = server.url(), .retry = {.times = 1, .backoff = at_once}}, {.url = "flaky/h/1/503?after=1"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_GE(clock::now() - began, 1s);
}

TEST(http_retry, does_not_wait_longer_than_it_may) {
  const fault_server server;
  const http::retry_policy policy{.times = 1, .backoff = at_once, .longest_retry_after = 1s};
  EXPECT_EQ(send({.base_url = server.url(), .retry = policy}, {.url = "flaky/i/1/503?after=2"}).status, 503);
  EXPECT_EQ(
      send({.base_url = server.url(), .retry = {.times = 1}}, {.url = "flaky/j/1/429?after=60"}, within(5s)).status,
      429);
}

TEST(http_retry, stops_when_its_budget_is_spent) {
  const fault_server server;
  const retry_budget budget({.ratio = 0, .reserve = 5});
  const http::client_options options{.base_url = server.url(),
                                     .retry = {.times = 2, .backoff = at_once, .budget = budget}};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(send(options, {.url = "flaky/k/1000/503"}).status, 503);
  EXPECT_EQ(count(server, "k"), 10 + 5);
}

TEST(http_retry, ends_its_back_off_with_a_stop) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url(), .retry = {.times = 1, .backoff = 1h, .most = 1h}});
  stop_source stop;
  const auto quit = [&]() -> asio::awaitable<void> {
    http::client asks({.base_url = server.url()});
    for (std::string arrived; arrived != "1" || client.under_way() > 0;) {
      http::response answer = co_await asks.async_get("count/l");
      arrived = answer.body;
    }
    stop.request_stop();
  };
  asio::co_spawn(io, quit(), asio::detached);
  // A back-off of no time at all is possible, and as likely as any of the 3.6 * 10^12 others.
  EXPECT_THROW(run_on(io, client.async_get("flaky/l/9/503", {}, stopped_by(stop.token()))), penstock::error);
}

TEST(http_retry, does_not_repeat_what_a_sink_has_begun_to_take) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url(), .retry = {.times = 3, .backoff = at_once}});
  std::size_t seen = 0;
  const http::body_sink keep = [&](const http::response&, std::string_view piece) -> asio::awaitable<void> {
    seen += piece.size();
    co_return;
  };
  EXPECT_EQ(kind_of([&] { run_on(io, client.async_send({.url = "short"}, keep)); }), http::errc::reset);
  EXPECT_EQ(seen, 5000U);
}

TEST(http_retry, gives_a_sink_the_body_of_the_last_answer_only) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url(), .retry = {.times = 1, .backoff = at_once}});
  std::string seen;
  const http::body_sink keep = [&](const http::response&, std::string_view piece) -> asio::awaitable<void> {
    seen += piece;
    co_return;
  };
  EXPECT_EQ(run_on(io, client.async_send({.url = "status/503"}, keep)).attempts, 2U);
  EXPECT_EQ(seen, "status 503");
}

TEST(retry_after, is_seconds_or_a_date) {
  const auto now = std::chrono::system_clock::from_time_t(784'111'777);  // RFC 9110's example
  EXPECT_EQ(http::retry_after("120", now), 120s);
  EXPECT_EQ(http::retry_after("0", now), 0s);
  EXPECT_EQ(http::retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now), 60s);
  EXPECT_EQ(http::retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now), 0s);
  EXPECT_EQ(http::retry_after("99999999999999999999999", now), 365 * 24h);
  EXPECT_EQ(http::retry_after("soon", now), std::nullopt);
  EXPECT_EQ(http::retry_after("-1", now).value_or(0s), 0s);
  EXPECT_EQ(http::retry_after("", now), std::nullopt);
}

// By how much this thread was kept from running: at most, and in all, in seconds.
struct lateness {
  double most = 0;
  double sum = 0;
};

asio::awaitable<void> notice_lateness(lateness& seen, const bool& over) {
  while (!over) {
    const auto due = clock::now() + 1ms;
    co_await async_sleep(1ms);
    const double by = std::chrono::duration<double>(clock::now() - due).count();
    seen.most = std::max(seen.most, by);
    if (by > 0.002) seen.sum += by;
  }
}

// By the server's own clock. Permits are so far apart that nothing is exceeded while client and server together are
// kept from running for less than 20 ms at a time; on a busier machine what they were kept from is counted in.
void expect_rate(const http::client_options& options, int requests, int rate) {
  asio::io_context io;
  http::client client(options);
  (void)run_on(io, client.async_get("windows"));
  lateness ours;
  bool over = false;
  const auto all = [&]() -> asio::awaitable<void> {
    std::vector<std::string> endpoints(static_cast<std::size_t>(requests), "clock");
    const auto results = co_await http::batch_get(client, std::move(endpoints), {.max_concurrent = 256});
    over = true;
    for (const auto& one : results) EXPECT_TRUE(one);
  };
  asio::co_spawn(io, notice_lateness(ours, over), asio::detached);
  run_on(io, all());
  http::client asks({.base_url = options.base_url});
  const auto seen = run_on(io, asks.async_get("windows")).as<nlohmann::json>();
  const double late = ours.most + seen["late"].get<double>();
  EXPECT_EQ(seen["all"], requests);
  EXPECT_LE(seen["most"].get<double>(), std::max<double>(rate, rate * (1 + late) / 1.02 + 1)) << "late by " << late;
  const double lost = ours.sum + seen["lost"].get<double>();
  EXPECT_GE(requests / (seen["over"].get<double>() - lost), 0.95 * rate) << "lost " << lost;
}

TEST(http_rate, is_kept_in_every_second_by_the_servers_clock_and_nearly_reached) {
  const fault_server server;
  expect_rate({.base_url = server.url(), .rate = rate_limiter(per_second(1000))}, 5000, 1000);
}

TEST(http_rate, of_each_host_is_its_own) {
  const fault_server one, other;
  asio::io_context io;
  keyed_rate_limiter hosts(rate{1, 1h});
  http::client client({.rate_per_host = hosts});
  // Each host has one permit in an hour, so that the second request to one of them waits, and the other's does not.
  EXPECT_EQ(run_on(io, client.async_get(one.url() + "/ok")).body, "ok");
  EXPECT_EQ(run_on(io, client.async_get(other.url() + "/ok")).body, "ok");
  EXPECT_EQ(kind_of([&] { run_on(io, client.async_get(one.url() + "/ok", {}, within(50ms))); }), http::errc::timeout);
}

}  // namespace
}  // namespace penstock
