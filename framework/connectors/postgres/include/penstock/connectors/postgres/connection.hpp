// One connection to a server.
//
// May wait: every `async_` call suspends until the server has answered. The one exception is a host name, which libpq
// looks up without suspending; `hostaddr` in the conninfo avoids it. Cancelled: a stop, a deadline (both by
// `wait_limits`) or the coroutine's own cancellation ends a call with `cancelled` or `timed_out` at once. What the
// server was doing is told to end, and the connection is closed, because nobody can say what state it is in; a limit
// that had passed before the call began leaves it as it was. A coroutine that was cancelled before it comes to a call
// is ended by Asio at that `co_await`, with `boost::system::system_error`, and nothing begins; the calls of one
// `async_transaction` or `async_batch_insert` are such calls too. Fails: with `postgres::error`; an error that the
// server told leaves the connection usable, and inside a transaction leaves only the way back. Thread: one call at a
// time, on any executor; a second one is refused with `misuse`. Lifetime: the destructor closes it without waiting, or
// gives it back to its pool. It may outlive every context that it was used on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <penstock/connectors/postgres/copy_encoder.hpp>
#include <penstock/connectors/postgres/error.hpp>
#include <penstock/connectors/postgres/identifier.hpp>
#include <penstock/connectors/postgres/params.hpp>
#include <penstock/connectors/postgres/rows.hpp>
#include <penstock/sync/wait_limits.hpp>

// NOLINTNEXTLINE(readability-identifier-naming): libpq's name
struct pg_conn;

namespace penstock::postgres {

class connection;
class pool;

namespace detail {
struct session;
struct pool_state;
class pipeline_run;
}  // namespace detail

/// A transaction of a connection. Without `async_commit` or `async_rollback` its end closes the connection, by which
/// the server undoes it: a destructor cannot wait for an answer.
class transaction {
 public:
  transaction(transaction&& other) noexcept = default;
  transaction& operator=(transaction&&) = delete;
  ~transaction();

  /// Fails with `conflict` when the server undid it instead, because a statement in it had failed. When the connection
  /// is lost or a limit passes during this call, nobody knows whether it was committed; the error says so.
  boost::asio::awaitable<void> async_commit(wait_limits limits = {});
  boost::asio::awaitable<void> async_rollback(wait_limits limits = {});

  /// Executes one more statement and commits, in one message. If the statement fails, so does the call, and the
  /// transaction is undone.
  boost::asio::awaitable<void> async_commit_with(statement last, params values, wait_limits limits = {});

 private:
  friend class connection;
  explicit transaction(std::shared_ptr<detail::session> session) noexcept : session_(std::move(session)) {}
  static boost::asio::awaitable<void> end(std::shared_ptr<detail::session>& session, bool commit, wait_limits limits);
  boost::asio::awaitable<void> commit_with(statement last, params values, wait_limits limits);
  std::shared_ptr<detail::session> session_;  ///< null: ended
};

/// A COPY … FROM STDIN under way. Until it has ended the connection takes no other call. Without `async_finish` or
/// `async_abort` its end closes the connection, and nothing is kept.
class copy_in {
 public:
  copy_in(copy_in&& other) noexcept = default;
  copy_in& operator=(copy_in&&) = delete;
  ~copy_in();

  /// Takes bytes in the COPY's format, cut anywhere; they must live until the call has ended. Waits while the server is
  /// behind. A row that the server refuses is told by `async_finish`.
  boost::asio::awaitable<void> async_write(std::string_view bytes, wait_limits limits = {});

  /// The end of the rows; gives how many were copied. Fails as a whole: after an error none of this COPY is kept.
  boost::asio::awaitable<std::int64_t> async_finish(wait_limits limits = {});

  /// Ends it so that nothing of it is kept; the connection stays usable.
  boost::asio::awaitable<void> async_abort(wait_limits limits = {});

 private:
  friend class connection;
  explicit copy_in(std::shared_ptr<detail::session> session) noexcept : session_(std::move(session)) {}
  static boost::asio::awaitable<void> write(std::shared_ptr<detail::session> session, std::string_view bytes,
                                            wait_limits limits);
  static boost::asio::awaitable<std::int64_t> end(std::shared_ptr<detail::session>& session, bool keep,
                                                  wait_limits limits);
  std::shared_ptr<detail::session> session_;  ///< null: ended
};

/// A COPY in a transaction of its own.
struct begun_copy {
  transaction begun;
  copy_in rows;
};

/// How the executions of one pipeline stand together.
enum class pipeline_mode : std::uint8_t {
  each,  ///< each for itself: one that fails spoils no other. Inside a transaction the first failure spoils the rest
  all,   ///< all or none: the first that fails undoes all of them
};

/// What became of one execution.
struct pipeline_result {
  std::int64_t rows = 0;             ///< affected
  std::optional<error> failed = {};  ///< under `all`, those after the first failure have its cause

  [[nodiscard]] bool ok() const noexcept { return !failed.has_value(); }
};

class connection {
 public:
  /// Connects; `conninfo` is libpq's (a URI or `key=value …`), except that `connect_timeout` is not looked at: the
  /// deadline is. Text is UTF-8 whatever the conninfo says. Fails with `cannot_connect`, `refused`, `timed_out`,
  /// `cancelled`; with `misuse` for a conninfo that cannot be read, of which the error repeats nothing, because any
  /// part of it may be the password.
  static boost::asio::awaitable<connection> async_connect(std::string conninfo, wait_limits limits = {});

  connection(connection&& other) noexcept = default;
  connection& operator=(connection&& other) noexcept;
  ~connection();

  /// Runs one statement and gives its rows, all of them in memory.
  boost::asio::awaitable<rows> async_query(statement what, params values = {}, wait_limits limits = {});

  /// Runs one statement and gives the number of rows it affected.
  boost::asio::awaitable<std::int64_t> async_execute(statement what, params values = {}, wait_limits limits = {});

  /// Runs several statements with `;` between as one transaction (unless they say otherwise), and throws their rows
  /// away. For text that a programmer wrote; there are no parameters.
  boost::asio::awaitable<void> async_script(std::string sql, wait_limits limits = {});

  /// BEGIN. One at a time.
  boost::asio::awaitable<transaction> async_begin(wait_limits limits = {});

  /// `co_await body(connection&)` between BEGIN and COMMIT; an exception of it rolls back and goes on. Gives what the
  /// body gives. The limits are those of BEGIN, COMMIT and ROLLBACK; the body has its own.
  template <class Body>
  auto async_transaction(Body body, wait_limits limits = {}) -> decltype(body(std::declval<connection&>())) {
    using result = typename decltype(body(std::declval<connection&>()))::value_type;
    transaction begun = co_await async_begin(limits);
    std::exception_ptr failed;
    if constexpr (std::is_void_v<result>) {
      try {
        co_await body(*this);
      } catch (...) {
        failed = std::current_exception();
      }
      if (failed) co_await undo(begun, limits, failed);
      co_await begun.async_commit(limits);
    } else {
      std::optional<result> made;
      try {
        result value_of_body = co_await body(*this);
        made.emplace(std::move(value_of_body));
      } catch (...) {
        failed = std::current_exception();
      }
      if (failed) co_await undo(begun, limits, failed);
      co_await begun.async_commit(limits);
      co_return std::move(*made);
    }
  }

  /// Begins a COPY into columns of a table.
  boost::asio::awaitable<copy_in> async_copy_in(table_name table, std::vector<std::string> columns,
                                                copy_format format = copy_format::text, wait_limits limits = {});

  /// BEGIN and the COPY in one message: for many small ones, each committed together with something else.
  boost::asio::awaitable<begun_copy> async_begin_copy_in(table_name table, std::vector<std::string> columns,
                                                         copy_format format = copy_format::text,
                                                         wait_limits limits = {});

  /// Copies all of a batch, or nothing: a vector of tuples, of vectors of values, or any `row_batch`. It must live
  /// until the call has ended. Gives the number of rows.
  template <class Records>
  boost::asio::awaitable<std::int64_t> async_batch_insert(table_name table, std::vector<std::string> columns,
                                                          const Records& records,
                                                          copy_format format = copy_format::text,
                                                          wait_limits limits = {}) {
    copy_encoder encoder(format);
    encoder.append(records);
    copy_in copy = co_await async_copy_in(std::move(table), std::move(columns), format, limits);
    co_await copy.async_write(encoder.bytes(), limits);
    const std::int64_t rows = co_await copy.async_finish(limits);
    co_return rows;
  }

  /// Executes one statement with each of many sets of parameters, without waiting for an answer before the next is
  /// sent (libpq's pipeline mode). Errors that the server tells are in the results, one for each set, in order; the
  /// rest is thrown.
  boost::asio::awaitable<std::vector<pipeline_result>> async_pipeline(statement what, std::vector<params> sets,
                                                                      pipeline_mode mode = pipeline_mode::each,
                                                                      wait_limits limits = {});

  /// Closes it at once; again: no effect. What the server is doing is told to end.
  void close() noexcept;

  /// False once it was closed, by whomever we know of.
  [[nodiscard]] bool is_open() const noexcept;
  [[nodiscard]] bool in_transaction() const noexcept;
  /// The server's process; 0 when closed.
  [[nodiscard]] int backend_pid() const noexcept;
  /// For what this interface does not cover. Null once closed.
  [[nodiscard]] pg_conn* handle() const noexcept;

 private:
  friend class pool;
  connection(std::shared_ptr<detail::session> session, std::shared_ptr<detail::pool_state> home) noexcept;
  static boost::asio::awaitable<void> undo(transaction& begun, wait_limits limits, std::exception_ptr why);
  void leave() noexcept;

  boost::asio::awaitable<begun_copy> begin_copy_in(table_name table, std::vector<std::string> columns,
                                                   copy_format format, wait_limits limits);

  std::shared_ptr<detail::session> session_;
  std::shared_ptr<detail::pool_state> home_;  ///< null: nobody's
};

}  // namespace penstock::postgres
