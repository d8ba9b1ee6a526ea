// The file of rejected rows: one JSON object a line.
//
//   {"file":"oui.csv","line":17,"reason":"3 fields, expected were 4","bytes":52,"text":"MA-L,002272,…"}
//   {"file":"oui.csv","line":18,"reason":"UNIQUE constraint failed: oui.Assignment","values":["MA-L","002272",…]}
//
// The first kind could not be read as a row: `text` is its beginning, at most 4096 bytes of `bytes`, in which U+FFFD
// stands for what is not UTF-8. The second was refused by a rule of the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <penstock/connectors/files.hpp>

#include "fingerprint.hpp"

namespace load {

class page;

/// Nothing is created before the first row is rejected; a file that is there is replaced then, unless a load goes on in
/// it. May wait for the disk.
/// Fails with `failure` (output unwritable). One thread at a time.
class rejects_file {
 public:
  explicit rejects_file(std::filesystem::path path) : path_(std::move(path)) {}

  void write(const std::string& file, const penstock::files::rejected_row& row);
  void write(const std::string& file, const page& from, std::size_t row, std::string_view reason);

  /// Goes on in the file of an earlier run, whose first bytes it keeps; what stands behind them belongs to a batch that
  /// was never committed. `failure` (changed) if these bytes are not there any more.
  void go_on(std::uint64_t bytes, std::uint64_t digest);

  /// What was written is on the disk, so that no checkpoint knows more than the file.
  void sync();

  /// Of the file, for `go_on`; what is no regular file has no length.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return regular_ ? bytes_ : 0; }
  [[nodiscard]] std::uint64_t digest() const noexcept { return digest_.value(); }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  struct closer {
    void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
  };
  void put(const std::string& line);
  [[noreturn]] void fail(const char* attempt) const;

  void hold(int descriptor, const char* attempt);

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, closer> file_;
  bool regular_ = false;
  bool unsynced_ = false;
  std::uint64_t bytes_ = 0;
  fingerprint digest_;
};

}  // namespace load
