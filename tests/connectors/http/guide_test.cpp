// What docs/guide/http.md shows.
#include <gtest/gtest.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <penstock/connectors/http.hpp>
#include <penstock/penstock.hpp>

#include "connectors/http/on_io.hpp"
#include "connectors/http/servers.hpp"

namespace penstock {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;
using test::run_on;

// [batch]
asio::awaitable<std::size_t> weigh(http::client& api, std::vector<std::string> endpoints) {
  const auto results = co_await http::batch_get(api, std::move(endpoints), {.max_concurrent = 10});
  std::size_t bytes = 0;
  for (const auto& one : results)
    if (one) bytes += one.value().body.size();
  co_return bytes;
}
// [/batch]

// [json]
asio::awaitable<std::string> create(http::client& api, std::string name) {
  http::body body = http::json(json{{"name", name}});
  http::response answer = co_await api.async_post("echo", std::move(body), within(2s));
  const auto created = http::require_ok(answer).as<json>();
  co_return created["body"].get<std::string>();
}
// [/json]

// [sink]
asio::awaitable<void> download(http::client& api, std::string path, std::FILE* to) {
  http::request what{.url = std::move(path)};
  http::body_sink sink = [to](const http::response& so_far, std::string_view piece) -> asio::awaitable<void> {
    if (so_far.ok() && std::fwrite(piece.data(), 1, piece.size(), to) != piece.size())
      throw std::runtime_error("cannot write");
    co_return;
  };
  http::response answer = co_await api.async_send(std::move(what), std::move(sink));
  http::require_ok(answer);
}
// [/sink]

// [policies]
http::client_options polite(std::string base_url) {
  return {.base_url = std::move(base_url),
          .per_host = 8,
          .retry = {.times = 3, .backoff = 200ms},
          .rate = rate_limiter(per_second(100))};
}
// [/policies]

TEST(http_guide, shows_what_works) {
  const test::fault_server server;
  asio::io_context io;
  http::client api(polite(server.url()));
  EXPECT_EQ(run_on(io, weigh(api, {"large/10", "short", "large/20"})), 30U);
  EXPECT_EQ(run_on(io, create(api, "x")), R"({"name":"x"})");
  std::FILE* const file = std::tmpfile();
  run_on(io, download(api, "large/100000", file));
  EXPECT_EQ(std::ftell(file), 100'000);
  std::fclose(file);
}

}  // namespace
}  // namespace penstock
