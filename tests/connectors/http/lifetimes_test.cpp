// Clients that go while something waits.
#include <gtest/gtest.h>

#include <penstock/connectors/http.hpp>
#include <penstock/penstock.hpp>

#include "connectors/http/on_io.hpp"
#include "connectors/http/servers.hpp"

namespace penstock {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::fault_server;
using test::run_on;

class http_lifetimes : public testing::Test {
 protected:
  void start(http::client_options options, const std::string& path) {
    options.base_url = server.url();
    client = std::make_unique<http::client>(std::move(options));
    asio::co_spawn(io, client->async_get(path), [&](std::exception_ptr e, const http::response&) { error = e; });
  }
  void expect_cancelled() {
    ASSERT_TRUE(error);
    EXPECT_THROW(std::rethrow_exception(error), penstock::error);
  }
  int count(const std::string& key) {
    asio::io_context other;
    http::client asks({.base_url = server.url()});
    return std::stoi(run_on(other, asks.async_get("count/" + key)).body);
  }

  const fault_server server;
  asio::io_context io;
  std::unique_ptr<http::client> client;
  std::exception_ptr error;
};

TEST_F(http_lifetimes, a_client_takes_along_who_waits_to_try_again) {
  start({.retry = {.times = 1, .backoff = 1h, .most = 1h}}, "flaky/a/9/503");
  while (count("a") == 0 || client->under_way() > 0) io.poll();
  client.reset();
  io.run();
  expect_cancelled();
  EXPECT_EQ(count("a"), 1);
}

TEST_F(http_lifetimes, a_client_takes_along_who_waits_for_the_rate) {
  rate_limiter slow(rate{1, 1h});
  ASSERT_TRUE(slow.try_acquire());
  start({.rate = slow}, "ok");
  while (slow.waiting() == 0) io.run_one();
  client.reset();
  io.run();
  expect_cancelled();
  EXPECT_EQ(slow.waiting(), 0U);
}

TEST_F(http_lifetimes, a_request_that_begins_after_its_client_is_cancelled) {
  start({}, "flaky/b/0/503");
  client.reset();
  io.run();
  expect_cancelled();
  EXPECT_EQ(count("b"), 0);
}

TEST_F(http_lifetimes, a_batch_outlives_its_client_and_says_so) {
  client = std::make_unique<http::client>(http::client_options{.base_url = server.url()});
  std::vector<http::result> results;
  asio::co_spawn(io, http::batch_get(*client, {"ok", "never", "ok", "ok"}, {.max_concurrent = 2}),
                 [&](std::exception_ptr, std::vector<http::result> all) { results = std::move(all); });
  while (client->under_way() == 0) io.run_one();
  client.reset();
  io.run();
  ASSERT_EQ(results.size(), 4U);
  EXPECT_FALSE(results[1]);
  EXPECT_FALSE(results[3]);
}

TEST_F(http_lifetimes, a_batch_that_is_cancelled_has_its_results_all_the_same) {
  client = std::make_unique<http::client>(http::client_options{.base_url = server.url()});
  std::vector<http::result> results;
  asio::cancellation_signal signal;
  asio::co_spawn(io, http::batch_get(*client, {"never", "never", "never"}, {.max_concurrent = 2}),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e, std::vector<http::result> all) {
                   error = e;
                   results = std::move(all);
                 }));
  while (client->under_way() < 2) io.run_one();
  signal.emit(asio::cancellation_type::terminal);
  io.run();
  EXPECT_FALSE(error);
  ASSERT_EQ(results.size(), 3U);
  for (const auto& one : results) EXPECT_FALSE(one);
}

}  // namespace
}  // namespace penstock
