// Servers on bad days, deadlines, cancellation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fstream>
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

#ifdef PENSTOCK_SANITIZED
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

std::optional<http::errc> kind(const http::client_options& options, const std::string& path) {
  asio::io_context io;
  http::client client(options);
  return kind_of([&] { run_on(io, client.async_get(path)); });
}

// Connections that the server has, besides the one that asks; asked again until there are as many as expected.
void expect_open(const fault_server& server, int expected) {
  asio::io_context io;
  http::client client({.base_url = server.url()});
  int open = -1;
  const auto enough = clock::now() + 30s;
  while (open != expected && clock::now() < enough) open = std::stoi(run_on(io, client.async_get("open")).body);
  EXPECT_EQ(open, expected);
}

TEST(http_faults, an_answer_that_breaks_off_is_a_reset) {
  const fault_server server;
  EXPECT_EQ(kind({.base_url = server.url()}, "reset"), http::errc::reset);
  EXPECT_EQ(kind({.base_url = server.url()}, "short"), http::errc::reset);
  EXPECT_EQ(kind({.base_url = server.url()}, "cut/once/1"), http::errc::reset);
}

TEST(http_faults, what_is_no_http_is_malformed) {
  const fault_server server;
  EXPECT_EQ(kind({.base_url = server.url()}, "garbage"), http::errc::malformed);
  EXPECT_EQ(kind({.base_url = server.url()}, "many_headers"), http::errc::malformed);
}

TEST(http_faults, a_body_above_the_limit_is_too_large_and_one_that_just_fits_is_not) {
  const fault_server server;
  EXPECT_EQ(kind({.base_url = server.url(), .max_body = 99'999}, "large/100000"), http::errc::too_large);
  EXPECT_EQ(kind({.base_url = server.url(), .max_body = 100'000}, "large/100000"), std::nullopt);
  EXPECT_EQ(kind({.base_url = server.url(), .max_body = 1'000'000}, "endless"), http::errc::too_large);
}

TEST(http_faults, a_body_that_is_not_kept_is_counted) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url(), .max_body = 100'000});
  const auto answer = run_on(io, client.async_send({.url = "large/100000", .keep_body = false}));
  EXPECT_EQ(answer.bytes, 100'000U);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(kind_of([&] { run_on(io, client.async_send({.url = "large/100001", .keep_body = false})); }),
            http::errc::too_large);
}

TEST(http_faults, the_timeout_ends_what_never_comes_and_what_comes_too_slowly) {
  const fault_server server;
  EXPECT_EQ(kind({.base_url = server.url(), .timeout = 100ms}, "never"), http::errc::timeout);
  EXPECT_EQ(kind({.base_url = server.url(), .timeout = 100ms}, "slow"), http::errc::timeout);
  expect_open(server, 0);
}

TEST(http_faults, the_deadline_of_a_request_ends_it) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url()});
  EXPECT_EQ(kind_of([&] { run_on(io, client.async_get("never", {}, within(100ms))); }), http::errc::timeout);
  EXPECT_EQ(kind_of([&] { run_on(io, client.async_get("ok", {}, within(-1s))); }), http::errc::timeout);
  EXPECT_EQ(client.under_way(), 0U);
  expect_open(server, 0);
}

TEST(http_faults, a_stop_ends_a_request_and_closes_its_connection) {
  const fault_server server;
  stop_source stop;
  asio::io_context io;
  http::client client({.base_url = server.url()});
  std::thread other([&] {
    while (client.under_way() == 0) std::this_thread::yield();
    stop.request_stop();
  });
  try {
    run_on(io, client.async_get("never", {}, stopped_by(stop.token())));
    ADD_FAILURE();
  } catch (const penstock::error& e) {
    EXPECT_EQ(e.code(), errc::cancelled);
  }
  other.join();
  EXPECT_EQ(client.under_way(), 0U);
  expect_open(server, 0);
  EXPECT_THROW(run_on(io, client.async_get("ok", {}, stopped_by(stop.token()))), penstock::error);
}

TEST(http_faults, a_cancelled_coroutine_ends_its_request_and_the_others_go_on) {
  using namespace asio::experimental::awaitable_operators;
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url()});
  const auto both = [&]() -> asio::awaitable<std::string> {
    auto outcome = co_await (client.async_get("never") || client.async_get("ok"));
    http::response later = co_await client.async_get("ok");
    co_return (outcome.index() == 1 ? std::get<1>(outcome).body : "no") + later.body;
  };
  EXPECT_EQ(run_on(io, both()), "okok");
  EXPECT_EQ(client.under_way(), 0U);
}

TEST(http_faults, destroying_the_client_cancels_what_is_under_way) {
  const fault_server server;
  asio::io_context io;
  std::exception_ptr error;
  auto client = std::make_unique<http::client>(http::client_options{.base_url = server.url()});
  asio::co_spawn(io, client->async_get("never"), [&](std::exception_ptr e, const http::response&) { error = e; });
  while (client->under_way() == 0) io.run_one();
  client.reset();
  io.run();
  EXPECT_THROW(std::rethrow_exception(error), penstock::error);
  expect_open(server, 0);
}

TEST(http_faults, a_client_may_outlive_its_context) {
  const fault_server server;
  http::client client({.base_url = server.url()});
  {
    asio::io_context io;
    asio::co_spawn(io, client.async_get("never"), asio::detached);
    while (client.under_way() == 0) io.run_one();
  }
  EXPECT_EQ(client.under_way(), 0U);
  asio::io_context other;
  EXPECT_THROW(run_on(other, client.async_get("ok")), penstock::error);
}

TEST(http_faults, no_more_connections_are_open_than_the_limit) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url(), .max_connections = 3});
  for (int i = 0; i < 20; ++i)
    asio::co_spawn(io, client.async_get("never"), [](std::exception_ptr, const http::response&) {});
  std::thread runner([&] { io.run(); });
  expect_open(server, 3);
  EXPECT_EQ(client.under_way(), 20U);
  io.stop();
  runner.join();
}

// 10,000 requests that nobody answers: a thread for none of them, a bounded part of memory for each, and one cancel
// ends all.
TEST(http_faults, ten_thousand_requests_wait_without_threads_and_one_stop_ends_them) {
  constexpr int requests = 10'000;
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  const auto before = files;
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  if (files.rlim_cur < requests + 100) GTEST_FAIL() << "needs " << requests << " open files; see ulimit -Hn";
  const auto resident = [] {
    std::size_t pages = 0;
    std::ifstream statm("/proc/self/statm");
    statm >> pages >> pages;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  };
  const fault_server server;
  asio::io_context io;
  stop_source stop;
  int ended = 0;
  {
    http::client client({.base_url = server.url(), .timeout = duration::zero(), .connect_timeout = 120s});
    const auto threads_before = test::threads_here();
    const auto memory_before = resident();
    for (int i = 0; i < requests; ++i)
      asio::co_spawn(io, client.async_get("never", {}, stopped_by(stop.token())),
                     [&](std::exception_ptr e, const http::response&) { ended += e != nullptr; });
    // Asked through the same client: all have arrived when the server says so.
    int open = 0;
    const auto watch = [&]() -> asio::awaitable<void> {
      for (int tries = 0; tries < 3000 && open < requests; ++tries) {
        http::response answer = co_await client.async_get("open");
        open = std::stoi(answer.body);
      }
      EXPECT_EQ(test::threads_here(), threads_before);
      const auto all_in = resident();
      for (int i = 0; i < 200; ++i) co_await client.async_get("ok");
      if (!sanitized) {  // which keeps freed memory
        EXPECT_LT(resident(), all_in + (std::size_t{4} << 20));
        EXPECT_LT((resident() - memory_before) / requests, std::size_t{48} << 10);
      }
      stop.request_stop();
    };
    asio::co_spawn(io, watch(), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
    io.run();
    EXPECT_EQ(open, requests);
    EXPECT_EQ(ended, requests);
    EXPECT_EQ(client.under_way(), 0U);
  }
  io.restart();
  io.run();  // the client's connection to ask closes here
  expect_open(server, 0);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(http_faults, requests_that_begin_together_look_a_name_up_once) {
  char name[256] = {};
  ASSERT_EQ(::gethostname(name, sizeof name - 1), 0);
  const fault_server server;
  asio::io_context io;
  http::client client({.proxy = ""});
  const auto threads_before = test::threads_here();
  std::size_t most = 0;
  int ended = 0;
  const std::string url = "http://" + std::string(name) + ":1/";
  for (int i = 0; i < 200; ++i)
    asio::co_spawn(io, client.async_get(url), [&](std::exception_ptr, const http::response&) {
      most = std::max(most, test::threads_here());
      ++ended;
    });
  while (ended < 200 && io.run_one() > 0) most = std::max(most, test::threads_here());
  EXPECT_EQ(ended, 200);
  EXPECT_LE(most, threads_before + 2);
}

}  // namespace
}  // namespace penstock
