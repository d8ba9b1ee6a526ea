#include "write_path.hpp"

#include <atomic>
#include <utility>

namespace penstock::sqlite::detail {

rows_path::rows_path(connection& c, const std::string& into, std::size_t columns, const std::string& doing)
    : connection_(c), name_("penstock_rows_" + std::to_string(c.guests_made++)), shown_(columns) {
  if (const int rc = show_rows(c.handle, name_, shown_); rc != SQLITE_OK) fail(c, rc, doing);
  try {
    insert_ = statement(c, "INSERT INTO " + into + " SELECT * FROM " + name_, doing);
  } catch (...) {
    forget_rows(c.handle, name_);
    throw;
  }
}

rows_path::~rows_path() {
  insert_ = {};
  forget_rows(connection_.handle, name_);
}

int rows_path::write(const row_source& rows) {
  shown_.rows = &rows;
  const int rc = insert_.run();
  shown_.rows = nullptr;
  if (shown_.thrown) std::rethrow_exception(std::exchange(shown_.thrown, nullptr));
  return rc;
}

namespace {

// SQLite's own plan says whether it copies records: it then reads them whole, and never column by column.
bool copies_records(const connection& c, const std::string& insert) {
  const statement plan(c, "EXPLAIN " + insert, "planning");
  bool whole = false;
  while (sqlite3_step(plan.handle()) == SQLITE_ROW) {
    const auto instruction = column_text(plan.handle(), 1);
    if (instruction == "Column" || instruction == "InitCoroutine") return false;
    whole = whole || instruction == "RowData" || instruction == "RowCell";
  }
  return whole;
}

}  // namespace

std::unique_ptr<image_path> image_path::make(connection& c, const std::string& table,
                                             const std::vector<column>& columns) {
  if (!sqlite3_get_autocommit(c.handle)) return nullptr;  // cannot be attached now
  auto file = std::make_shared<attachable>(columns);
  if (!file->image.usable()) return nullptr;
  static std::atomic<unsigned> made = 0;  // file systems are known to the whole process
  std::string name = "penstock_image_" + std::to_string(made.fetch_add(1, std::memory_order_relaxed));
  file->vfs = std::make_unique<image_vfs>(name, file->image);
  const std::string attach = "ATTACH 'file:image?mode=ro&vfs=" + name + "' AS " + name;
  // Ten databases can be attached, and all must have the same text encoding: failing is an answer, not an error.
  if (sqlite3_exec(c.handle, attach.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return nullptr;
  std::unique_ptr<image_path> path(new image_path(c, name, std::move(file)));
  const std::string insert = "INSERT INTO main." + table + " SELECT * FROM " + name + ".rows";
  try {
    sqlite3_exec(c.handle, ("PRAGMA " + name + ".mmap_size = 1073741824").c_str(), nullptr, nullptr, nullptr);
    if (!copies_records(c, insert)) return nullptr;
    path->insert_ = statement(c, insert, "preparing");
  } catch (const error&) {
    return nullptr;
  }
  return path;
}

image_path::~image_path() {
  insert_ = {};
  // Inside a transaction SQLite keeps it attached; it goes with the connection then.
  if (sqlite3_exec(connection_.handle, ("DETACH " + name_).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    connection_.kept_until_closed.push_back(file_);
}

bool image_path::hold(const row_source& rows) {
  if (!sqlite3_get_autocommit(connection_.handle)) return false;
  // A statement of the caller's may have the image open; it must not change then.
  if (sqlite3_txn_state(connection_.handle, name_.c_str()) != SQLITE_TXN_NONE) return false;
  return file_->image.encode(rows);
}

}  // namespace penstock::sqlite::detail
