// Several hosts, and bounds for each.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <nlohmann/json.hpp>
#include <penstock/connectors/http.hpp>
#include <penstock/penstock.hpp>
#include <thread>

#include "connectors/http/on_io.hpp"
#include "connectors/http/servers.hpp"

namespace penstock {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::fault_server;
using test::kind_of;
using test::run_on;

TEST(http_per_host, bounds_each_host_and_one_that_never_answers_holds_up_no_other) {
  const fault_server dead, alive;
  asio::io_context io;
  http::client client({.timeout = 60s, .per_host = 2});
  stop_source stop;
  int cancelled = 0;
  for (int i = 0; i < 5; ++i)
    asio::co_spawn(io, client.async_get(dead.url() + "/never", {}, stopped_by(stop.token())),
                   [&](std::exception_ptr e, const http::response&) { cancelled += e != nullptr; });
  std::vector<http::result> results;
  const std::vector<std::string> endpoints(20, alive.url() + "/ok");
  asio::co_spawn(io, http::batch_get(client, endpoints, {.max_concurrent = 20}),
                 [&](std::exception_ptr, std::vector<http::result> all) {
                   results = std::move(all);
                   stop.request_stop();
                 });
  io.run();
  ASSERT_EQ(results.size(), 20U);
  for (const auto& one : results) EXPECT_TRUE(one);
  EXPECT_EQ(cancelled, 5);
  EXPECT_EQ(client.under_way(), 0U);
}

TEST(http_per_host, is_how_many_are_at_a_host_at_once) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url(), .per_host = 3});
  stop_source stop;
  for (int i = 0; i < 10; ++i)
    asio::co_spawn(io, client.async_get("never", {}, stopped_by(stop.token())),
                   [](std::exception_ptr, const http::response&) {});
  const auto look = [&]() -> asio::awaitable<void> {
    http::client asks({.base_url = server.url()});
    const auto ask = [&](std::string path) -> asio::awaitable<std::string> {
      http::response answer = co_await asks.async_get(std::move(path));
      co_return answer.body;
    };
    for (std::string arrived = "0"; std::stoi(arrived) < 3;) arrived = co_await ask("waiting");
    for (int i = 0; i < 20; ++i) EXPECT_EQ(co_await ask("waiting"), "3");
    EXPECT_EQ(client.under_way(), 10U);
    stop.request_stop();
  };
  asio::co_spawn(io, look(), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  io.run();
  EXPECT_EQ(client.under_way(), 0U);
}

TEST(http_per_host, lets_nobody_wait_for_his_turn_beyond_his_time) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url(), .per_host = 1});
  stop_source stop;
  asio::co_spawn(io, client.async_get("never", {}, stopped_by(stop.token())),
                 [](std::exception_ptr, const http::response&) {});
  const auto waits = [&]() -> asio::awaitable<void> { co_await client.async_get("ok", {}, within(50ms)); };
  std::exception_ptr error;
  asio::co_spawn(io, waits(), [&](std::exception_ptr e) {
    error = e;
    stop.request_stop();
  });
  io.run();
  EXPECT_EQ(kind_of([&] {
              if (error) std::rethrow_exception(error);
            }),
            http::errc::timeout);
  EXPECT_EQ(run_on(io, client.async_get("ok")).body, "ok");
}

// While three hosts share the rate for all, a line gathers there; then it is one host's alone, and could go at once.
TEST(http_rate, of_a_host_is_kept_where_there_is_one_for_all_too) {
  const fault_server one, other, third;
  asio::io_context io;
  http::client client({.rate = rate_limiter(per_second(40)), .rate_per_host = keyed_rate_limiter(per_second(20))});
  std::vector<std::string> endpoints;
  for (int i = 0; i < 30; ++i)
    for (const auto* const server : {&one, &other, &third}) endpoints.push_back(server->url() + "/clock");
  for (int i = 0; i < 30; ++i) endpoints.push_back(one.url() + "/clock");
  for (const auto& result : run_on(io, http::batch_get(client, endpoints, {.max_concurrent = endpoints.size()})))
    ASSERT_TRUE(result);
  http::client asks;
  const auto seen = run_on(io, asks.async_get(one.url() + "/windows")).as<nlohmann::json>();
  EXPECT_EQ(seen["all"], 60);
  // What was late may fall into the window of what was not.
  EXPECT_LE(seen["most"].get<double>(), 20 + 20 * seen["late"].get<double>() + 2);
}

TEST(http_rate, whose_permit_would_come_after_the_deadline_is_a_timeout) {
  const fault_server server;
  asio::io_context io;
  rate_limiter slow(rate{1, 1h});
  ASSERT_TRUE(slow.try_acquire());
  http::client client({.base_url = server.url(), .rate = slow});
  EXPECT_EQ(kind_of([&] { run_on(io, client.async_get("ok", {}, within(50ms))); }), http::errc::timeout);
  EXPECT_EQ(client.under_way(), 0U);
}

TEST(http_rate, does_not_count_redirects) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url(), .rate = rate_limiter(rate{1, 1h})});
  EXPECT_EQ(run_on(io, client.async_get("redirect/3", {}, within(30s))).body, "ok");
}

TEST(http_rate, gives_no_permit_to_who_is_late_already) {
  const fault_server server;
  asio::io_context io;
  rate_limiter slow(rate{1, 1h});
  http::client client({.base_url = server.url(), .rate = slow});
  EXPECT_EQ(kind_of([&] { run_on(io, client.async_get("ok", {}, within(-1s))); }), http::errc::timeout);
  EXPECT_TRUE(slow.try_acquire());
}

TEST(http_faults, too_many_open_files_are_called_that) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url()});
  (void)run_on(io, client.async_get("ok"));  // all descriptors but the connection's are there
  const auto nobody = "HTTP://127.0.0.1:" + std::to_string(1) + "/";
  // A sanitizer opens a pipe to look at a class that it sees for the first time: let it see those of a failure.
  EXPECT_THROW(run_on(io, client.async_get(nobody)), http::error);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  std::vector<int> taken;
  auto few = before;
  few.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) taken.push_back(fd);
  std::string why;
  try {
    run_on(io, client.async_get(nobody));
  } catch (const http::error& e) {
    why = e.why();
  }
  for (const int fd : taken) ::close(fd);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_NE(why.find("too many files are open"), std::string::npos) << why;
}

TEST(http_client, serves_several_threads_of_one_context) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url(), .per_host = 16, .rate = rate_limiter(per_second(100'000))});
  std::atomic<int> well = 0;
  const auto ask = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 20; ++i) {
      http::response answer = co_await client.async_get("ok");
      well += answer.ok();
    }
  };
  for (int i = 0; i < 32; ++i) asio::co_spawn(io, ask(), asio::detached);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { io.run(); });
  for (auto& one : threads) one.join();
  EXPECT_EQ(well, 640);
  EXPECT_EQ(client.under_way(), 0U);
}

}  // namespace
}  // namespace penstock
