// An open source of bytes: a file, standard input, or a function.
//
// `read` may block. A stop request ends a wait for a pipe or a terminal at once; a function is not interrupted.
// Failures are `std::system_error` with the path. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <penstock/base/stop.hpp>
#include <penstock/connectors/files.hpp>

namespace penstock::files::detail {

class input {
 public:
  /// Opens it. A directory is refused here, as `is_a_directory`.
  explicit input(const source& from);
  input(input&& other) noexcept;
  input& operator=(input&&) = delete;
  ~input();

  /// Fills the front of `into`; 0 is the end. Nothing: a stop was requested while there was nothing to read.
  std::optional<std::size_t> read(std::span<char> into, const stop_token& stop);

  /// The same without a stop.
  std::size_t read(std::span<char> into) { return *read(into, {}); }

  /// Asks the system to fetch that part of a regular file; does not wait for it.
  void will_need(std::uint64_t offset, std::uint64_t bytes) const noexcept;

  /// The size of a regular file.
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept { return size_; }

 private:
  enum class wait_result : std::uint8_t { readable, stopped };
  wait_result wait_readable(const stop_token& stop) const;

  std::string name_;
  read_function function_;
  stoppable_read_function stoppable_;
  int descriptor_ = -1;
  bool owns_ = false;
  bool no_writer_yet_ = false;  // of a named pipe, whose end would seem to have come
  std::optional<std::uint64_t> size_;
};

}  // namespace penstock::files::detail
