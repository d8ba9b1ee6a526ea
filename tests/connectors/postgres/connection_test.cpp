// One connection: what it says, how it fails, how it is cut short.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <stop_token>
#include <thread>

#include <penstock/sync/queue.hpp>

#include "support.hpp"

using namespace penstock::test;
using namespace std::chrono_literals;
using penstock::within;
using postgres::connection;
using postgres::errc;
using postgres::params;

namespace {

asio::awaitable<connection> connected() {
  auto db = co_await connection::async_connect(shared_server().conninfo());
  co_return db;
}

std::string backend_is_gone(int pid) {
  return "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = " + std::to_string(pid) + ")";
}

}  // namespace

TEST(postgres_connection, executes_queries_and_counts_rows) {
  on_io([]() -> asio::awaitable<void> {
    // [query]
    auto db = co_await connection::async_connect(shared_server().conninfo());
    co_await db.async_script("CREATE TEMP TABLE vendors(id bigint PRIMARY KEY, name text)");
    const std::int64_t added =
        co_await db.async_execute("INSERT INTO vendors VALUES ($1, $2), ($3, $4)", params(7, "Siemens", 8, nullptr));
    const auto found = co_await db.async_query("SELECT id, name FROM vendors WHERE id >= $1 ORDER BY id", params(7));
    for (const auto row : found) {
      const auto id = row.get<std::int64_t>("id");
      const auto name = row.get<std::optional<std::string>>("name");
      EXPECT_EQ(name.has_value(), id == 7);
    }
    // [/query]
    EXPECT_EQ(added, 2);
    EXPECT_EQ(found.size(), 2U);
    const auto changed = co_await db.async_execute("UPDATE vendors SET name = 'x'");
    EXPECT_EQ(changed, 2);
    const auto none = co_await db.async_query("SELECT * FROM vendors WHERE false");
    EXPECT_TRUE(none.empty());
    EXPECT_EQ(none.columns(), 2U);
  });
}

TEST(postgres_connection, prepares_a_named_statement_once) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await connected();
    const postgres::statement twice("twice", "SELECT 2 * $1::int");
    for (int i = 0; i < 5; ++i) {
      const auto rows = co_await db.async_query(twice, params(i));
      EXPECT_EQ(rows.at(0).get<int>(0), 2 * i);
    }
    const auto prepared = co_await db.async_query("SELECT count(*) FROM pg_prepared_statements WHERE name = 'twice'");
    EXPECT_EQ(prepared.at(0).get<int>(0), 1);
    const auto e = co_await failure_of([&] { return db.async_query(postgres::statement("twice", "SELECT 3")); });
    EXPECT_EQ(e.cause(), errc::misuse);
    const auto after = co_await db.async_query("SELECT 1");
    EXPECT_EQ(after.size(), 1U);
  });
}

TEST(postgres_connection, says_what_went_wrong_and_stays_usable) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await connected();
    co_await db.async_script("CREATE TEMP TABLE t(x int PRIMARY KEY CHECK (x < 100)); INSERT INTO t VALUES (1)");
    const std::vector<std::tuple<std::string, errc, std::string>> cases = {
        {"INSERT INTO t VALUES (1)", errc::constraint, "23505"},
        {"INSERT INTO t VALUES (100)", errc::constraint, "23514"},
        {"INSERT INTO t VALUES ('x')", errc::bad_value, "22P02"},
        {"INSERT INTO t VALUES (3000000000)", errc::bad_value, "22003"},
        {"SELECT * FROM absent", errc::schema, "42P01"},
        {"SELECT absent FROM t", errc::schema, "42703"},
        {"SELEKT", errc::other, "42601"},
        {"COPY t FROM '/etc/passwd' WITH (FORMAT nonsense)", errc::bad_value, "22023"}};
    for (const auto& [sql, cause, state] : cases) {
      const auto e = co_await failure_of([&] { return db.async_execute(sql); });
      EXPECT_EQ(e.cause(), cause) << e.what();
      EXPECT_EQ(e.sqlstate(), state) << e.what();
    }
    const auto rows = co_await db.async_query("SELECT x FROM t");
    EXPECT_EQ(rows.size(), 1U);
    EXPECT_EQ(postgres::cause_of("57P01"), errc::connection_lost);
    EXPECT_EQ(postgres::cause_of("40P01"), errc::conflict);
    EXPECT_EQ(postgres::cause_of("53100"), errc::no_room);
    EXPECT_EQ(postgres::cause_of("55P03"), errc::busy);
    EXPECT_EQ(postgres::cause_of("nonsense"), errc::other);
  });
}

TEST(postgres_connection, refuses_what_breaks_a_rule_of_the_interface) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await connected();
    const auto nul = co_await failure_of([&] { return db.async_query(std::string("SELECT 1\0", 9)); });
    EXPECT_EQ(nul.cause(), errc::misuse);
    const auto two = co_await failure_of([&] { return db.async_query("SELECT 1; SELECT 2"); });
    EXPECT_EQ(two.sqlstate(), "42601") << two.what();
    EXPECT_TRUE(db.is_open());
    db.close();
    const auto closed = co_await failure_of([&] { return db.async_query("SELECT 1"); });
    EXPECT_EQ(closed.cause(), errc::misuse);
  });
}

TEST(postgres_connection, takes_one_call_at_a_time) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await connected();
    penstock::queue<int> ended(1);
    const auto executor = co_await asio::this_coro::executor;
    asio::co_spawn(
        executor, [&]() -> asio::awaitable<void> { co_await db.async_query("SELECT pg_advisory_lock(11)"); },
        [&](std::exception_ptr e) { EXPECT_TRUE(ended.try_put(e ? 1 : 0)); });
    co_await asio::post(asio::use_awaitable);  // the other one has begun
    const auto e = co_await failure_of([&] { return db.async_query("SELECT 1"); });
    EXPECT_EQ(e.cause(), errc::misuse);
    const auto other = co_await ended.async_get();
    EXPECT_EQ(*other, 0) << "it did not disturb the call under way";
  });
}

TEST(postgres_connection, is_not_made_where_nobody_listens_or_credentials_are_wrong) {
  auto& server = shared_server();
  on_io([&]() -> asio::awaitable<void> {
    auto db = co_await connected();
    co_await db.async_script("CREATE ROLE guest LOGIN PASSWORD 'right'; CREATE TABLE secret(x int)");
    auto guest = co_await connection::async_connect(server.loopback("guest", "right"));
    const auto right = co_await failure_of([&] { return guest.async_query("SELECT * FROM secret"); });
    EXPECT_EQ(right.cause(), errc::refused) << right.what();
    const auto wrong =
        co_await failure_of([&] { return connection::async_connect(server.loopback("guest", "wrong")); });
    EXPECT_EQ(wrong.cause(), errc::refused) << wrong.what();
    EXPECT_EQ(wrong.sqlstate(), "28P01");
    const auto absent =
        co_await failure_of([&] { return connection::async_connect(server.conninfo() + " dbname=no"); });
    EXPECT_EQ(absent.cause(), errc::refused) << absent.what();
    EXPECT_EQ(absent.sqlstate(), "3D000");
    const auto nobody = co_await failure_of([&] { return connection::async_connect("host=/nowhere"); });
    EXPECT_EQ(nobody.cause(), errc::cannot_connect) << nobody.what();
    const auto nonsense = co_await failure_of([&] { return connection::async_connect("nonsense"); });
    EXPECT_EQ(nonsense.cause(), errc::misuse) << nonsense.what();
    co_await db.async_script("DROP TABLE secret; DROP ROLE guest");
  });
}

TEST(postgres_connection, ended_by_the_server_is_lost) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await connected();
    auto other = co_await connected();
    const auto rows = co_await other.async_query("SELECT pg_terminate_backend($1, 10000)", params(db.backend_pid()));
    EXPECT_TRUE(rows.at(0).get<bool>(0));
    const auto e = co_await failure_of([&] { return db.async_query("SELECT 1"); });
    EXPECT_EQ(e.cause(), errc::connection_lost) << e.what();
    EXPECT_FALSE(db.is_open());
  });
}

TEST(postgres_connection, ended_by_the_server_in_a_query_says_so) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await connected();
    const auto e = co_await failure_of(
        [&] { return db.async_query("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60)"); });
    EXPECT_EQ(e.cause(), errc::connection_lost) << e.what();
    EXPECT_EQ(e.sqlstate(), "57P01");
  });
}

TEST(postgres_limits, a_deadline_ends_a_query_here_and_on_the_server) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await connected();
    const int pid = db.backend_pid();
    const auto e = co_await failure_of([&] { return db.async_query("SELECT pg_sleep(600)", params(), within(50ms)); });
    EXPECT_EQ(e.cause(), errc::timed_out) << e.what();
    EXPECT_EQ(e.code(), std::errc::timed_out);
    EXPECT_FALSE(db.is_open()) << "nobody knows what state it is in";
    const bool gone = co_await comes_true(backend_is_gone(pid));
    EXPECT_TRUE(gone);
  });
}

TEST(postgres_limits, a_stop_from_another_thread_ends_a_query_here_and_on_the_server) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await connected();
    auto watcher = co_await connected();
    const int pid = db.backend_pid();
    std::stop_source source;
    std::jthread stopper([&, pid] {
      on_io([&]() -> asio::awaitable<void> {
        const bool under_way = co_await comes_true(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = " + std::to_string(pid));
        EXPECT_TRUE(under_way);
      });
      source.request_stop();
    });
    const auto limits = penstock::stopped_by(source.get_token());
    const auto e = co_await failure_of([&] { return db.async_query("SELECT pg_sleep(600)", params(), limits); });
    EXPECT_EQ(e.cause(), errc::cancelled) << e.what();
    EXPECT_EQ(e.code(), std::errc::operation_canceled);
    const bool gone = co_await comes_true(backend_is_gone(pid));
    EXPECT_TRUE(gone);
  });
}

TEST(postgres_limits, the_cancellation_of_the_coroutine_ends_a_query) {
  asio::io_context io;
  asio::cancellation_signal signal;
  std::optional<errc> cause;
  bool open = true;
  auto db = on_io(connected);
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        asio::post(io, [&] { signal.emit(asio::cancellation_type::terminal); });
        try {
          co_await db.async_query("SELECT pg_sleep(600)");
        } catch (const postgres::error& e) {
          cause = e.cause();
        }
        open = db.is_open();
      },
      asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
  io.run_for(60s);
  EXPECT_EQ(cause, errc::cancelled);
  EXPECT_FALSE(open);
}

TEST(postgres_limits, that_had_passed_before_leave_the_connection_as_it_was) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await connected();
    std::stop_source source;
    source.request_stop();
    const auto limits = penstock::stopped_by(source.get_token());
    const auto e = co_await failure_of([&] { return db.async_query("SELECT 1", params(), limits); });
    EXPECT_EQ(e.cause(), errc::cancelled);
    const auto rows = co_await db.async_query("SELECT 1");
    EXPECT_EQ(rows.size(), 1U);
  });
}

TEST(postgres_limits, a_lock_that_somebody_holds_is_waited_for_no_longer_than_allowed) {
  on_io([]() -> asio::awaitable<void> {
    auto owner = co_await connected();
    co_await owner.async_script("CREATE TABLE locked(x int)");
    co_await owner.async_script("BEGIN; LOCK TABLE locked");
    auto db = co_await connected();
    co_await db.async_script("SET lock_timeout = '20ms'");
    const auto busy = co_await failure_of([&] { return db.async_execute("INSERT INTO locked VALUES (1)"); });
    EXPECT_EQ(busy.cause(), errc::busy) << busy.what();
    EXPECT_TRUE(db.is_open());
    co_await db.async_script("SET lock_timeout = 0");
    const int pid = db.backend_pid();
    const auto late =
        co_await failure_of([&] { return db.async_execute("INSERT INTO locked VALUES (1)", params(), within(50ms)); });
    EXPECT_EQ(late.cause(), errc::timed_out) << late.what();
    const bool gone = co_await comes_true(backend_is_gone(pid));
    EXPECT_TRUE(gone) << "it must not stand in line for the lock";
    co_await owner.async_script("COMMIT; DROP TABLE locked");
  });
}

TEST(postgres_connection, may_outlive_the_context_it_was_used_on) {
  std::optional<connection> db;
  on_io([&]() -> asio::awaitable<void> {
    db.emplace(co_await connected());
    co_await db->async_query("SELECT 1");
  });
  on_io([&]() -> asio::awaitable<void> {
    const auto rows = co_await db->async_query("SELECT 2");
    EXPECT_EQ(rows.at(0).get<int>(0), 2);
  });
}

TEST(postgres_connection, is_closed_when_its_context_goes_down_in_a_call) {
  std::optional<connection> db(on_io(connected));
  {
    asio::io_context io;
    asio::co_spawn(
        io, [&]() -> asio::awaitable<void> { co_await db->async_query("SELECT pg_sleep(600)"); },
        [](std::exception_ptr) {});
    io.poll();
  }
  EXPECT_FALSE(db->is_open());
}

TEST(postgres_connection, brings_results_larger_than_any_buffer) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await connected();
    const std::string big(20'000'000, 'x');
    const params one(big);
    const auto rows = co_await db.async_query("SELECT $1::text, generate_series(1, 2)", one);
    EXPECT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows.at(1).get<std::string_view>(0), big);
  });
}
