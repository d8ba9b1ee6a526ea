// Files as sources of a pipeline, and the words that the record formats (csv, ndjson) share.
//
// Every source here is the body of a producer: a copyable callable that returns an `std::optional`, empty at the end.
// It opens nothing before its first call, so a copy of a source that has not started is a source of its own; copies of
// one that has started share its position, for one thread at a time. A call may block the thread on the file system or,
// for standard input, until somebody writes. It fails with `std::system_error`, whose message says what was attempted
// on which path and why it failed; after a failure the source must not be called again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <penstock/base/stop.hpp>
#include <penstock/connectors/detail/digest.hpp>
#include <penstock/connectors/files/each.hpp>
#include <penstock/connectors/files/opened_file.hpp>
#include <penstock/connectors/files/replacement.hpp>
#include <penstock/connectors/files/walk.hpp>

namespace penstock::files {

/// The content of a file. Blocks; fails with `std::system_error`.
std::string whole(const std::filesystem::path& path);

/// Throws what opening any of the paths for reading would throw; "-" is standard input and always passes. For programs
/// that want to refuse a missing third file before they load the first.
void require_readable(std::span<const std::string> paths);

/// The lines of a file without their line ends (LF or CRLF); a last line without one counts. A line of more than
/// `max_bytes` is a failure (`value_too_large`).
class lines {
 public:
  explicit lines(std::filesystem::path path, std::size_t max_bytes = std::size_t{16} << 20);
  std::optional<std::string> operator()();

 private:
  struct position;
  std::filesystem::path path_;
  std::size_t max_bytes_;
  std::shared_ptr<position> position_;
};

/// A file in pieces of `bytes` bytes; only the last is shorter, none is empty. With `read_ahead`, the system is asked
/// to fetch that many bytes beyond each piece while the piece is worked on: more hides a slower disk, and takes more of
/// the cache; 0 leaves it to the system, which fetches some 100 KiB ahead.
class chunks {
 public:
  explicit chunks(std::filesystem::path path, std::size_t bytes = std::size_t{256} << 10, std::size_t read_ahead = 0);
  std::optional<std::string> operator()();

 private:
  struct position;
  std::filesystem::path path_;
  std::size_t bytes_;
  std::size_t read_ahead_;
  std::shared_ptr<position> position_;
};

struct file {
  std::filesystem::path path;
  std::string content;
};

/// One whole file after the other, in the order given. Memory: one file at a time.
class whole_files {
 public:
  explicit whole_files(std::vector<std::filesystem::path> paths) : paths_(std::move(paths)) {}
  std::optional<file> operator()();

 private:
  std::vector<std::filesystem::path> paths_;
  std::size_t next_ = 0;
};

struct directory_options {
  std::string glob = "*";  ///< of the file name, as in the shell: `*`, `?`, `[a-z]`
  files::depth depth = files::depth::recursive;
};

/// The paths of the regular files in a directory, sorted, so that every run sees the same order. The whole listing is
/// read at the first call and held in memory; `walk` does without, where order is no matter.
class directory {
 public:
  explicit directory(std::filesystem::path root, directory_options options = {});
  std::optional<std::filesystem::path> operator()();

 private:
  struct listing;
  std::filesystem::path root_;
  directory_options options_;
  std::shared_ptr<listing> listing_;
};

// What the record formats share.

/// Fills the front of the span and returns how much; 0 is the end. May block; may throw.
using read_function = std::function<std::size_t(std::span<char>)>;

/// The same for one whose waits can be ended: returns nothing if a stop was requested while there was nothing to read.
using stoppable_read_function = std::function<std::optional<std::size_t>(std::span<char>, const stop_token&)>;

/// Where records come from: a path, "-" for standard input, or a function, whose `name` then is only for messages.
struct source {
  source(const char* path) : name(path) {}                            // NOLINT(google-explicit-constructor)
  source(std::string path) : name(std::move(path)) {}                 // NOLINT(google-explicit-constructor)
  source(const std::filesystem::path& path) : name(path.string()) {}  // NOLINT(google-explicit-constructor)
  source(std::string called, read_function from) : name(std::move(called)), read(std::move(from)) {}
  source(std::string called, stoppable_read_function from) : name(std::move(called)), read_or_stop(std::move(from)) {}

  [[nodiscard]] bool is_function() const noexcept { return read || read_or_stop; }

  std::string name;
  read_function read;                    ///< empty if it is none
  stoppable_read_function read_or_stop;  ///< likewise
};

/// A place between two records in a list of sources.
struct position {
  std::size_t source = 0;    ///< index in the list
  std::uint64_t offset = 0;  ///< in that source; 0: its beginning
  std::uint64_t line = 1;    ///< of that source, on which the next record begins
  std::uint64_t record = 1;  ///< the number of the next record in that source
  std::uint64_t digest = 0;  ///< of all bytes before the place, those of earlier sources included; see `proof`
};

/// Whether a reader that begins at a position makes sure that the bytes before it are those it was taken from.
enum class proof : std::uint8_t {
  none,    ///< they are stepped over; earlier sources are not even opened
  digest,  ///< they are read and compared, some 10 GB/s of a core; every block tells its own digest
};

/// Thrown by a reader whose sources are not those that its position was taken from.
class changed_source : public std::runtime_error {
 public:
  changed_source(std::size_t source, const std::string& sentence) : std::runtime_error(sentence), source_(source) {}
  /// Index of the source where that was found: it, or one before it, has changed.
  [[nodiscard]] std::size_t source() const noexcept { return source_; }

 private:
  std::size_t source_;
};

/// How far a reader is, for whoever shows it; written with relaxed order by the reading thread, read by any.
struct progress {
  std::atomic<std::uint64_t> bytes_read{0};
  std::atomic<std::uint64_t> bytes_total{0};  ///< set at the first read; 0: not known (a pipe, a function)
};

/// How much of a rejected row is kept as text.
inline constexpr std::size_t rejected_text_bytes = 4096;

/// A row that is not data, and why.
struct rejected_row {
  std::size_t source = 0;   ///< index in the list of sources
  std::uint64_t line = 0;   ///< the line it begins on, counting from 1
  std::uint64_t bytes = 0;  ///< its size, line end included
  std::string reason;       ///< a clause without capital and full stop
  std::string text;         ///< its first `rejected_text_bytes` bytes at most, without the line end
};

/// A run of whole records cut from one source. `bytes` has room for at least `padding` more bytes than its size, so
/// that a parser may read past its end.
struct block {
  static constexpr std::size_t padding = 64;

  std::string bytes;                   ///< whole records with their line ends; the last of a source may lack its own
  std::size_t source = 0;              ///< index in the list of sources
  bool first_of_source = false;        ///< each source has exactly one such block, even when it holds no record
  std::uint64_t offset = 0;            ///< of `bytes` in the source
  std::uint64_t first_line = 1;        ///< the line on which `bytes` begins, counting from 1
  std::uint64_t first_record = 1;      ///< the number of its first record in the source, counting from 1
  std::size_t records = 0;             ///< rows in `bytes` (blank lines are none) and in `rejected`
  std::vector<rejected_row> rejected;  ///< at most one, after all the others: a row too large to be held
  position end;                        ///< where the next block begins; a later reading can begin there
  detail::digest before;               ///< with `proof::digest`, of all bytes before this block
};

}  // namespace penstock::files
