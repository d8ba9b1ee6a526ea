// What the tests of the postgres connector share.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/connectors/postgres.hpp>

#include "server.hpp"

namespace asio = boost::asio;
namespace postgres = penstock::postgres;

namespace penstock::test {

// Runs `body()`, a coroutine, on a context of its own until it ends, and gives what it gives.
template <class Body>
auto on_io(Body&& body) {
  using result = typename std::invoke_result_t<Body&>::value_type;
  asio::io_context io;
  std::optional<std::exception_ptr> ended;
  if constexpr (std::is_void_v<result>) {
    asio::co_spawn(io, body(), [&](std::exception_ptr e) { ended = e; });
    io.run_for(std::chrono::seconds(60));
    if (!ended) throw std::runtime_error("the coroutine does not end");
    if (*ended) std::rethrow_exception(*ended);
  } else {
    std::optional<result> made;
    asio::co_spawn(
        io, [&]() -> asio::awaitable<void> { made.emplace(co_await body()); },
        [&](std::exception_ptr e) { ended = e; });
    io.run_for(std::chrono::seconds(60));
    if (!ended) throw std::runtime_error("the coroutine does not end");
    if (*ended) std::rethrow_exception(*ended);
    return std::move(*made);
  }
}

// The error that awaiting `call()` fails with; records a failure of the test if it does not fail.
template <class Call>
asio::awaitable<postgres::error> failure_of(Call call) {
  std::optional<postgres::error> failed;
  try {
    co_await call();
  } catch (const postgres::error& e) {
    failed = e;
  }
  if (!failed) {
    ADD_FAILURE() << "the call did not fail";
    failed.emplace(postgres::errc::other, "no failure");
  }
  EXPECT_EQ(std::string(failed->what()).find('\n'), std::string::npos) << "not one line: " << failed->what();
  co_return *failed;
}

// A statement of the test's own about its server, on a connection of its own.
inline asio::awaitable<std::int64_t> ask(std::string sql, postgres::params values = {}) {
  auto db = co_await postgres::connection::async_connect(shared_server().conninfo());
  const auto rows = co_await db.async_query(std::move(sql), std::move(values));
  co_return rows.at(0).get<std::int64_t>(0);
}

// Waits until `sql` gives something else than 0: for what the server does when nobody waits for it.
inline asio::awaitable<bool> comes_true(std::string sql) {
  auto db = co_await postgres::connection::async_connect(shared_server().conninfo());
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < until) {
    const auto rows = co_await db.async_query("SELECT (" + sql + ")::int, pg_sleep(0.005)");
    if (rows.at(0).get<int>(0) != 0) co_return true;
  }
  co_return false;
}

}  // namespace penstock::test
