// What goes out once and what goes out again, and to where.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <penstock/connectors/http.hpp>
#include <penstock/penstock.hpp>

#include "connectors/http/on_io.hpp"
#include "connectors/http/servers.hpp"

namespace penstock {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::fault_server;
using test::kind_of;
using test::run_on;

class http_repeats : public testing::Test {
 protected:
  int count(const std::string& key) {
    asio::io_context other;
    http::client asks({.base_url = server.url()});
    return std::stoi(run_on(other, asks.async_get("count/" + key)).body);
  }

  const fault_server server;
  asio::io_context io;
  http::client client{http::client_options{.base_url = server.url()}};
};

// libcurl sends a request again when a connection that it has kept turns out to be closed.
TEST_F(http_repeats, a_post_goes_out_once_also_over_a_kept_connection_that_breaks) {
  EXPECT_EQ(run_on(io, client.async_get("ok")).body, "ok");
  EXPECT_EQ(kind_of([&] { run_on(io, client.async_post("cut/p/1", http::bytes("x"))); }), http::errc::reset);
  EXPECT_EQ(count("p"), 1);
}

TEST_F(http_repeats, what_may_go_out_again_does_and_counts_as_an_attempt) {
  EXPECT_EQ(run_on(io, client.async_get("ok")).attempts, 1U);
  EXPECT_EQ(run_on(io, client.async_get("cut/g/1")).attempts, 2U);
  EXPECT_EQ(count("g"), 2);
  EXPECT_EQ(run_on(io, client.async_send({.method = "POST", .url = "cut/k/1", .idempotency_key = "1"})).attempts, 2U);
}

TEST_F(http_repeats, a_redirect_is_no_repeat) {
  const auto posted = run_on(io, client.async_post("redirect/3", http::bytes("x")));
  EXPECT_EQ(posted.body, "ok");
  EXPECT_EQ(posted.attempts, 1U);
}

TEST_F(http_repeats, a_redirect_of_another_method_is_the_answer) {
  for (const std::string method : {"DELETE", "PUT", "PATCH"}) {
    const auto answer = run_on(io, client.async_send({.method = method, .url = "redirect/1"}));
    EXPECT_EQ(answer.status, 302) << method;
    EXPECT_EQ(answer.headers.get("Location"), "/ok");
  }
  EXPECT_EQ(run_on(io, client.async_get("redirect/1")).status, 200);
  EXPECT_EQ(run_on(io, client.async_send({.method = "HEAD", .url = "redirect/1"})).status, 200);
}

TEST_F(http_repeats, credentials_do_not_go_along_to_another_host_and_other_headers_do) {
  const fault_server elsewhere;
  http::client known({.base_url = server.url(), .headers = {{"Authorization", "secret"}, {"X-Api-Key", "also"}}});
  const auto headers = [&](const std::string& path) {
    return run_on(io, known.async_send({.url = path, .headers = {{"Cookie", "c"}}})).as<nlohmann::json>()["headers"];
  };
  const auto here = headers("redirect_to?" + server.url() + "/echo");
  EXPECT_EQ(here["authorization"], "secret");
  const auto there = headers("redirect_to?" + elsewhere.url() + "/echo");
  EXPECT_FALSE(there.contains("authorization"));
  EXPECT_FALSE(there.contains("cookie"));
  EXPECT_EQ(there["x-api-key"], "also");
}

TEST_F(http_repeats, a_head_with_a_body_is_refused) {
  EXPECT_EQ(kind_of([&] { run_on(io, client.async_send({.method = "HEAD", .url = "ok", .body = http::bytes("x")})); }),
            http::errc::invalid);
}

TEST(http_client, refuses_options_that_would_say_more_than_they_should) {
  const auto kind = [](const http::client_options& options) {
    return kind_of([&] { const http::client refused(options); });
  };
  EXPECT_EQ(kind({.user_agent = "a\r\nX-Evil: 1"}), http::errc::invalid);
  EXPECT_EQ(kind({.tls = {.ca_file = std::string("a\0b", 3)}}), http::errc::invalid);
  EXPECT_EQ(kind({.proxy = std::string("a\0b", 3)}), http::errc::invalid);
  EXPECT_EQ(kind({.user_agent = "a b/1.0"}), std::nullopt);
}

}  // namespace
}  // namespace penstock
