// What a call says when its answer is an error, does not come, or is not waited for.
#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <stop_token>
#include <thread>

#include "relay.hpp"
#include "support.hpp"

using namespace penstock::test;
using namespace std::chrono_literals;
using penstock::within;
using postgres::connection;
using postgres::errc;
using postgres::params;

namespace {

constexpr const char* not_known = "whether it was, is not known";

bool leaves_it_open(const postgres::error& e) { return std::string(e.what()).find(not_known) != std::string::npos; }

asio::awaitable<connection> connected() {
  auto db = co_await connection::async_connect(shared_server().conninfo());
  co_return db;
}

// A commit through a relay that ends the connection: what it fails with, and how many rows are there.
std::pair<postgres::error, std::int64_t> commit_through(relay::cuts what, bool with_a_last_statement) {
  std::optional<postgres::error> failed;
  const std::int64_t rows = on_io([&]() -> asio::awaitable<std::int64_t> {
    {
      auto db = co_await connected();
      co_await db.async_script(
          "DROP TABLE IF EXISTS answered; CREATE TABLE answered(x int); DROP ROLE IF EXISTS relayed;"
          "CREATE ROLE relayed LOGIN SUPERUSER PASSWORD 'x'");
    }
    const auto executor = co_await asio::this_coro::executor;
    relay between(executor, shared_server().port(), what);
    auto db = co_await connection::async_connect(between.conninfo("relayed", "x"));
    auto begun = co_await db.async_begin();
    co_await db.async_execute("INSERT INTO answered VALUES (1)");
    failed = co_await failure_of([&] {
      return with_a_last_statement ? begun.async_commit_with("INSERT INTO answered VALUES ($1)", params(2))
                                   : begun.async_commit();
    });
    EXPECT_FALSE(db.is_open());
    co_return co_await ask("SELECT count(*) FROM answered");
  });
  return {*failed, rows};
}

// Whether a thread of this program blocks the signal.
bool some_thread_blocks(int signal) {
  std::error_code ignored;  // threads come and go
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    std::ifstream status(thread.path() / "status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("SigBlk:") && ((std::stoull(line.substr(7), nullptr, 16) >> (signal - 1)) & 1) != 0)
        return true;
  }
  return false;
}

asio::awaitable<void> make_children(connection& db) {
  co_await db.async_script(
      "CREATE TEMP TABLE parents(id int PRIMARY KEY);"
      "CREATE TEMP TABLE children(parent int REFERENCES parents DEFERRABLE INITIALLY DEFERRED)");
}

// Cancels a call after each number of steps that its context can make, until it is done before.
void cancel_at_each_step(const std::function<asio::awaitable<void>(connection&)>& before,
                         const std::function<asio::awaitable<void>(connection&)>& call,
                         const std::function<void(const postgres::error&)>& check) {
  int cancelled = 0;
  for (int steps = 0;; ++steps) {
    std::optional<connection> db(on_io(connected));
    on_io([&] { return before(*db); });
    asio::io_context io;
    asio::cancellation_signal signal;
    bool begun = false;
    std::optional<std::exception_ptr> ended;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          begun = true;
          co_await call(*db);
        },
        asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) { ended = e; }));
    bool done_before = false;
    // From inside the context: from outside, the cancellation would stand in line behind what has happened already.
    asio::post(io, [&] {
      while (!begun) io.run_one_for(60s);
      for (int i = 0; i < steps && !ended; ++i) io.run_one_for(60s);
      done_before = ended.has_value();
      signal.emit(asio::cancellation_type::terminal);
    });
    io.run_for(60s);
    if (done_before) break;
    ASSERT_TRUE(ended.has_value()) << "after step " << steps;
    if (!*ended) continue;
    ++cancelled;
    try {
      std::rethrow_exception(*ended);
    } catch (const postgres::error& e) {
      EXPECT_EQ(e.cause(), errc::cancelled) << "after step " << steps << ": " << e.what();
      check(e);
    } catch (const std::exception& e) {
      ADD_FAILURE() << "after step " << steps << ", not an error of the connector: " << e.what();
    }
  }
  EXPECT_GE(cancelled, 1);
}

}  // namespace

TEST(postgres_commit, whose_answer_is_lost_says_that_nobody_knows) {
  for (const bool with_a_last_statement : {false, true}) {
    const auto [failed, rows] = commit_through(relay::cuts::the_answer, with_a_last_statement);
    EXPECT_EQ(failed.cause(), errc::connection_lost) << failed.what();
    EXPECT_TRUE(leaves_it_open(failed)) << failed.what();
    EXPECT_EQ(rows, with_a_last_statement ? 2 : 1) << "it was committed";
  }
}

TEST(postgres_commit, that_never_arrived_says_the_same) {
  for (const bool with_a_last_statement : {false, true}) {
    const auto [failed, rows] = commit_through(relay::cuts::the_commit, with_a_last_statement);
    EXPECT_EQ(failed.cause(), errc::connection_lost) << failed.what();
    EXPECT_TRUE(leaves_it_open(failed)) << failed.what();
    EXPECT_EQ(rows, 0);
  }
}

// The relay takes one connection; the request to cancel is the second, and hangs until the relay is gone.
TEST(postgres_cancel, is_asked_for_where_a_server_that_hangs_up_cannot_end_the_program) {
  on_io([]() -> asio::awaitable<void> {
    {
      auto db = co_await connected();
      co_await db.async_script("DROP ROLE IF EXISTS relayed; CREATE ROLE relayed LOGIN SUPERUSER PASSWORD 'x'");
    }
    const auto executor = co_await asio::this_coro::executor;
    relay between(executor, shared_server().port(), relay::cuts::the_commit);
    {
      auto db = co_await connection::async_connect(between.conninfo("relayed", "x"));
      co_await db.async_script("CREATE TEMP TABLE halfway(x int)");
      const std::vector<std::string> columns = {"x"};
      auto copy = co_await db.async_copy_in("halfway", columns);
      while (some_thread_blocks(SIGPIPE)) std::this_thread::yield();  // requests of other tests
    }
    while (!some_thread_blocks(SIGPIPE)) std::this_thread::yield();
  });
}

TEST(postgres_commit, that_the_server_refuses_was_not_and_says_nothing_else) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await connected();
    co_await make_children(db);
    for (const bool with_a_last_statement : {false, true}) {
      auto begun = co_await db.async_begin();
      if (!with_a_last_statement) co_await db.async_execute("INSERT INTO children VALUES (1)");
      const auto e = co_await failure_of([&] {
        return with_a_last_statement ? begun.async_commit_with("INSERT INTO children VALUES ($1)", params(1))
                                     : begun.async_commit();
      });
      EXPECT_EQ(e.cause(), errc::constraint) << e.what();
      EXPECT_EQ(e.sqlstate(), "23503") << e.what();
      EXPECT_FALSE(leaves_it_open(e)) << e.what();
      EXPECT_FALSE(db.in_transaction());
    }
    const auto rows = co_await db.async_query("SELECT FROM children");
    EXPECT_TRUE(rows.empty());
  });
}

TEST(postgres_commit, that_did_not_begin_says_so_and_nothing_else) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await connected();
    auto begun = co_await db.async_begin();
    std::stop_source stopped;
    stopped.request_stop();
    const auto limits = penstock::stopped_by(stopped.get_token());
    const auto early = co_await failure_of([&] { return begun.async_commit(limits); });
    EXPECT_EQ(early.cause(), errc::cancelled) << early.what();
    EXPECT_FALSE(leaves_it_open(early)) << early.what();
    EXPECT_TRUE(db.in_transaction());
    db.close();
    const auto closed = co_await failure_of([&] { return begun.async_commit(); });
    EXPECT_EQ(closed.cause(), errc::misuse) << closed.what();
    EXPECT_FALSE(leaves_it_open(closed)) << closed.what();
  });
}

TEST(postgres_limits, a_cancellation_at_any_step_is_told_by_the_connector) {
  const auto nothing = [](connection&) -> asio::awaitable<void> { co_return; };
  const auto any = [](const postgres::error&) {};
  cancel_at_each_step(
      nothing,
      [](connection& db) -> asio::awaitable<void> {
        const postgres::statement prepared("one", "SELECT $1::int");
        co_await db.async_query(prepared, params(1));
      },
      any);
  cancel_at_each_step(
      nothing, [](connection&) -> asio::awaitable<void> { const auto another = co_await connected(); }, any);
  cancel_at_each_step(
      nothing,
      [](connection& db) -> asio::awaitable<void> {
        std::vector<params> sets(3);
        co_await db.async_pipeline("SELECT 1", std::move(sets));
      },
      any);
  cancel_at_each_step(
      [](connection& db) -> asio::awaitable<void> { co_await db.async_script("CREATE TEMP TABLE t(x int)"); },
      [](connection& db) -> asio::awaitable<void> {
        const std::vector<std::string> columns = {"x"};
        const auto begun = co_await db.async_begin_copy_in("t", columns);
      },
      any);
  postgres::pool connections(shared_server().conninfo(), {.max = 1, .check_after = 0s});
  cancel_at_each_step(
      nothing,
      [&](connection&) -> asio::awaitable<void> { const auto acquired = co_await connections.async_acquire(); }, any);
  EXPECT_EQ(connections.snapshot().in_use, 0U);
}

TEST(postgres_commit, that_is_cancelled_at_any_step_says_that_nobody_knows) {
  std::optional<postgres::transaction> begun;
  cancel_at_each_step(
      [&](connection& db) -> asio::awaitable<void> {
        begun.reset();
        begun.emplace(co_await db.async_begin());
      },
      [&](connection&) -> asio::awaitable<void> { co_await begun->async_commit(); },
      [](const postgres::error& e) { EXPECT_TRUE(leaves_it_open(e)) << e.what(); });
}

TEST(postgres_copy, names_the_row_whatever_the_table_and_the_data_are_called) {
  std::string long_name = "long, line 8";
  while (long_name.size() < 100) long_name += "ä";
  on_io([&]() -> asio::awaitable<void> {
    auto db = co_await connected();
    for (const std::string& name : {std::string("plain"), std::string("odd, line 9"), long_name}) {
      co_await db.async_script("CREATE TEMP TABLE " + postgres::quote_identifier(name) + "(n int)");
      const std::vector<std::string> columns = {"n"};
      auto copy = co_await db.async_copy_in(name, columns);
      co_await copy.async_write("1\n2\nfoo, line 1\n4\n");
      const auto e = co_await failure_of([&] { return copy.async_finish(); });
      EXPECT_EQ(e.cause(), errc::bad_value) << e.what();
      EXPECT_EQ(e.row(), std::optional<std::size_t>(2)) << e.what();
    }
  });
}

TEST(postgres_connection, says_nothing_of_a_conninfo_that_cannot_be_read) {
  const std::vector<std::string> malformed = {"postgresql://u:s3/cret@h/db",
                                              "postgresql://u:p@s3cret:cret@h/db",
                                              "postgresql://u:p@s3cret@h/db",
                                              "postgresql://u:s3%zzcret@h/db",
                                              "postgresql://u:s3cret@[h/db",
                                              "postgresql://u:s3cret@h/db?pasword=s3cret",
                                              "host=h password=s3 cret",
                                              "host=h password='s3cret",
                                              "u:s3cret@h",
                                              std::string("password=s3cret\0", 16)};
  on_io([&]() -> asio::awaitable<void> {
    std::set<std::string> sentences;
    for (const auto& conninfo : malformed) {
      const auto e = co_await failure_of([&] { return connection::async_connect(conninfo); });
      EXPECT_EQ(e.cause(), errc::misuse) << conninfo << ": " << e.what();
      sentences.insert(e.what());
    }
    EXPECT_EQ(sentences.size(), 1U) << "nothing of any of them";
    EXPECT_EQ(sentences.begin()->find("cret"), std::string::npos);
    for (const std::string readable :
         {"host=@abstract,/nowhere/a@b port=1,2", "postgresql://u:s%2F%40@%2Fnowhere/db"}) {
      const auto e = co_await failure_of([&] { return connection::async_connect(readable); });
      EXPECT_EQ(e.cause(), errc::cannot_connect) << readable << ": " << e.what();
    }
  });
}

TEST(postgres_connection, leaves_no_socket_to_a_program_that_is_started_in_a_call) {
  const auto inherited = [] {
    std::set<int> sockets;
    for (int fd = 3; fd < 1024; ++fd) {
      int type = 0;
      socklen_t size = sizeof type;
      if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) continue;
      if ((::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0) sockets.insert(fd);
    }
    return sockets;
  };
  const auto before = inherited();
  std::set<int> during;
  on_io([&]() -> asio::awaitable<void> {
    auto db = co_await connected();
    const auto executor = co_await asio::this_coro::executor;
    asio::post(executor, [&] { during = inherited(); });
    co_await db.async_query("SELECT pg_sleep(0)");
  });
  EXPECT_EQ(during, before);
}
