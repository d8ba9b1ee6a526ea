// A regular file that is open for reading.
//
// Calls may block on the file system, so they belong on a blocking thread. They fail with `std::system_error`, whose
// message says what was attempted on which path and why it failed. What is no regular file is refused when it is
// opened: a directory as `is_a_directory`, a pipe, a socket or a device as `not_supported`, and without waiting for a
// writer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace penstock::files {

class opened_file {
 public:
  explicit opened_file(std::string path);
  opened_file(opened_file&& other) noexcept;
  opened_file& operator=(opened_file&&) = delete;
  ~opened_file();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// In bytes, when it was opened.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  /// Reads on from where the last `read` ended, until `into` is full or the file ends; less than all is the end.
  std::size_t read(std::span<char> into);

  /// The same from `offset`, wherever `read` is. Several threads may call it at once.
  std::size_t read_at(std::uint64_t offset, std::span<char> into) const;

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t size_ = 0;
  std::uint64_t at_ = 0;  // of `read`
};

}  // namespace penstock::files
