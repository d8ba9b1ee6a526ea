// One JSON object per line, streaming: one thread cuts files into blocks of whole lines, any number of others parse the
// blocks into cells in the order of a schema's keys.
//
//   ndjson::blocks (producer, may wait) -> ndjson::parse (transform, never waits) -> ndjson::rows
//
// A key that a line lacks is null. Lines of spaces are no rows and are counted nowhere; a byte order mark at the
// beginning of a file is stepped over. Rejected, with line and reason, while reading goes on at the next line: what is
// not valid JSON (RFC 8259) or not valid UTF-8, what is not an object, a key twice in one object, a key that the schema
// does not have, and a line larger than the limit, which is never held in memory. No number is damaged: each keeps its
// text.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <penstock/base/stop.hpp>
#include <penstock/connectors/files.hpp>

namespace penstock::ndjson {

struct block_options {
  std::size_t rows = 4096;                     ///< a block has at most so many; fewer: sooner in the next stage
  std::size_t bytes = std::size_t{256} << 10;  ///< or ends with the line that reaches this; more: fewer hand-offs
  std::size_t max_row_bytes = std::size_t{16} << 20;  ///< line end included; a larger line is rejected; at most 1 GiB
  std::shared_ptr<files::progress> progress{};        ///< null: not shown
  files::position begin{};                            ///< where to begin: the `end` of a block of the same sources
  files::proof proof = files::proof::none;            ///< that they are the same; changed ones throw `changed_source`
};

/// A run of whole lines of one source. Every source, an empty file too, has a block with `first_of_source`.
using block = files::block;

/// Blocks from a list of sources, one source after the other: a producer's body, see files.hpp for copies and failures.
/// Options that cannot work throw `declaration_error` when declared. A block waits until it is full, also on a slow
/// pipe; only the end or a stop gives it early.
class blocks {
 public:
  explicit blocks(std::vector<files::source> sources, block_options options = {});

  /// As a body: may wait for standard input. A stop request of the run ends the wait; the whole lines that came so far
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

/// Which keys there are, in the order of the columns.
class schema {
 public:
  /// Throws `declaration_error` if a key is there twice.
  explicit schema(std::vector<std::string> keys);

  [[nodiscard]] const std::vector<std::string>& keys() const noexcept { return keys_; }
  [[nodiscard]] std::optional<std::size_t> column(std::string_view key) const;

 private:
  std::vector<std::string> keys_;
  std::unordered_map<std::string, std::size_t> columns_;
};

/// The keys of the block's objects, in the order in which they first appear; lines that are no objects add none.
std::vector<std::string> discover_keys(const block& from);

enum class kind : std::uint8_t {
  null,              ///< null, or the key is missing
  boolean,           ///< `boolean()`
  integer,           ///< `integer()`
  unsigned_integer,  ///< too large for `integer()`: `unsigned_integer()`
  big_integer,       ///< too large for 64 bits: `text()`; `real()` is near it
  real,              ///< has a fraction or an exponent (or is -0): `real()`; `text()` is exact
  string,            ///< `text()`, unescaped
  nested,            ///< an object or an array: `text()` is its JSON as it stood
};

/// One value. A view: it lives as long as the rows it is from.
class cell {
 public:
  cell(ndjson::kind kind, std::string_view text, std::uint64_t bits) noexcept : text_(text), bits_(bits), kind_(kind) {}

  [[nodiscard]] ndjson::kind kind() const noexcept { return kind_; }
  /// A string's content; of everything else but null, the JSON as it stood.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] bool boolean() const noexcept { return bits_ != 0; }
  [[nodiscard]] std::int64_t integer() const noexcept { return std::bit_cast<std::int64_t>(bits_); }
  [[nodiscard]] std::uint64_t unsigned_integer() const noexcept { return bits_; }
  /// The nearest double; infinite or 0 where the number is outside of its range.
  [[nodiscard]] double real() const noexcept { return std::bit_cast<double>(bits_); }

 private:
  std::string_view text_;
  std::uint64_t bits_;
  ndjson::kind kind_;
};

/// Parsed rows in two buffers. Views into it live until it is moved, assigned, parsed into or destroyed.
class rows {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return lines_.size(); }
  [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }
  [[nodiscard]] std::size_t columns() const noexcept { return columns_; }

  /// Row and column count from 0 and must exist.
  [[nodiscard]] ndjson::cell cell(std::size_t row, std::size_t column) const noexcept {
    const stored& s = cells_[row * columns_ + column];
    return {s.kind, {(s.unescaped ? unescaped_ : bytes_).data() + s.begin, s.size}, s.bits};
  }
  /// The line of the source, counting from 1.
  [[nodiscard]] std::uint64_t line(std::size_t row) const noexcept { return first_line_ + lines_[row]; }

  [[nodiscard]] std::size_t source() const noexcept { return source_; }

  /// Lines of the block that are not data, in order.
  std::vector<files::rejected_row> rejected;

 private:
  friend class line_parser;
  struct stored {
    std::uint64_t bits = 0;
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
    ndjson::kind kind = ndjson::kind::null;
    bool unescaped = false;  // in unescaped_, else in bytes_
  };
  std::string bytes_;      // the block's
  std::string unescaped_;  // strings that had escapes
  std::vector<stored> cells_;
  std::vector<std::uint32_t> lines_;
  std::size_t columns_ = 0;
  std::uint64_t first_line_ = 1;
  std::size_t source_ = 0;
};

/// Parses a block; never waits, any number of threads. Lines that are not data are in the result, not thrown. A
/// call works in memory of about six times its longest line; each thread keeps up to 6 MiB of it for its next call.
rows parse(block from, const schema& want);

/// The same into `into`, whose memory is used again.
void parse(block from, const schema& want, rows& into);

}  // namespace penstock::ndjson
