// The file of rejected rows: one JSON object a line.
//
//   {"file":"oui.csv","line":17,"reason":"3 fields, expected were 4","bytes":52,"text":"MA-L,002272,…"}
//   {"file":"oui.csv","line":18,"reason":"UNIQUE constraint failed: oui.Assignment","values":["MA-L","002272",…]}
//
// The first kind could not be read as a row: `text` is its beginning, at most 4096 bytes of `bytes`, in which U+FFFD
// stands for what is not UTF-8. The second was refused by a rule of the table.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <penstock/connectors/files.hpp>

#include "fingerprint.hpp"

namespace load {

class page;

/// Nothing is created before the first row is rejected; a file that is there is made anew then, unless a load goes on
/// in it. From its first use to the end of the process a regular file is locked (flock). May wait for the disk; `find`,
/// `append` and `hold` as long as `patience` says for another program, so no transaction is open then: that program may
/// wait for it. Fails with `failure`: output unwritable, or locked. One thread at a time.
class rejects_file {
 public:
  rejects_file(std::filesystem::path path, std::chrono::milliseconds patience)
      : path_(std::move(path)), patience_(patience) {}

  /// Opens the file, or makes it, and waits until no other program writes to it. Changes nothing in it; the next call
  /// is `cut`, when the load is known to be ours.
  void hold();
  [[nodiscard]] bool held() const noexcept { return file_ != nullptr; }

  /// Only of a file that is held.
  void write(const std::string& file, const penstock::files::rejected_row& row);
  void write(const std::string& file, const page& from, std::size_t row, std::string_view reason);

  /// Finds the file of an earlier run of the load, up to where a batch was committed. If these bytes are not there any
  /// more: goes on behind what is there, or `failure` (changed). Changes nothing.
  void find(std::uint64_t bytes, std::uint64_t digest, bool or_append);

  /// Goes on behind what is there, if anything is. Changes nothing.
  void append();

  /// After these: what stands behind belongs to a batch that was never committed, and goes.
  void cut();

  /// Takes back what was written since the file was so long.
  void back_to(std::uint64_t bytes, std::uint64_t digest);

  /// Another load needs the file as it is: it is let go of, and a row for it is a failure, as is `require_ours`.
  void keep_off() noexcept;
  [[nodiscard]] bool kept_off() const noexcept { return not_ours_; }
  void require_ours() const;

  /// What was written is on the disk, so that no checkpoint knows more than the file.
  void sync();

  /// Of the file, for `find`; what is no regular file, or not open, has neither.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return regular_ ? bytes_ : 0; }
  [[nodiscard]] std::uint64_t digest() const noexcept { return regular_ ? digest_.value() : 0; }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  struct closer {
    void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
  };
  void put(const std::string& line);
  [[noreturn]] void fail(const char* attempt) const;

  void adopt(int descriptor, const char* attempt);
  void lock(int descriptor) const;
  bool open_as_it_is();
  void take_in(std::uint64_t bytes);
  void append_bytes(std::string_view bytes);

  std::filesystem::path path_;
  std::chrono::milliseconds patience_;
  std::unique_ptr<std::FILE, closer> file_;
  bool regular_ = false;
  bool unsynced_ = false;
  bool not_ours_ = false;
  std::optional<std::uint64_t> torn_at_;  // where what stands there ends, if in the middle of a line
  std::uint64_t bytes_ = 0;
  fingerprint digest_;
};

}  // namespace load
