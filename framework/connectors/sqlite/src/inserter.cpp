#include <penstock/connectors/sqlite/inserter.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include <penstock/connectors/sqlite/table.hpp>
#include "statement.hpp"
#include "table_shape.hpp"
#include "write_path.hpp"

namespace penstock::sqlite {
namespace detail {

class loader final : public guest {
 public:
  loader(std::shared_ptr<connection> c, std::string table, insert_options options)
      : connection_(std::move(c)), table_(std::move(table)), options_(std::move(options)) {
    connection_->open_handle("insert");
    connection_->guests.push_back(this);
  }
  ~loader() {
    if (!connection_->handle) return;
    std::erase(connection_->guests, static_cast<guest*>(this));
    release();
  }
  loader(const loader&) = delete;
  loader& operator=(const loader&) = delete;

  void release() noexcept override {
    one_row_ = {};
    schema_version_ = {};
    image_.reset();
    rows_.reset();
  }

  std::vector<bad_row> write(const row_source& rows, const before_commit& also);
  void keep(std::vector<bad_row> rows) {
    const std::lock_guard lock(mutex_);
    kept_.insert(kept_.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  }
  std::vector<bad_row> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(kept_, {});
  }
  insert_counts counts() {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  void look_at_table();
  bool is_there(const char* kind, const char* named_by);
  std::optional<error> write_image(const before_commit& also);
  std::vector<bad_row> write_through_table(const row_source& rows, const before_commit& also);
  std::vector<bad_row> write_one_by_one(const row_source& rows, const std::optional<error>& whole,
                                        const before_commit& also);
  int insert_one(std::span<const value_view> row);
  void committed(std::uint64_t rows, std::uint64_t bad_rows, bool by_image);

  // Constant.
  std::shared_ptr<connection> connection_;
  std::string table_;
  std::string quoted_ = quote_identifier(table_);
  std::string doing_ = "inserting into " + quoted_;
  insert_options options_;

  // Touched by the writing thread only.
  std::atomic_flag writing_;
  std::int64_t seen_schema_ = -1;
  std::size_t columns_ = 0;
  bool is_view_ = false;
  bool has_triggers_ = false;
  statement schema_version_;
  statement one_row_;
  std::unique_ptr<rows_path> rows_;
  std::unique_ptr<image_path> image_;

  // Guarded by mutex_: a progress line reads while the load writes.
  std::mutex mutex_;
  insert_counts counts_;
  std::vector<bad_row> kept_;
};

namespace {

bool same_name(const std::string& a, const std::string& b) { return sqlite3_stricmp(a.c_str(), b.c_str()) == 0; }

// Failures that belong to one row; all others would meet any row.
bool blames_a_row(int native) {
  const int primary = native & 0xff;
  return primary == SQLITE_CONSTRAINT || primary == SQLITE_MISMATCH || primary == SQLITE_TOOBIG;
}

// Undoes what it saw unless told to keep it; within a transaction of the caller's only its own part.
class scope_of_changes {
 public:
  scope_of_changes(const connection& c, const std::string& doing)
      : connection_(c), doing_(doing), nested_(!sqlite3_get_autocommit(c.handle)) {
    run(nested_ ? "SAVEPOINT penstock_batch" : "BEGIN IMMEDIATE");
  }
  ~scope_of_changes() {
    if (open_ && !sqlite3_get_autocommit(connection_.handle))
      sqlite3_exec(connection_.handle, nested_ ? "ROLLBACK TO penstock_batch; RELEASE penstock_batch" : "ROLLBACK",
                   nullptr, nullptr, nullptr);
  }
  scope_of_changes(const scope_of_changes&) = delete;
  scope_of_changes& operator=(const scope_of_changes&) = delete;

  void keep() {
    run(nested_ ? "RELEASE penstock_batch" : "COMMIT");
    open_ = false;
  }

 private:
  void run(const char* sql) {
    if (const int rc = sqlite3_exec(connection_.handle, sql, nullptr, nullptr, nullptr); rc != SQLITE_OK)
      fail(connection_, rc, doing_);
  }
  const connection& connection_;
  const std::string& doing_;
  bool nested_;
  bool open_ = true;
};

}  // namespace

std::vector<bad_row> loader::write(const row_source& rows, const before_commit& also) {
  auto& c = *connection_;
  c.open_handle(doing_.c_str());
  if (writing_.test_and_set(std::memory_order_acquire))
    throw error(errc::misuse, c.path + ": " + doing_ + ": two calls at once; an inserter is for one thread at a time");
  struct unmark {
    std::atomic_flag& flag;
    ~unmark() { flag.clear(std::memory_order_release); }
  } const unmarks_in_any_case{writing_};

  look_at_table();
  if (rows.columns != columns_)
    throw error(errc::schema_mismatch, c.path + ": " + doing_ + ": the batch has " + std::to_string(rows.columns) +
                                           " columns, expected were " + std::to_string(columns_));
  if (rows.rows == 0) {
    if (!also) return {};
    scope_of_changes changes(c, doing_);
    also({});
    changes.keep();
    return {};
  }
  if (!image_ || !image_->hold(rows)) return write_through_table(rows, also);
  const auto whole = write_image(also);
  if (whole) return write_one_by_one(rows, whole, also);
  committed(rows.rows, 0, true);
  return {};
}

// Returns the refusal of a row; other failures are thrown. The image is read from the beginning of the transaction on,
// so it holds the batch already.
std::optional<error> loader::write_image(const before_commit& also) {
  const auto& c = *connection_;
  std::optional<scope_of_changes> changes;
  if (also) changes.emplace(c, doing_);
  if (const int rc = image_->write(); rc != SQLITE_OK) {
    error whole = describe(c, rc, doing_);
    if (!blames_a_row(rc)) throw whole;
    return whole;
  }
  if (also) {
    also({});
    changes->keep();
  }
  return std::nullopt;
}

// In a scope of its own, because the table has the last word on a row that it refuses: after ON CONFLICT FAIL SQLite
// keeps what the statement did before, and after ON CONFLICT IGNORE nobody says that a row is missing.
std::vector<bad_row> loader::write_through_table(const row_source& rows, const before_commit& also) {
  const auto& c = *connection_;
  std::optional<error> whole;
  {
    scope_of_changes changes(c, doing_);
    if (const int rc = rows_->write(rows); rc != SQLITE_OK) {
      whole = describe(c, rc, doing_);
      if (!blames_a_row(rc)) throw *whole;
    } else if (const auto inserted = static_cast<std::uint64_t>(sqlite3_changes64(c.handle));
               inserted == rows.rows || is_view_) {
      if (also) also({});
      changes.keep();
      committed(inserted, 0, false);
      return {};
    }
  }
  return write_one_by_one(rows, whole, also);
}

// Prepares for the table as it is now; what was prepared for an older shape could put values into the wrong columns.
void loader::look_at_table() {
  auto& c = *connection_;
  if (!schema_version_) schema_version_ = statement(c, "PRAGMA main.schema_version", doing_);
  const int rc = sqlite3_step(schema_version_.handle());
  const auto version = rc == SQLITE_ROW ? sqlite3_column_int64(schema_version_.handle(), 0) : -1;
  if (const int reset = sqlite3_reset(schema_version_.handle()); reset != SQLITE_OK) fail(c, reset, doing_);
  if (rows_ && version == seen_schema_) return;

  one_row_ = {};
  image_.reset();
  rows_.reset();
  const auto existing = columns_of(c, table_);
  if (existing.empty()) throw error(errc::schema_mismatch, c.path + ": " + doing_ + ": there is no such table");
  std::vector<std::string> names = options_.columns;
  for (const auto& name : names)
    if (std::ranges::none_of(existing, [&](const column& e) { return same_name(e.name, name); }))
      throw error(errc::schema_mismatch, c.path + ": " + doing_ + ": it has no column " + quote_identifier(name));
  if (names.empty())
    for (const auto& column : existing) names.push_back(column.name);
  const bool all_in_order = std::ranges::equal(names, existing, same_name, {}, &column::name);

  std::string into = "main." + quoted_ + " (";
  std::string parameters;
  for (const auto& name : names) {
    if (!parameters.empty()) into += ", ";
    parameters += parameters.empty() ? "?" : ", ?";
    into += quote_identifier(name);
  }
  into += ")";
  one_row_ = statement(c, "INSERT INTO " + into + " VALUES (" + parameters + ")", doing_);
  rows_ = std::make_unique<rows_path>(c, into, names.size(), doing_);
  if (all_in_order && options_.path == write_path::automatic) image_ = image_path::make(c, quoted_, existing);
  columns_ = names.size();
  is_view_ = is_there("view", "name");
  has_triggers_ = is_there("trigger", "tbl_name");
  seen_schema_ = version;
}

bool loader::is_there(const char* kind, const char* named_by) {
  const std::string sql =
      std::string("SELECT 1 FROM main.sqlite_schema WHERE type = ? AND ") + named_by + " = ? COLLATE NOCASE";
  statement s(*connection_, sql, doing_);
  s.bind(0, kind);
  s.bind(1, table_);
  return sqlite3_step(s.handle()) == SQLITE_ROW;
}

// A batch that was refused as a whole is done again row by row: the only way to say which row it was.
std::vector<bad_row> loader::write_one_by_one(const row_source& rows, const std::optional<error>& whole,
                                              const before_commit& also) {
  constexpr auto left_out = "left out by a rule of the table that ignores it";
  auto& c = *connection_;
  scope_of_changes changes(c, doing_);
  std::vector<bad_row> bad;
  std::vector<value_view> row(rows.columns);
  std::uint64_t inserted = 0;
  for (std::size_t r = 0; r < rows.rows; ++r) {
    rows.read(rows.batch, r, row.data());
    // What a trigger refuses by RAISE(FAIL) after the insert would stay.
    std::optional<scope_of_changes> part;
    if (has_triggers_) part.emplace(c, doing_);
    const int rc = insert_one(row);
    const auto changed = static_cast<std::uint64_t>(sqlite3_changes64(c.handle));
    if (rc == SQLITE_OK && (changed > 0 || is_view_)) {
      inserted += changed;
      if (part) part->keep();
      continue;
    }
    const auto number = doing_ + ", row " + std::to_string(r + 1) + " of the batch";
    if (rc == SQLITE_OK) {
      if (options_.on_bad_row == bad_row_policy::fail)
        throw error(errc::constraint, c.path + ": " + number + ": " + left_out, SQLITE_CONSTRAINT, r);
      bad.push_back({r, left_out, SQLITE_CONSTRAINT});
      continue;
    }
    if (options_.on_bad_row == bad_row_policy::fail || !blames_a_row(rc) || sqlite3_get_autocommit(c.handle)) {
      if (!blames_a_row(rc)) fail(c, rc, doing_);
      throw describe(c, rc, number, r);
    }
    bad.push_back({r, sqlite3_errmsg(c.handle), rc});
  }
  // A rule that is checked at the end (a deferred foreign key) blames no row.
  if (options_.on_bad_row == bad_row_policy::fail && whole) throw *whole;
  if (also) also(bad);
  changes.keep();
  committed(inserted, bad.size(), false);
  return bad;
}

int loader::insert_one(std::span<const value_view> row) {
  for (std::size_t i = 0; i < row.size(); ++i)
    if (const int rc = one_row_.bind(i, row[i]); rc != SQLITE_OK) return rc;
  return one_row_.run();
}

void loader::committed(std::uint64_t rows, std::uint64_t bad_rows, bool by_image) {
  const std::lock_guard lock(mutex_);
  counts_.rows += rows;
  counts_.bad_rows += bad_rows;
  ++counts_.batches;
  if (by_image) ++counts_.image_batches;
  counts_.last_commit = clock::now();
}

}  // namespace detail

inserter::inserter(database& db, std::string table, insert_options options)
    : loader_(std::make_shared<detail::loader>(db.connection_, std::move(table), std::move(options))) {}

std::vector<bad_row> inserter::write(const detail::row_source& rows, const before_commit& also) const {
  return loader_->write(rows, also);
}

void inserter::keep(std::vector<bad_row> rows) const {
  if (!rows.empty()) loader_->keep(std::move(rows));
}

insert_counts inserter::counts() const { return loader_->counts(); }

std::vector<bad_row> inserter::take_bad_rows() const { return loader_->take(); }

}  // namespace penstock::sqlite
