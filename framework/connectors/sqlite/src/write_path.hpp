// The two ways of a batch into a table, and the choice between them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "connection.hpp"
#include "image_vfs.hpp"
#include "page_image.hpp"
#include "row_module.hpp"
#include "statement.hpp"

namespace penstock::sqlite::detail {

/// Through a virtual table over the batch: right for every table, also inside a transaction.
class rows_path {
 public:
  /// `into` is the quoted table, with its column list.
  rows_path(connection& c, const std::string& into, std::size_t columns, const std::string& doing);
  ~rows_path();
  rows_path(const rows_path&) = delete;
  rows_path& operator=(const rows_path&) = delete;

  /// One statement, so all rows or none. Returns SQLite's result code; rethrows what the batch threw.
  int write(const row_source& rows);

 private:
  connection& connection_;
  std::string name_;
  shown_rows shown_;
  statement insert_;
};

/// Through a page image of the batch, attached as a database: for tables into which SQLite copies whole records.
class image_path {
 public:
  /// Null if the table has anything that asks for a look at each row: an index, a check, a trigger, an integer primary
  /// key, a default, a strict type.
  static std::unique_ptr<image_path> make(connection& c, const std::string& table, const std::vector<column>& columns);
  ~image_path();
  image_path(const image_path&) = delete;
  image_path& operator=(const image_path&) = delete;

  /// Makes the image one of this batch. False if the batch has to go the other way: inside a transaction, or with a row
  /// that the image cannot hold.
  bool hold(const row_source& rows);

  /// Copies what the image holds, all rows or none; SQLite's result code. In a transaction only if that began after
  /// `hold`.
  int write() { return insert_.run(); }

 private:
  struct attachable {
    explicit attachable(const std::vector<column>& columns) : image(columns) {}
    page_image image;
    std::unique_ptr<image_vfs> vfs;
  };
  image_path(connection& c, std::string name, std::shared_ptr<attachable> file)
      : connection_(c), name_(std::move(name)), file_(std::move(file)) {}

  connection& connection_;
  std::string name_;
  std::shared_ptr<attachable> file_;
  statement insert_;
};

}  // namespace penstock::sqlite::detail
