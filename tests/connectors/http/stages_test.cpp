// Sinks, batches, and clients as bodies of stages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <penstock/connectors/http.hpp>
#include <penstock/penstock.hpp>
#include <set>
#include <thread>

#include "connectors/http/on_io.hpp"
#include "connectors/http/servers.hpp"

namespace penstock {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::fault_server;
using test::kind_of;
using test::nginx;
using test::run_on;
using testing::ElementsAre;

TEST(http_sink, gets_the_body_in_pieces_and_the_status_before_it) {
  const nginx server;
  asio::io_context io;
  http::client client({.base_url = server.url()});
  std::string whole;
  std::set<int> statuses;
  const http::body_sink keep = [&](const http::response& so_far, std::string_view piece) -> asio::awaitable<void> {
    statuses.insert(so_far.status);
    whole += piece;
    co_return;
  };
  const auto answer = run_on(io, client.async_send({.url = "text.txt"}, keep));
  EXPECT_EQ(whole, server.text());
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.bytes, whole.size());
  EXPECT_THAT(statuses, ElementsAre(200));
}

TEST(http_sink, that_is_slow_holds_the_server_back) {
  constexpr std::size_t in_all = std::size_t{64} << 20;
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url(), .sink_buffer = 64U << 10});
  std::size_t seen = 0, largest = 0;
  const http::body_sink slow = [&](const http::response&, std::string_view piece) -> asio::awaitable<void> {
    seen += piece.size();
    largest = std::max(largest, piece.size());
    if (seen < in_all / 16) co_await async_sleep(1ms);
  };
  (void)run_on(io, client.async_send({.url = "large/" + std::to_string(in_all)}, slow));
  EXPECT_EQ(seen, in_all);
  EXPECT_LE(largest, (64U << 10) + (16U << 10));
}

TEST(http_sink, that_throws_ends_the_request) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url(), .max_body = 1});
  const http::body_sink full = [](const http::response&, std::string_view) -> asio::awaitable<void> {
    throw std::runtime_error("the disk is full");
    co_return;
  };
  EXPECT_THROW(run_on(io, client.async_send({.url = "endless"}, full)), std::runtime_error);
  EXPECT_EQ(client.under_way(), 0U);
}

TEST(http_sink, gets_what_came_before_the_answer_broke_off) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url()});
  std::size_t seen = 0;
  const http::body_sink count = [&](const http::response&, std::string_view piece) -> asio::awaitable<void> {
    seen += piece.size();
    co_return;
  };
  EXPECT_EQ(kind_of([&] { run_on(io, client.async_send({.url = "short"}, count)); }), http::errc::reset);
  EXPECT_EQ(seen, 5000U);
}

TEST(batch_get, gives_a_result_for_each_in_order_and_an_error_spoils_no_other) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url(), .timeout = 2s});
  std::vector<std::string> endpoints;
  for (int i = 0; i < 40; ++i) endpoints.push_back("large/" + std::to_string(i));
  endpoints[3] = "never";
  endpoints[5] = "short";
  endpoints[7] = "status/500";
  endpoints[9] = "not a url";
  auto results = run_on(io, http::batch_get(client, endpoints, {.max_concurrent = 7}));
  ASSERT_EQ(results.size(), endpoints.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (i == 3 || i == 5 || i == 9) {
      EXPECT_FALSE(results[i]) << i;
      EXPECT_THROW((void)results[i].value(), http::error);
    } else if (i == 7) {
      EXPECT_EQ(results[i]->status, 500);
    } else {
      EXPECT_EQ(results[i]->body.size(), i);
    }
  }
  EXPECT_EQ(run_on(io, http::batch_get(client, {})).size(), 0U);
}

TEST(batch_get, has_no_more_under_way_than_it_may) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url()});
  std::size_t most = 0;
  const std::vector<std::string> endpoints(60, "ok");
  bool over = false;
  asio::co_spawn(io, http::batch_get(client, endpoints, {.max_concurrent = 10}),
                 [&](std::exception_ptr e, const std::vector<http::result>& all) { over = !e && all.size() == 60; });
  while (!over && io.run_one() > 0) most = std::max(most, client.under_way());
  EXPECT_TRUE(over);
  EXPECT_EQ(most, 10U);
}

TEST(batch_get, that_is_stopped_says_so_in_the_results_of_those_under_way) {
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = server.url()});
  stop_source stop;
  std::vector<http::result> results;
  asio::co_spawn(
      io, http::batch_get(client, {"ok", "never", "never", "never"}, {.max_concurrent = 1}, stopped_by(stop.token())),
      [&](std::exception_ptr, std::vector<http::result> all) { results = std::move(all); });
  // The second is there once the first has been answered, so the server is asked.
  const auto quit = [&]() -> asio::awaitable<void> {
    http::client asks({.base_url = server.url()});
    for (std::string arrived; arrived != "1";) {
      http::response answer = co_await asks.async_get("waiting");
      arrived = answer.body;
    }
    stop.request_stop();
  };
  asio::co_spawn(io, quit(), asio::detached);
  io.run();
  ASSERT_EQ(results.size(), 4U);
  EXPECT_TRUE(results[0]);
  for (int i : {1, 2, 3}) EXPECT_THROW((void)results[static_cast<std::size_t>(i)].value(), penstock::error);
}

// [stage]
asio::awaitable<std::string> fetch(http::client& api, int number) {
  http::response answer = co_await api.async_get("large/" + std::to_string(number));
  http::require_ok(answer);
  co_return std::move(answer.body);
}

pipeline fetch_all(http::client& api, std::vector<std::string>& bodies) {
  return {"fetch all",
          producer({.name = "number"}, [i = 0]() mutable { return i < 500 ? std::optional(i++) : std::nullopt; }),
          async_transform({.name = "fetch", .workers = 32, .order = order::kept},
                          [&api](int number) { return fetch(api, number); }),
          consumer({.name = "keep"}, [&bodies](std::string body) { bodies.push_back(std::move(body)); })};
}
// [/stage]

TEST(http_client, serves_all_bodies_of_a_stage) {
  const fault_server server;
  http::client api({.base_url = server.url(), .max_connections = 8});
  std::vector<std::string> bodies;
  runtime machinery({.cpu_workers = 1});
  const auto report = machinery.run(fetch_all(api, bodies));
  EXPECT_TRUE(report.ok());
  ASSERT_EQ(bodies.size(), 500U);
  for (std::size_t i = 0; i < bodies.size(); ++i) EXPECT_EQ(bodies[i].size(), i);
}

TEST(http_client, ends_its_requests_when_the_run_is_cancelled) {
  const fault_server server;
  http::client api({.base_url = server.url()});
  runtime machinery({.cpu_workers = 2});
  const pipeline endless{"endless", producer({.name = "again"}, [] { return std::optional(0); }),
                         async_transform({.name = "fetch", .workers = 100},
                                         [&](int) -> asio::awaitable<int> {
                                           http::response answer = co_await api.async_get("never");
                                           co_return answer.status;
                                         }),
                         consumer({.name = "none"}, [](int) {})};
  auto run = machinery.start(endless);
  while (api.under_way() < 100) std::this_thread::yield();
  run.cancel();
  EXPECT_TRUE(run.wait_for(60s));
  EXPECT_EQ(run.report().state(), end_state::cancelled);
  EXPECT_EQ(api.under_way(), 0U);
}

TEST(http_client, is_cut_short_by_the_limit_of_a_stage) {
  const fault_server server;
  http::client api({.base_url = server.url()});
  runtime machinery({.cpu_workers = 1});
  int left = 3;
  std::vector<int> statuses;
  const auto report = machinery.run(
      pipeline{"limited", producer({.name = "paths"}, [&] { return left-- > 0 ? std::optional(left) : std::nullopt; }),
               async_transform({.name = "fetch", .limit = 1s, .on_error = skip},
                               [&](int i) -> asio::awaitable<int> {
                                 http::response answer = co_await api.async_get(i == 1 ? "never" : "ok");
                                 co_return answer.status;
                               }),
               consumer({.name = "keep"}, [&](int status) { statuses.push_back(status); })});
  EXPECT_EQ(report.stage("fetch").failed, 1U);
  EXPECT_THAT(statuses, ElementsAre(200, 200));
  EXPECT_EQ(api.under_way(), 0U);
}

}  // namespace
}  // namespace penstock
