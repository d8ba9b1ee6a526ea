// A pool whose waiters, servers and callers do not behave.
#include <signal.h>

#include <boost/asio/ip/tcp.hpp>
#include <stop_token>

#include "support.hpp"

using namespace penstock::test;
using namespace std::chrono_literals;
using penstock::within;
using postgres::connection;
using postgres::errc;
using postgres::pool;
using tcp = asio::ip::tcp;

namespace {

// Takes connections and says nothing.
struct silent_server {
  asio::io_context io;
  tcp::acceptor acceptor{io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};

  [[nodiscard]] std::string conninfo() const {
    return "host=127.0.0.1 user=u dbname=d sslmode=disable gssencmode=disable port=" +
           std::to_string(acceptor.local_endpoint().port());
  }
  // Those that came and were not accepted yet.
  int came() {
    acceptor.non_blocking(true);
    boost::system::error_code none;
    for (int n = 0;; ++n) {
      const tcp::socket one = acceptor.accept(none);
      if (none) return n;
    }
  }
};

// Stopped, until the end of the scope.
struct stopped_process {
  explicit stopped_process(int process) : pid(process) { ::kill(pid, SIGSTOP); }
  stopped_process(const stopped_process&) = delete;
  stopped_process& operator=(const stopped_process&) = delete;
  ~stopped_process() { ::kill(pid, SIGCONT); }
  int pid;
};

}  // namespace

TEST(postgres_pool, loses_no_place_to_a_waiter_whose_context_goes_down) {
  pool connections(shared_server().conninfo(), {.max = 1});
  std::optional<connection> held(on_io([&] { return connections.async_acquire(); }));
  {
    asio::io_context io;
    for (int i = 0; i < 2; ++i)
      asio::co_spawn(
          io, [&]() -> asio::awaitable<void> { const auto never = co_await connections.async_acquire(); },
          [](std::exception_ptr) { FAIL() << "its context goes down before"; });
    io.poll();
    held.reset();  // the place is on its way to the first
  }
  EXPECT_EQ(connections.snapshot().in_use, 0U);
  on_io([&]() -> asio::awaitable<void> {
    const auto again = co_await connections.async_acquire(within(0s));
    EXPECT_EQ(connections.snapshot().in_use, 1U);
  });
}

TEST(postgres_pool, does_not_try_again_with_a_conninfo_that_cannot_be_read) {
  pool connections("postgresql://u:p@s3cret@h/db", {.max = 1});
  on_io([&]() -> asio::awaitable<void> {
    const auto e = co_await failure_of([&] { return connections.async_acquire(); });
    EXPECT_EQ(e.cause(), errc::misuse) << e.what();
    EXPECT_EQ(std::string(e.what()).find("s3cret"), std::string::npos) << e.what();
  });
  EXPECT_EQ(connections.snapshot().failed, 0U);
}

TEST(postgres_pool, gives_up_an_attempt_that_is_not_answered_and_makes_another) {
  silent_server server;
  pool connections(server.conninfo(),
                   {.max = 1, .acquire_timeout = 20s, .connect_timeout = 10ms, .reconnect = {.backoff = 0ms}});
  on_io([&]() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    std::stop_source enough;
    asio::co_spawn(
        executor,
        [&]() -> asio::awaitable<void> {
          tcp::acceptor listening(executor, tcp::v4(), server.acceptor.release());
          std::vector<tcp::socket> unanswered;
          while (unanswered.size() < 2) unanswered.push_back(co_await listening.async_accept(asio::use_awaitable));
          enough.request_stop();
        },
        [](std::exception_ptr e) { EXPECT_FALSE(e); });
    const auto limits = penstock::stopped_by(enough.get_token());
    const auto e = co_await failure_of([&] { return connections.async_acquire(limits); });
    EXPECT_EQ(e.cause(), errc::cancelled) << e.what();
  });
  EXPECT_GE(connections.snapshot().failed, 1U);
}

TEST(postgres_pool, blames_no_server_for_a_callers_own_deadline) {
  silent_server server;
  pool connections(server.conninfo(), {.max = 1, .connect_timeout = 1h, .reconnect = {.backoff = 1h, .most = 1h}});
  on_io([&]() -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      const auto e = co_await failure_of([&] { return connections.async_acquire(within(20ms)); });
      EXPECT_EQ(e.cause(), errc::cannot_connect) << e.what();
    }
  });
  EXPECT_EQ(connections.snapshot().failed, 0U);
  EXPECT_EQ(connections.snapshot().in_use, 0U);
  EXPECT_EQ(server.came(), 3) << "nobody waited for a pause";
}

TEST(postgres_pool, makes_no_attempt_when_the_pause_ends_after_the_deadline) {
  silent_server server;
  pool connections(
      server.conninfo(),
      {.max = 1, .connect_timeout = 10ms, .reconnect = {.backoff = 1h, .most = 1h, .jitter = penstock::jitter::none}});
  on_io([&]() -> asio::awaitable<void> {
    const auto first = co_await failure_of([&] { return connections.async_acquire(within(1s)); });
    EXPECT_EQ(first.cause(), errc::cannot_connect) << first.what();
    const auto second = co_await failure_of([&] { return connections.async_acquire(within(20ms)); });
    EXPECT_EQ(second.cause(), errc::cannot_connect) << second.what();
    EXPECT_STREQ(second.what(), first.what()) << "what the last attempt met";
  });
  EXPECT_EQ(connections.snapshot().failed, 1U);
  EXPECT_EQ(server.came(), 1);
}

TEST(postgres_pool, replaces_an_idle_connection_that_does_not_answer_in_time) {
  pool connections(shared_server().conninfo(),
                   {.max = 1, .acquire_timeout = 20s, .check_after = 0s, .check_timeout = 20ms});
  on_io([&]() -> asio::awaitable<void> {
    int silent = 0;
    {
      auto db = co_await connections.async_acquire();
      silent = db.backend_pid();
    }
    const stopped_process stopped(silent);
    auto db = co_await connections.async_acquire();
    EXPECT_NE(db.backend_pid(), silent);
    const auto rows = co_await db.async_query("SELECT 1");
    EXPECT_EQ(rows.size(), 1U);
  });
  EXPECT_EQ(connections.snapshot().made, 2U);
}
