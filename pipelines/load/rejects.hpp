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

namespace load {

class page;

/// Nothing is created before the first row is rejected; a file that is there is replaced then. May wait for the disk.
/// Fails with `failure` (output unwritable). One thread at a time.
class rejects_file {
 public:
  explicit rejects_file(std::filesystem::path path) : path_(std::move(path)) {}

  void write(const std::string& file, const penstock::files::rejected_row& row);
  void write(const std::string& file, const page& from, std::size_t row, std::string_view reason);

  /// Hands what was written to the system, so that a killed program leaves it.
  void flush();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  struct closer {
    void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
  };
  void put(const std::string& line);
  [[noreturn]] void fail(const char* attempt) const;

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, closer> file_;
};

}  // namespace load
