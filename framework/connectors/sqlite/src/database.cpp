#include <penstock/connectors/sqlite/database.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "connection.hpp"
#include "statement.hpp"

namespace penstock::sqlite {
namespace {

// Waits a little for somebody's lock; false if it is time to give up. The waits grow, so that a short lock costs little
// and a long one few wake-ups.
bool wait_a_little(const detail::connection& c, time_point deadline, int waited_before) {
  const auto now = clock::now();
  if (now >= deadline || c.stop.stop_requested()) return false;
  const auto pause = std::chrono::milliseconds(std::min(1 << std::min(waited_before, 10), 50));
  std::mutex mutex;
  std::condition_variable_any nobody_notifies;
  std::unique_lock lock(mutex);
  nobody_notifies.wait_until(lock, c.stop.std_token(), std::min(deadline, after(now, pause)), [] { return false; });
  return true;
}

// SQLite asks here what to do about a lock: wait a little (1), or give up (0).
int wait_for_lock(void* context, int asked_before) {
  auto& c = *static_cast<detail::connection*>(context);
  if (asked_before == 0) c.busy_deadline = after(clock::now(), c.busy_timeout);
  return wait_a_little(c, c.busy_deadline, asked_before) ? 1 : 0;
}

// SQLite tries again for reading after it was refused for writing, and reports the second failure. This is the first.
bool could_not_be_created(const std::filesystem::path& file) {
  std::error_code ignored;
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  return std::filesystem::is_directory(folder, ignored) && !std::filesystem::exists(file, ignored) &&
         ::faccessat(AT_FDCWD, folder.c_str(), W_OK, AT_EACCESS) != 0;
}

int open_flags(access_mode access) {
  // NOMUTEX: one thread at a time is the rule. URI: a batch is attached under a name of its own kind.
  constexpr int always = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI;
  switch (access) {
    case access_mode::create: return always | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case access_mode::read_write: return always | SQLITE_OPEN_READWRITE;
    case access_mode::read_only: return always | SQLITE_OPEN_READONLY;
  }
  return always;
}

std::string pragma(std::string_view name, auto setting) {
  return "PRAGMA main." + std::string(name) + " = " + std::to_string(setting) + ";";
}

// A name that SQLite would read as a URI, or as "a temporary file", is made a plain file name.
std::string file_name(const std::filesystem::path& path) {
  const std::string name = path.string();
  return name.starts_with("file:") ? "./" + name : name;
}

std::int64_t single_integer(detail::connection& c, std::string_view sql) {
  detail::statement s(c, sql, "reading a setting");
  if (const int rc = sqlite3_step(s.handle()); rc != SQLITE_ROW) detail::fail(c, rc, "reading a setting");
  return sqlite3_column_int64(s.handle(), 0);
}

void execute_all(detail::connection& c, std::string_view sql, const char* doing) {
  if (sql.find('\0') != std::string_view::npos)
    throw error(errc::misuse, c.path + ": " + doing + ": SQL text cannot hold a NUL byte; bind it as a value");
  while (!sql.empty()) {
    detail::statement s(c, sql, doing, &sql);
    if (!s) continue;  // a comment or white space
    if (const int rc = s.run(); rc != SQLITE_OK) detail::fail(c, rc, doing);
  }
}

// Of two connections that change the mode of one file at once, SQLite refuses one without asking what to do about the
// lock: each reads, and waits for the other to stop reading.
void use_write_ahead_log(detail::connection& c) {
  const auto deadline = after(clock::now(), c.busy_timeout);
  for (int waited = 0;; ++waited) {
    try {
      return execute_all(c, "PRAGMA main.journal_mode = WAL", "opening");
    } catch (const error& e) {
      if (e.cause() != errc::busy || !wait_a_little(c, deadline, waited)) throw;
    }
  }
}

bool move_log_into_file(detail::connection& c) {
  const int rc = sqlite3_wal_checkpoint_v2(c.handle, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED) return false;
  if (rc != SQLITE_OK) detail::fail(c, rc, "moving the log into the file");
  return true;
}

}  // namespace

database::database(std::filesystem::path file, open_options options)
    : path_(std::move(file)), connection_(std::make_shared<detail::connection>()) {
  auto& c = *connection_;
  c.path = path_.string();
  c.busy_timeout = options.busy_timeout;
  c.stop = options.stop;
  if (c.path.empty()) throw error(errc::misuse, "opening a database: the path is empty");
  if (options.cache_bytes > (std::size_t{1} << 40) || options.wal_bytes > (std::size_t{1} << 40))
    throw error(errc::misuse, c.path + ": opening: cache_bytes and wal_bytes are limited to 1 TiB");
  try {
    const int rc = sqlite3_open_v2(file_name(path_).c_str(), &c.handle, open_flags(options.access), nullptr);
    if (rc != SQLITE_OK && options.access == access_mode::create && could_not_be_created(path_))
      throw error(errc::read_only, c.path + ": creating", rc);
    if (rc != SQLITE_OK) detail::fail(c, rc, "opening");
    sqlite3_busy_handler(c.handle, wait_for_lock, &c);
    // SQLite opens a file that may not be written for reading, and says so only at the first write.
    if (options.access != access_mode::read_only && sqlite3_db_readonly(c.handle, "main") == 1)
      throw error(errc::read_only, c.path + ": opening for writing");
    single_integer(c, "PRAGMA main.schema_version");  // reads the header: finds a file that is no database
    std::string setup = pragma("cache_size", -static_cast<std::int64_t>(options.cache_bytes / 1024));
    if (options.access != access_mode::read_only) {
      if (options.page_bytes != 0) setup += pragma("page_size", options.page_bytes);
      setup += pragma("synchronous", options.synchronous == synchronous_mode::full ? 2 : 1);
    }
    execute_all(c, setup, "opening");
    if (options.access != access_mode::read_only && options.journal == journal_mode::wal) use_write_ahead_log(c);
    if (options.access != access_mode::read_only) {
      const auto page_bytes = static_cast<std::size_t>(single_integer(c, "PRAGMA main.page_size"));
      sqlite3_wal_autocheckpoint(c.handle, static_cast<int>(std::max<std::size_t>(options.wal_bytes / page_bytes, 1)));
    }
  } catch (...) {
    sqlite3_close_v2(std::exchange(c.handle, nullptr));
    throw;
  }
}

database::~database() {
  try {
    close();
  } catch (const error&) {  // what was committed is in the log; whoever wants to know calls close()
  }
}

bool database::close() {
  auto& c = *connection_;
  if (!c.handle) return true;
  for (auto* guest : std::exchange(c.guests, {})) guest->release();
  if (!sqlite3_get_autocommit(c.handle)) sqlite3_exec(c.handle, "ROLLBACK", nullptr, nullptr, nullptr);
  struct closer {
    detail::connection& c;
    ~closer() {
      sqlite3_close_v2(std::exchange(c.handle, nullptr));
      c.kept_until_closed.clear();
    }
  } const closes_in_any_case{c};
  return sqlite3_db_readonly(c.handle, "main") == 1 || move_log_into_file(c);
}

bool database::checkpoint() {
  connection_->open_handle("checkpoint");
  return move_log_into_file(*connection_);
}

void database::execute(std::string_view sql) {
  connection_->open_handle("execute");
  execute_all(*connection_, sql, "executing");
}

std::int64_t database::run(std::string_view sql, std::span<const value_view> parameters, result* rows) {
  auto& c = *connection_;
  sqlite3* const db = c.open_handle("execute");
  std::string_view rest;
  detail::statement s(c, sql, "preparing", &rest);
  if (!s || detail::statement(c, rest, "preparing"))
    throw error(errc::misuse, c.path + ": executing: parameters and results belong to exactly one statement");
  if (static_cast<std::size_t>(sqlite3_bind_parameter_count(s.handle())) != parameters.size())
    throw error(errc::misuse, c.path + ": executing: the statement has " +
                                  std::to_string(sqlite3_bind_parameter_count(s.handle())) +
                                  " parameters, given were " + std::to_string(parameters.size()));
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (const int rc = s.bind(i, parameters[i]); rc != SQLITE_OK) detail::fail(c, rc, "binding a parameter");
  const int width = sqlite3_column_count(s.handle());
  if (rows)
    for (int i = 0; i < width; ++i) rows->columns.emplace_back(sqlite3_column_name(s.handle(), i));
  const std::int64_t before = sqlite3_total_changes64(db);
  int rc = sqlite3_step(s.handle());
  for (; rc == SQLITE_ROW; rc = sqlite3_step(s.handle())) {
    if (!rows) continue;
    auto& row = rows->rows.emplace_back();
    row.reserve(static_cast<std::size_t>(width));
    for (int i = 0; i < width; ++i) row.push_back(detail::column_value(s.handle(), i));
  }
  if (rc != SQLITE_DONE) detail::fail(c, rc, "executing");
  return sqlite3_total_changes64(db) - before;
}

std::vector<std::string> database::integrity_check() {
  std::vector<std::string> found;
  try {
    for (auto& row : query("PRAGMA main.integrity_check").rows)
      if (auto& line = std::get<std::string>(row.at(0)); line != "ok") found.push_back(std::move(line));
  } catch (const error& e) {
    if (e.cause() != errc::corrupt) throw;
    found.emplace_back(e.what());  // damaged so badly that the check itself cannot go on
  }
  return found;
}

sqlite3* database::handle() const noexcept { return connection_->handle; }

transaction::transaction(database& db) : connection_(db.connection_) { db.execute("BEGIN IMMEDIATE"); }

transaction::~transaction() {
  // Some failures (a full disk) have undone it already.
  if (connection_ && connection_->handle && !sqlite3_get_autocommit(connection_->handle))
    sqlite3_exec(connection_->handle, "ROLLBACK", nullptr, nullptr, nullptr);
}

void transaction::commit() {
  if (!connection_) throw error(errc::misuse, "commit: the transaction is committed already");
  connection_->open_handle("commit");
  execute_all(*connection_, "COMMIT", "committing");
  connection_.reset();
}

std::string quote_identifier(std::string_view name) {
  if (name.find('\0') != std::string_view::npos) throw error(errc::misuse, "an identifier holds a NUL byte");
  std::string quoted = "\"";
  for (const char ch : name) quoted.append(ch == '"' ? 2 : 1, ch);
  return quoted += '"';
}

}  // namespace penstock::sqlite
