// Lets SQLite read a page image as a file: a file system with one read-only file, which changes only between
// transactions, as a file does that another process writes.
#pragma once

#include <sqlite3.h>

#include <string>

#include "page_image.hpp"

namespace penstock::sqlite::detail {

/// Registered with SQLite from construction to destruction. Must outlive every connection that has the file open.
class image_vfs {
 public:
  image_vfs(std::string name, const page_image& image);
  ~image_vfs() { sqlite3_vfs_unregister(&vfs_); }
  image_vfs(const image_vfs&) = delete;
  image_vfs& operator=(const image_vfs&) = delete;

 private:
  std::string name_;
  sqlite3_vfs vfs_{};
};

}  // namespace penstock::sqlite::detail
