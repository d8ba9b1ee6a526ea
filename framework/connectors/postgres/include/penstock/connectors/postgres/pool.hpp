// Connections to one server that many coroutines take turns with.
//
// `async_acquire` gives an idle connection, makes one, or waits in line, first come, first served. The connection comes
// back when it is destroyed. One that is closed, inside a transaction or in the middle of something does not come back:
// another is made when it is needed. What a session was told (SET, temporary tables, prepared statements) stays with
// its connection.
//
// May wait: `async_acquire`, up to `acquire_timeout`; nothing else. Cancelled: takes nothing. Fails: with
// `postgres::error`. Thread: any, and any executor, also several contexts at once. Lifetime: connections may outlive
// it, and it may outlive contexts.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include <penstock/base/clock.hpp>
#include <penstock/connectors/postgres/connection.hpp>
#include <penstock/core/retry_rules.hpp>
#include <penstock/sync/wait_limits.hpp>

namespace penstock::postgres {

struct pool_options {
  /// Idle connections that are kept however long they are idle; `async_open` makes them ahead.
  std::size_t min = 0;
  /// Most connections at a time, at least 1. More: more at once; each is a process of the server.
  std::size_t max = 4;
  /// How long `async_acquire` waits in all: in line, and for a server that does not answer.
  duration acquire_timeout = std::chrono::seconds(30);
  /// How long one attempt to connect may take.
  duration connect_timeout = std::chrono::seconds(10);
  /// A connection that was idle for longer is asked whether it lives before it is handed out, which costs a round trip.
  /// Zero: each time. An end that the server has told is noticed without asking.
  duration check_after = std::chrono::seconds(30);
  /// How long the answer to that may take before the connection counts as dead.
  duration check_timeout = std::chrono::seconds(5);
  /// Idle connections beyond `min` are closed after this time, when somebody next acquires or gives back.
  duration idle_for = std::chrono::minutes(10);
  /// The pause between attempts while nobody answers; `times` is not looked at, `acquire_timeout` ends it. All who want
  /// a connection share it.
  retry_options reconnect = {.backoff = std::chrono::milliseconds(50), .most = std::chrono::seconds(2)};
};

struct pool_snapshot {
  std::size_t idle = 0;
  std::size_t in_use = 0;  ///< handed out, or being made
  std::size_t made = 0;    ///< connections made since the pool was
  std::size_t failed = 0;  ///< attempts that failed, without those that a caller's limits cut short
};

class pool {
 public:
  /// Connects to nobody yet. Throws `declaration_error` for a `max` of 0 and for `min > max`.
  explicit pool(std::string conninfo, pool_options options = {});
  /// As `close`.
  ~pool();
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  /// Fails with `exhausted` when all are in use until the timeout or the deadline, with `cannot_connect` when nobody
  /// answers for that long (an attempt is repeated, after a pause that grows), with `refused` and
  /// with `misuse` (a conninfo that cannot be read) at once. An attempt that the caller's own deadline cuts short makes
  /// nobody else wait.
  boost::asio::awaitable<connection> async_acquire(wait_limits limits = {});

  /// Makes connections until `min` are there, so that a wrong conninfo is found before the work begins.
  boost::asio::awaitable<void> async_open(wait_limits limits = {});

  /// Closes what is idle; who waits or comes later is refused with `misuse`, and what is handed out is closed when it
  /// comes back.
  void close() noexcept;

  [[nodiscard]] pool_snapshot snapshot() const;

 private:
  static boost::asio::awaitable<void> open_ahead(std::shared_ptr<detail::pool_state> state, wait_limits limits);
  std::shared_ptr<detail::pool_state> state_;
};

}  // namespace penstock::postgres
