// What goes out and what comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <penstock/connectors/http.hpp>
#include <penstock/penstock.hpp>

#include "connectors/http/on_io.hpp"
#include "connectors/http/servers.hpp"

namespace penstock {
namespace {

namespace asio = boost::asio;
using nlohmann::json;
using test::certificates;
using test::fault_server;
using test::kind_of;
using test::nginx;
using test::run_on;
using testing::HasSubstr;
using testing::Not;

http::response get(const http::client_options& options, const std::string& path, const http::fields& params = {}) {
  asio::io_context io;
  http::client client(options);
  return run_on(io, client.async_get(path, params));
}

json echo(const http::client_options& options, const http::request& what) {
  asio::io_context io;
  http::client client(options);
  const auto answer = run_on(io, client.async_send(what));
  return http::require_ok(answer).as<json>();
}

TEST(http_client, gets_a_body_with_its_status_headers_and_url) {
  const nginx server;
  const auto answer = get({.base_url = server.url()}, "small.json");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(answer.as<json>()["answer"], 42);
  EXPECT_EQ(answer.bytes, answer.body.size());
  EXPECT_EQ(answer.url, server.url() + "/small.json");
  EXPECT_EQ(answer.headers.get("content-TYPE"), "application/json");
  EXPECT_FALSE(answer.headers.has("X-Nothing"));
  EXPECT_GT(answer.elapsed, duration::zero());
}

TEST(http_client, takes_a_status_of_400_and_more_for_an_answer) {
  const fault_server server;
  for (const int status : {400, 404, 500}) {
    const auto answer = get({.base_url = server.url()}, "status/" + std::to_string(status));
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.body, "status " + std::to_string(status));
    EXPECT_EQ(kind_of([&] { (void)http::require_ok(answer); }), http::errc::status);
  }
}

TEST(http_client, sends_params_headers_and_the_method) {
  const fault_server server;
  const auto seen = echo({.base_url = server.url() + "/", .headers = {{"X-Client", "c"}, {"X-Both", "client"}}},
                         {.method = "PATCH",
                          .url = "/echo?a=1",
                          .params = {{"b c", "ä&="}, {"d", ""}},
                          .headers = {{"X-Both", "request"}, {"User-Agent", ""}}});
  EXPECT_EQ(seen["method"], "PATCH");
  EXPECT_EQ(seen["target"], "/echo?a=1&b%20c=%C3%A4%26%3D&d=");
  EXPECT_EQ(seen["headers"]["x-client"], "c");
  EXPECT_EQ(seen["headers"]["x-both"], "request");
  EXPECT_FALSE(seen["headers"].contains("user-agent"));
}

TEST(http_client, posts_json_forms_and_bytes) {
  const fault_server server;
  const auto seen = [&](http::body body) {
    asio::io_context io;
    http::client client({.base_url = server.url()});
    return run_on(io, client.async_post("echo", std::move(body))).as<json>();
  };
  const auto as_json = seen(http::json(json{{"n", 1}}));
  EXPECT_EQ(as_json["method"], "POST");
  EXPECT_EQ(as_json["headers"]["content-type"], "application/json");
  EXPECT_EQ(as_json["body"], R"({"n":1})");
  EXPECT_EQ(seen(http::json(R"([1])"))["body"], "[1]");
  const auto as_form = seen(http::form({{"a", "1 2"}, {"b", "&"}}));
  EXPECT_EQ(as_form["headers"]["content-type"], "application/x-www-form-urlencoded");
  EXPECT_EQ(as_form["body"], "a=1%202&b=%26");
  const std::string zeros("a\0b", 3);
  const auto as_bytes = seen(http::bytes(zeros));
  EXPECT_EQ(as_bytes["headers"]["content-type"], "application/octet-stream");
  EXPECT_EQ(as_bytes["body"], zeros);
  EXPECT_EQ(seen(http::bytes("", "text/plain"))["headers"]["content-length"], "0");
}

TEST(http_client, forgets_the_body_of_the_request_before) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url()});
  (void)run_on(io, client.async_post("echo", http::bytes("much")));
  const auto seen = run_on(io, client.async_get("echo")).as<json>();
  EXPECT_EQ(seen["method"], "GET");
  EXPECT_EQ(seen["body"], "");
  EXPECT_FALSE(seen["headers"].contains("content-type"));
}

TEST(http_client, gives_no_body_for_head) {
  const nginx server;
  asio::io_context io;
  http::client client({.base_url = server.url()});
  const auto answer = run_on(io, client.async_send({.method = "HEAD", .url = "text.txt"}));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
}

TEST(http_client, keeps_connections) {
  const nginx server;
  asio::io_context io;
  http::client client({.base_url = server.secure_url(), .tls = {.ca_file = certificates::shared().path("ca.pem")}});
  const auto first = run_on(io, client.async_get("connection")).body;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run_on(io, client.async_get("connection")).body, first);
}

TEST(http_client, decodes_a_compressed_body) {
  const nginx server;
  const auto answer = get({.base_url = server.url()}, "text.txt");
  EXPECT_EQ(answer.headers.get("Content-Encoding"), "gzip");
  EXPECT_EQ(answer.body, server.text());
  const auto plain = get({.base_url = server.url(), .compressed = false}, "text.txt");
  EXPECT_FALSE(plain.headers.has("Content-Encoding"));
  EXPECT_EQ(plain.body, server.text());
}

TEST(http_client, speaks_http_2_where_the_server_does) {
  const nginx server;
  const auto trusted = certificates::shared().path("ca.pem");
  EXPECT_EQ(get({.base_url = server.secure_url(), .tls = {.ca_file = trusted}}, "protocol").body, "HTTP/2.0");
  EXPECT_EQ(get({.base_url = server.secure_url(), .tls = {.ca_file = trusted}, .http2 = false}, "protocol").body,
            "HTTP/1.1");
}

TEST(http_client, shares_a_connection_among_requests_over_http_2) {
  const nginx server;
  asio::io_context io;
  http::client client({.base_url = server.secure_url(), .tls = {.ca_file = certificates::shared().path("ca.pem")}});
  std::vector<std::string> endpoints(50, "connection");
  auto results = run_on(io, http::batch_get(client, endpoints, {.max_concurrent = 50}));
  for (auto& one : results) EXPECT_EQ(one->body, results[0]->body);
}

TEST(http_client, trusts_no_certificate_that_nobody_vouches_for) {
  const auto& made = certificates::shared();
  const fault_server server(made.path("bad.pem"), made.path("bad.key"));
  EXPECT_EQ(kind_of([&] { get({.base_url = server.secure_url()}, "ok"); }), http::errc::tls);
  EXPECT_EQ(kind_of([&] { get({.base_url = server.secure_url(), .tls = {.ca_file = made.path("ca.pem")}}, "ok"); }),
            http::errc::tls);
  EXPECT_EQ(get({.base_url = server.secure_url(), .tls = {.verify = false}}, "ok").body, "ok");
}

TEST(http_client, follows_redirects_up_to_the_limit) {
  const fault_server server;
  const auto answer = get({.base_url = server.url(), .redirects = 3}, "redirect/3");
  EXPECT_EQ(answer.body, "ok");
  EXPECT_EQ(answer.url, server.url() + "/ok");
  EXPECT_EQ(kind_of([&] { get({.base_url = server.url(), .redirects = 3}, "redirect/4"); }), http::errc::redirects);
  EXPECT_EQ(get({.base_url = server.url(), .redirects = 0}, "redirect/1").status, 302);
}

TEST(http_client, follows_no_redirect_away_from_http) {
  const fault_server server;
  EXPECT_EQ(kind_of([&] { get({.base_url = server.url()}, "redirect_to?file%3A///etc/passwd"); }),
            http::errc::redirects);
}

TEST(http_client, goes_through_the_proxy_of_the_environment) {
  const fault_server proxy;
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  const auto answer = get({.base_url = "http://far.example"}, "echo");
  const auto direct = kind_of([&] { get({.base_url = "http://127.0.0.1:1", .proxy = ""}, "echo"); });
  ::unsetenv("http_proxy");
  EXPECT_EQ(answer.as<json>()["target"], "http://far.example/echo");
  EXPECT_EQ(direct, http::errc::connect);
}

TEST(http_client, refuses_a_request_that_would_say_more_than_it_should) {
  const auto kind = [](http::request what) {
    asio::io_context io;
    http::client client;
    return kind_of([&] { run_on(io, client.async_send(std::move(what))); });
  };
  const std::string url = "http://127.0.0.1:1/";
  EXPECT_EQ(kind({.url = url, .headers = {{"A", "b\r\nC: d"}}}), http::errc::invalid);
  EXPECT_EQ(kind({.url = url, .headers = {{"A: b\r\nC", "d"}}}), http::errc::invalid);
  EXPECT_EQ(kind({.method = "GET / HTTP/1.1\r\nA: b", .url = url}), http::errc::invalid);
  EXPECT_EQ(kind({.url = url + " HTTP/1.1"}), http::errc::invalid);
  EXPECT_EQ(kind({.url = "file:///etc/passwd"}), http::errc::invalid);
  EXPECT_EQ(kind({.url = "small.json"}), http::errc::invalid);
  EXPECT_EQ(kind({.method = "POST", .url = url, .idempotency_key = "a\nb"}), http::errc::invalid);
  EXPECT_EQ(kind_of([] { http::client({.base_url = "ftp://x"}); }), http::errc::invalid);
}

TEST(http_error, is_one_sentence_with_the_url_and_without_its_password) {
  try {
    get({}, "http://me:secret@127.0.0.1:1/path");
    FAIL();
  } catch (const http::error& e) {
    EXPECT_EQ(e.kind(), http::errc::connect);
    EXPECT_EQ(e.url(), "http://***@127.0.0.1:1/path");
    EXPECT_THAT(e.what(), HasSubstr("http://***@127.0.0.1:1/path: cannot connect"));
    EXPECT_THAT(e.what(), Not(HasSubstr("secret")));
    EXPECT_THAT(e.what(), Not(HasSubstr("\n")));
    EXPECT_EQ(e.code(), std::errc::connection_refused);
  }
}

TEST(http_client, says_that_a_name_has_no_address) {
  EXPECT_EQ(kind_of([] { get({.proxy = ""}, "http://no-such-host.invalid/"); }), http::errc::resolve);
}

}  // namespace
}  // namespace penstock
