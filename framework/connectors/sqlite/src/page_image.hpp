// A batch as an SQLite file in memory: one table, whose pages are written directly.
//
// Why: SQLite copies records from one table to another of the same shape without decoding them (its "transfer
// optimisation"). A batch that is already such a table therefore enters a database at about the speed of writing pages.
// The format is the published and frozen one of https://www.sqlite.org/fileformat2.html; section numbers refer to it.
//
// Layout: page 1 is a header and schema that SQLite itself has written; page 2 is the root of the table; the leaves
// follow. Pages have the largest size there is, so that a row up to 65,501 bytes lies in one piece (section 1.6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <penstock/connectors/sqlite/inserter.hpp>
#include <penstock/connectors/sqlite/table.hpp>

namespace penstock::sqlite::detail {

class page_image {
 public:
  static constexpr std::size_t page_bytes = 65536;

  /// An empty image whose table `rows` has these columns. `usable()` says whether the format can hold them.
  explicit page_image(const std::vector<column>& columns);

  [[nodiscard]] bool usable() const noexcept { return !bytes_.empty(); }

  /// Replaces the content by `rows`. False if a row cannot be held as it would have to be stored: too long, or of a
  /// kind that its column would convert or refuse; the image is empty then.
  /// Only while no transaction reads the image.
  bool encode(const row_source& rows);

  /// The file. Valid until the next `encode`.
  [[nodiscard]] std::span<const unsigned char> file() const noexcept { return {bytes_.data(), pages_ * page_bytes}; }

 private:
  struct leaf {
    unsigned char* page;
    std::size_t content = page_bytes;  // where the cells begin; they grow downwards
    std::size_t cells = 0;
    [[nodiscard]] bool has_room(std::size_t bytes) const { return leaf_header + 2 * (cells + 1) + bytes <= content; }
  };
  static constexpr std::size_t leaf_header = 8;

  bool fill(const row_source& rows);
  void clear();
  bool measure(std::span<const value_view> row);
  void append(leaf& to, std::span<const value_view> row, std::uint64_t rowid);
  unsigned char* add_page();
  static void finish(const leaf& l);
  void write_root();
  void write_header();

  std::vector<std::uint8_t> kinds_kept_;  // per column: a bit for each kind that is stored as given
  std::vector<unsigned char> bytes_;      // whole pages; grows, never shrinks
  std::size_t pages_ = 0;
  std::uint32_t changes_ = 1;               // SQLite forgets what it has cached when this differs
  std::vector<std::uint64_t> last_rowids_;  // per finished leaf
  // Of the row that was measured last:
  std::vector<std::uint64_t> types_;
  std::size_t header_bytes_ = 0;
  std::size_t payload_bytes_ = 0;
  std::vector<value_view> row_;
};

}  // namespace penstock::sqlite::detail
