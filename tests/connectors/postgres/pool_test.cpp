// A pool: turns, ends, and a server that goes and comes.
#include <stop_token>
#include <thread>

#include <penstock/penstock.hpp>
#include <penstock/sync/queue.hpp>

#include "support.hpp"

using namespace penstock::test;
using namespace std::chrono_literals;
using penstock::within;
using postgres::connection;
using postgres::errc;
using postgres::params;
using postgres::pool;

TEST(postgres_pool, gives_the_same_connection_again) {
  pool connections(shared_server().conninfo(), {.max = 3});
  on_io([&]() -> asio::awaitable<void> {
    int pid = 0;
    {
      auto db = co_await connections.async_acquire();
      pid = db.backend_pid();
      EXPECT_EQ(connections.snapshot().in_use, 1U);
    }
    auto db = co_await connections.async_acquire();
    EXPECT_EQ(db.backend_pid(), pid);
    auto another = co_await connections.async_acquire();
    EXPECT_NE(another.backend_pid(), pid);
    EXPECT_EQ(connections.snapshot().made, 2U);
  });
  EXPECT_EQ(connections.snapshot().idle, 2U) << "the pool outlives the context";
  on_io([&]() -> asio::awaitable<void> {
    auto db = co_await connections.async_acquire();
    const auto rows = co_await db.async_query("SELECT 1");
    EXPECT_EQ(rows.size(), 1U);
  });
}

TEST(postgres_pool, refuses_who_waits_too_long_while_all_are_in_use) {
  pool connections(shared_server().conninfo(), {.max = 1, .acquire_timeout = 30ms});
  on_io([&]() -> asio::awaitable<void> {
    auto db = co_await connections.async_acquire();
    const auto e = co_await failure_of([&] { return connections.async_acquire(); });
    EXPECT_EQ(e.cause(), errc::exhausted) << e.what();
    const auto sooner = co_await failure_of([&] { return connections.async_acquire(within(0ms)); });
    EXPECT_EQ(sooner.cause(), errc::exhausted);
    EXPECT_EQ(connections.snapshot().in_use, 1U);
  });
}

TEST(postgres_pool, hands_a_connection_that_comes_back_to_the_first_in_line) {
  pool connections(shared_server().conninfo(), {.max = 1});
  on_io([&]() -> asio::awaitable<void> {
    std::optional<connection> held(co_await connections.async_acquire());
    penstock::queue<int> order(3);
    const auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i < 3; ++i)
      asio::co_spawn(
          executor,
          [&, i]() -> asio::awaitable<void> {
            auto db = co_await connections.async_acquire();
            co_await db.async_query("SELECT 1");
            EXPECT_TRUE(order.try_put(int(i)));
          },
          [](std::exception_ptr e) { EXPECT_FALSE(e); });
    co_await asio::post(asio::use_awaitable);
    held.reset();
    for (int i = 0; i < 3; ++i) {
      const auto next = co_await order.async_get();
      EXPECT_EQ(*next, i);
    }
  });
  EXPECT_EQ(connections.snapshot().made, 1U);
}

TEST(postgres_pool, a_wait_in_line_can_be_stopped_and_takes_nothing) {
  pool connections(shared_server().conninfo(), {.max = 1});
  on_io([&]() -> asio::awaitable<void> {
    std::optional<connection> held(co_await connections.async_acquire());
    std::stop_source source;
    const auto executor = co_await asio::this_coro::executor;
    asio::post(executor, [&] { source.request_stop(); });
    const auto limits = penstock::stopped_by(source.get_token());
    const auto e = co_await failure_of([&] { return connections.async_acquire(limits); });
    EXPECT_EQ(e.cause(), errc::cancelled);
    held.reset();
    auto db = co_await connections.async_acquire(within(5s));
    EXPECT_TRUE(db.is_open());
  });
}

TEST(postgres_pool, takes_back_none_whose_state_is_unknown) {
  pool connections(shared_server().conninfo(), {.max = 1});
  on_io([&]() -> asio::awaitable<void> {
    {
      auto db = co_await connections.async_acquire();
      co_await db.async_script("BEGIN");
    }
    EXPECT_EQ(connections.snapshot().idle, 0U) << "inside a transaction";
    {
      auto db = co_await connections.async_acquire();
      const auto e =
          co_await failure_of([&] { return db.async_query("SELECT pg_sleep(600)", params(), within(20ms)); });
      EXPECT_EQ(e.cause(), errc::timed_out);
    }
    EXPECT_EQ(connections.snapshot().idle, 0U) << "cut short";
    {
      auto db = co_await connections.async_acquire();
      co_await db.async_script("CREATE TEMP TABLE t(x int)");
      const std::vector<std::string> columns = {"x"};
      const auto copy = co_await db.async_copy_in("t", columns);
      auto gone = std::move(db);
    }
    EXPECT_EQ(connections.snapshot().idle, 0U) << "in a COPY";
    auto db = co_await connections.async_acquire();
    const auto rows = co_await db.async_query("SELECT 1");
    EXPECT_EQ(rows.size(), 1U);
    EXPECT_EQ(connections.snapshot().made, 4U);
  });
}

TEST(postgres_pool, notices_that_an_idle_connection_has_ended) {
  pool connections(shared_server().conninfo(), {.max = 1});
  on_io([&]() -> asio::awaitable<void> {
    int pid = 0;
    {
      auto db = co_await connections.async_acquire();
      pid = db.backend_pid();
    }
    co_await ask("SELECT pg_terminate_backend($1, 10000)::int", params(pid));
    auto db = co_await connections.async_acquire();
    EXPECT_NE(db.backend_pid(), pid);
    const auto rows = co_await db.async_query("SELECT 1");
    EXPECT_EQ(rows.size(), 1U);
  });
}

TEST(postgres_pool, asks_an_idle_connection_whether_it_lives) {
  pool connections(shared_server().conninfo(), {.max = 1, .check_after = 0s});
  on_io([&]() -> asio::awaitable<void> {
    int pid = 0;
    for (int i = 0; i < 3; ++i) {
      auto db = co_await connections.async_acquire();
      EXPECT_TRUE(pid == 0 || db.backend_pid() == pid);
      pid = db.backend_pid();
    }
    // The empty question is the last thing that the server saw on it.
    const auto asked = co_await ask("SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND query = ''", params(pid));
    EXPECT_EQ(asked, 1);
  });
}

TEST(postgres_pool, keeps_its_least_and_closes_what_is_idle_beyond_it) {
  pool connections(shared_server().conninfo(), {.min = 2, .max = 4, .idle_for = 0s});
  on_io([&]() -> asio::awaitable<void> {
    co_await connections.async_open();
    EXPECT_EQ(connections.snapshot().idle, 2U);
    {
      std::vector<connection> all;
      for (int i = 0; i < 4; ++i) all.push_back(co_await connections.async_acquire());
      EXPECT_EQ(connections.snapshot().made, 4U);
    }
    EXPECT_EQ(connections.snapshot().idle, 2U);
  });
}

TEST(postgres_pool, closed_refuses_and_lets_what_is_out_come_home_to_be_closed) {
  pool connections(shared_server().conninfo(), {.max = 1});
  on_io([&]() -> asio::awaitable<void> {
    {
      auto db = co_await connections.async_acquire();
      connections.close();
      const auto rows = co_await db.async_query("SELECT 1");
      EXPECT_EQ(rows.size(), 1U);
    }
    EXPECT_EQ(connections.snapshot().idle, 0U);
    const auto e = co_await failure_of([&] { return connections.async_acquire(); });
    EXPECT_EQ(e.cause(), errc::misuse) << e.what();
  });
}

TEST(postgres_pool, refuses_a_declaration_that_cannot_work) {
  EXPECT_THROW(pool("", {.max = 0}), penstock::declaration_error);
  EXPECT_THROW(pool("", {.min = 2, .max = 1}), penstock::declaration_error);
}

TEST(postgres_pool, tries_again_with_pauses_while_the_server_is_absent_and_then_says_why) {
  pool connections("host=/nowhere/at/all",
                   {.max = 1, .acquire_timeout = 300ms, .reconnect = {.backoff = 1ms, .most = 20ms}});
  on_io([&]() -> asio::awaitable<void> {
    const auto e = co_await failure_of([&] { return connections.async_acquire(); });
    EXPECT_EQ(e.cause(), errc::cannot_connect) << e.what();
    EXPECT_NE(std::string(e.what()).find("/nowhere/at/all"), std::string::npos) << e.what();
  });
  EXPECT_GE(connections.snapshot().failed, 3U);
  EXPECT_LE(connections.snapshot().failed, 300U);
  EXPECT_EQ(connections.snapshot().in_use, 0U);
}

TEST(postgres_pool, does_not_try_again_where_credentials_are_wrong) {
  pool connections(shared_server().loopback("nobody", "x"), {.max = 1});
  on_io([&]() -> asio::awaitable<void> {
    const auto e = co_await failure_of([&] { return connections.async_acquire(); });
    EXPECT_EQ(e.cause(), errc::refused) << e.what();
  });
}

TEST(postgres_pool, connects_again_after_the_server_was_killed_and_started) {
  postgres_server server;
  pool connections(server.conninfo(), {.max = 2, .reconnect = {.backoff = 5ms, .most = 50ms}});
  on_io([&]() -> asio::awaitable<void> {
    auto db = co_await connections.async_acquire();
    co_await db.async_script("CREATE TABLE t(x int)");
    server.stop();
    const auto e = co_await failure_of([&] { return db.async_query("SELECT 1"); });
    EXPECT_EQ(e.cause(), errc::connection_lost) << e.what();
    const auto absent = co_await failure_of([&] { return connections.async_acquire(within(50ms)); });
    EXPECT_EQ(absent.cause(), errc::cannot_connect) << absent.what();
    server.launch();
    auto again = co_await connections.async_acquire();
    const auto rows = co_await again.async_query("SELECT count(*) FROM t");
    EXPECT_EQ(rows.at(0).get<int>(0), 0);
  });
  EXPECT_GE(connections.snapshot().failed, 1U);
}

TEST(postgres_copy_into, is_the_body_of_a_consumer_and_loses_no_row) {
  pool connections(shared_server().conninfo(), {.max = 2});
  on_io([&]() -> asio::awaitable<void> {
    auto db = co_await connections.async_acquire();
    co_await db.async_script("DROP TABLE IF EXISTS loaded; CREATE TABLE loaded(x bigint PRIMARY KEY, t text)");
  });
  // [copy_into]
  using vendor = std::tuple<std::int64_t, std::string>;
  penstock::runtime rt;
  const penstock::report report =
      rt.run(penstock::pipeline("load vendors",
                                penstock::producer({.name = "read"},
                                                   [n = std::int64_t{0}]() mutable -> std::optional<vendor> {
                                                     if (n == 100'000) return std::nullopt;
                                                     const std::int64_t id = n++;
                                                     return vendor(id, "vendor " + std::to_string(id));
                                                   }),
                                penstock::batch({.name = "page", .count = 5000}),
                                penstock::async_consumer({.name = "copy", .workers = 2},
                                                         postgres::copy_into(connections, "loaded", {"x", "t"}))));
  // [/copy_into]
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.stage("copy").done, 20U);
  const auto n = on_io([] { return ask("SELECT count(*) FROM loaded WHERE t = 'vendor ' || x"); });
  EXPECT_EQ(n, 100'000);
  EXPECT_LE(connections.snapshot().made, 3U);
}

TEST(postgres_copy_into, a_cancelled_run_lets_go_of_its_connection_at_once) {
  pool connections(shared_server().conninfo(), {.max = 1});
  on_io([&]() -> asio::awaitable<void> {
    auto db = co_await connections.async_acquire();
    co_await db.async_script("DROP TABLE IF EXISTS held; CREATE TABLE held(x int)");
    co_await db.async_script("DROP TABLE IF EXISTS unused");
  });
  on_io([&]() -> asio::awaitable<void> {
    auto owner = co_await connection::async_connect(shared_server().conninfo());
    co_await owner.async_script("BEGIN; LOCK TABLE held");
    penstock::runtime rt;
    const auto run = rt.start(penstock::pipeline(
        "stuck",
        penstock::producer({.name = "give"},
                           [n = 0]() mutable -> std::optional<std::vector<std::tuple<int>>> {
                             if (n++ == 3) return std::nullopt;
                             return std::vector<std::tuple<int>>(10);
                           }),
        penstock::async_consumer({.name = "copy", .workers = 1}, postgres::copy_into(connections, "held", {"x"}))));
    const bool waits = co_await comes_true("SELECT count(*) FROM pg_locks WHERE NOT granted");
    EXPECT_TRUE(waits);
    run.cancel();
    const auto report = run.wait();
    EXPECT_EQ(report.stage("copy").done, 0U);
    EXPECT_TRUE(report.balanced());
    const bool gone = co_await comes_true("SELECT NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted)");
    EXPECT_TRUE(gone);
  });
  EXPECT_EQ(connections.snapshot().idle, 0U);
  EXPECT_EQ(connections.snapshot().in_use, 0U);
}
