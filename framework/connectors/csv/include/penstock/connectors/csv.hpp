// Strict RFC 4180, streaming: one thread cuts files into blocks of whole rows, any number of others parse the blocks.
//
//   csv::blocks (producer, may wait) -> csv::parse (transform, never waits) -> csv::rows
//   csv::records: both in one, a row at a time, for small programs
//
// What a row is: fields between delimiters, ended by LF or CRLF, the last row of a file perhaps by nothing. A quote
// opens a quoted field only as its first byte; inside, a doubled quote is a quote, and everything else (delimiters,
// line ends as they are, a lone carriage return) is data. A byte order mark at the beginning of a file is stepped over.
// A blank line is no row and is counted nowhere, also where there is one column: write "" for an empty value there.
//
// What is malformed, and rejected with its line and a reason, while reading goes on at the next row: more or fewer
// fields than columns; a quote inside an unquoted field; text behind a closing quote; a quote that is never closed; a
// carriage return without a line feed outside quotes; a NUL byte; invalid UTF-8 (can be allowed); a row larger than the
// limit, which is never held in memory. Every row is in exactly one of `rows` and `rejected`. What Python's csv module
// (strict) makes of the accepted rows is the same, value for value.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/base/stop.hpp>
#include <penstock/connectors/files.hpp>

namespace penstock::csv {

struct dialect {
  char delimiter = ',';
  char quote = '"';
};

/// The names of the columns, as they stand in the file.
using names = std::vector<std::string>;

/// What makes these names unfit to be columns ("column 3 has no name", "columns 1 and 4 are both named 'id'"), or
/// nothing. Letters' case counts.
std::optional<std::string> problem_with(const names& header);

/// A row that is not data where nothing can go on without it: a header, or a row under `records`.
class malformed_row : public std::runtime_error {
 public:
  /// `what()` is "<source>, line <n>: <reason>".
  malformed_row(const std::string& source, const files::rejected_row& row);
  [[nodiscard]] const files::rejected_row& row() const noexcept { return row_; }

 private:
  files::rejected_row row_;
};

enum class header : std::uint8_t {
  first_row,  ///< the first row of every source names its columns
  none,       ///< every row is data
};

struct block_options {
  csv::dialect dialect{};
  csv::header header = csv::header::first_row;
  std::size_t rows = 4096;                            ///< a block has at most so many; fewer: sooner in the next stage
  std::size_t bytes = std::size_t{256} << 10;         ///< or ends with the row that reaches this; more: fewer hand-offs
  std::size_t max_row_bytes = std::size_t{16} << 20;  ///< line end included; a larger row is malformed; at most 1 GiB
  std::shared_ptr<files::progress> progress{};        ///< null: not shown
  files::position begin{};                            ///< where to begin: the `end` of a block of the same sources
  files::proof proof = files::proof::none;            ///< that they are the same; changed ones throw `changed_source`
};

/// A run of whole rows of one source, header excluded. Every source, an empty file too, has a block with
/// `first_of_source`, so whoever reads them sees every header.
struct block : files::block {
  std::shared_ptr<const names> header;  ///< null: the source is empty, or has none
  std::size_t columns = 0;              ///< fields of the header, else of the first good row; 0: not known yet
};

/// Blocks from a list of sources, one source after the other: a producer's body, see files.hpp for copies and failures.
/// A malformed header throws `malformed_row`. Options that cannot work throw `declaration_error` when declared.
/// A block waits until it is full, also on a slow pipe; only the end or a stop gives it early.
class blocks {
 public:
  explicit blocks(std::vector<files::source> sources, block_options options = {});

  /// As a body: may wait for standard input. A stop request of the run ends the wait; the whole rows that came so far
  /// are the last block, then nothing.
  template <class Context>
    requires requires(Context& run) {
      { run.stop_token() } -> std::convertible_to<stop_token>;
    }
  std::optional<block> operator()(Context& run) {
    return next(run.stop_token());
  }

  /// The same by hand.
  std::optional<block> next(const stop_token& stop = {});

  /// The block that the next call will return, or null at the end. For deciding on a schema before the rows are taken,
  /// where the source can be read once only; a copy made afterwards still returns it.
  const block* peek(const stop_token& stop = {});

 private:
  struct position;
  std::vector<files::source> sources_;
  block_options options_;
  std::shared_ptr<position> position_;
};

enum class encoding : std::uint8_t {
  utf8,   ///< a row that is not UTF-8 is malformed
  bytes,  ///< any bytes except NUL
};

struct expectations {
  std::size_t columns = 0;  ///< 0: as many as the block says
  csv::encoding encoding = csv::encoding::utf8;
};

/// Parsed rows, all of the same number of fields, in one buffer. Views into it live until it is moved, assigned, parsed
/// into or destroyed.
class rows {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return lines_.size(); }
  [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }
  [[nodiscard]] std::size_t columns() const noexcept { return columns_; }

  /// Row and column count from 0 and must exist.
  [[nodiscard]] std::string_view field(std::size_t row, std::size_t column) const noexcept {
    const extent& e = fields_[row * columns_ + column];
    return {bytes_.data() + e.begin, e.size};
  }
  /// The line of the source that the row begins on, counting from 1.
  [[nodiscard]] std::uint64_t line(std::size_t row) const noexcept { return first_line_ + lines_[row]; }

  [[nodiscard]] std::size_t source() const noexcept { return source_; }
  [[nodiscard]] bool first_of_source() const noexcept { return first_of_source_; }
  [[nodiscard]] const std::shared_ptr<const names>& header() const noexcept { return header_; }

  /// Rows of the block that are not data, in order.
  std::vector<files::rejected_row> rejected;

 private:
  friend class row_parser;
  struct extent {
    std::uint32_t begin;
    std::uint32_t size;
  };
  std::string bytes_;  // the block's, fields unescaped where they stand
  std::vector<extent> fields_;
  std::vector<std::uint32_t> lines_;
  std::size_t columns_ = 0;
  std::uint64_t first_line_ = 1;
  std::size_t source_ = 0;
  bool first_of_source_ = false;
  std::shared_ptr<const names> header_;
};

/// Parses a block; never waits, no state, any number of threads. Malformed rows are in the result, not thrown.
rows parse(block from, const dialect& how = {}, const expectations& want = {});

/// The same into `into`, whose memory is used again.
void parse(block from, const dialect& how, const expectations& want, rows& into);

/// The header of a source, from a reading of its own; nothing if it has no row. Blocks; throws `std::system_error` or
/// `malformed_row`. Not for standard input: its bytes would be gone (see `blocks::peek`).
std::optional<names> read_header(const files::source& from, const block_options& options = {});

/// One row with its header.
class record {
 public:
  record(std::shared_ptr<const names> header, std::vector<std::string> fields, std::uint64_t line)
      : header_(std::move(header)), fields_(std::move(fields)), line_(line) {}

  [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
  [[nodiscard]] const std::string& operator[](std::size_t column) const noexcept { return fields_[column]; }
  /// The field of the first column of that name; `std::out_of_range` if there is none.
  [[nodiscard]] const std::string& operator[](std::string_view name) const;
  [[nodiscard]] auto begin() const noexcept { return fields_.begin(); }
  [[nodiscard]] auto end() const noexcept { return fields_.end(); }
  [[nodiscard]] std::uint64_t line() const noexcept { return line_; }

 private:
  std::shared_ptr<const names> header_;
  std::vector<std::string> fields_;
  std::uint64_t line_;
};

/// Rows one by one, a producer's body. The first malformed row throws `malformed_row`, after the rows before it came
/// out.
class records {
 public:
  explicit records(files::source from, block_options options = {});
  std::optional<record> operator()();

 private:
  struct position;
  blocks blocks_;
  std::string name_;
  dialect dialect_;
  std::shared_ptr<position> position_;
};

}  // namespace penstock::csv
