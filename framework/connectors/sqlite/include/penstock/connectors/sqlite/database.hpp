// A connection to one SQLite file.
//
// May wait: every call may wait for the disk, and for another connection's lock up to the busy timeout; so in a
// pipeline it belongs into a stage on a blocking thread. Cancelled: a stop request ends a wait for a lock with
// `errc::cancelled`; nothing else is interrupted. Fails: with `sqlite::error`. Thread: one at a time, any one.
// Lifetime: `close` or the destructor ends it; what refers to it (inserters, transactions) is refused from then on.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/base/stop.hpp>
#include <penstock/connectors/sqlite/error.hpp>
#include <penstock/connectors/sqlite/value.hpp>

struct sqlite3;

namespace penstock::sqlite {

struct column;

namespace detail {
struct connection;
}  // namespace detail

enum class access_mode : std::uint8_t {
  create,      ///< read and write; make the file if there is none
  read_write,  ///< read and write a file that exists
  read_only,   ///< read a file that exists
};

enum class journal_mode : std::uint8_t {
  wal,   ///< write-ahead log: commits append to one file, readers go on; where WAL is impossible SQLite keeps its own
  keep,  ///< whatever the file has; a new one gets a rollback journal, which waits for the disk at each commit
};

enum class synchronous_mode : std::uint8_t {
  normal,  ///< under WAL: a killed program loses nothing; a power cut may lose the last commits, never damages the file
  full,    ///< a power cut loses nothing either; each commit waits for the disk
};

struct open_options {
  access_mode access = access_mode::create;
  /// How long a call waits for another connection's lock. Zero: not at all.
  std::chrono::milliseconds busy_timeout = std::chrono::seconds(5);
  /// Ends such a wait early.
  stop_token stop = {};
  journal_mode journal = journal_mode::wal;
  synchronous_mode synchronous = synchronous_mode::normal;
  /// Bytes per page of a *new* file, a power of two from 512 to 65536; 0 leaves it to SQLite (4096). Larger: fewer
  /// writes for a load and longer rows in one piece (8192 costs it a fifth less processor time than 4096). Smaller:
  /// less to write for each single change.
  std::uint32_t page_bytes = 8192;
  /// Memory for pages. More helps tables with indexes; a load into a table without any needs little.
  std::size_t cache_bytes = std::size_t{16} << 20;
  /// The log is moved into the file whenever it has grown to this. Larger: fewer waits for the disk, a larger log
  /// beside the file, a longer stop at each move. Smaller: the reverse.
  std::size_t wal_bytes = std::size_t{16} << 20;
};

/// What a query returned, owned.
struct result {
  std::vector<std::string> columns;
  std::vector<std::vector<value>> rows;
};

class database {
 public:
  /// Opens `file` and reads its schema, so that a file that is none is found here. ":memory:" is a database in memory.
  explicit database(std::filesystem::path file, open_options options = {});

  /// Closes as `close` does, and keeps quiet about failures.
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  /// Moves the log into the file and closes. True if one plain file is left; false if another connection still uses the
  /// log, which then stays. On failure it throws *and* is closed: the log keeps what was committed. Again: no effect.
  bool close();

  /// Moves the log into the file without closing. False if another connection holds parts of it back.
  bool checkpoint();

  /// Runs one or several statements and throws their rows away.
  void execute(std::string_view sql);

  /// Runs one statement with `?` parameters, values bound, never pasted. Returns the number of rows it changed.
  template <std::convertible_to<value_view>... P>
    requires(sizeof...(P) > 0)
  std::int64_t execute(std::string_view sql, const P&... parameters) {
    return run(sql, std::array<value_view, sizeof...(P)>{value_view(parameters)...}, nullptr);
  }

  /// The same, with all rows of the result. For results that fit into memory.
  template <std::convertible_to<value_view>... P>
  result query(std::string_view sql, const P&... parameters) {
    result r;
    run(sql, std::array<value_view, sizeof...(P)>{value_view(parameters)...}, &r);
    return r;
  }

  /// SQLite's own check of the file: what it found wrong, empty if nothing. Reads everything.
  std::vector<std::string> integrity_check();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// For what this interface does not cover. Null once closed.
  [[nodiscard]] sqlite3* handle() const noexcept;

 private:
  friend class inserter;
  friend class transaction;
  friend std::vector<column> table_columns(database& db, std::string_view table);
  std::int64_t run(std::string_view sql, std::span<const value_view> parameters, result* rows);

  std::filesystem::path path_;
  std::shared_ptr<detail::connection> connection_;
};

/// Makes several calls one change. Takes the write lock at once (BEGIN IMMEDIATE), so that it fails here or not at all
/// because of another writer. Without `commit` it is undone at the end of its scope, an exception included.
class transaction {
 public:
  explicit transaction(database& db);
  ~transaction();
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;

  /// Once; a failure leaves the transaction to be undone.
  void commit();

 private:
  std::shared_ptr<detail::connection> connection_;
};

/// `name` as an SQL identifier: in double quotes, inner ones doubled. Fails with `misuse` on a NUL byte, which SQL text
/// cannot hold.
std::string quote_identifier(std::string_view name);

}  // namespace penstock::sqlite
