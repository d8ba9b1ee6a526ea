#include "page_image.hpp"

#include <sqlite3.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include <penstock/connectors/sqlite/canonical.hpp>

namespace penstock::sqlite::detail {
namespace {

constexpr std::size_t longest_record = page_image::page_bytes - 35;  // section 1.6: what a table leaf holds in place
constexpr std::size_t most_leaves = 1024;                            // 64 MiB; also keeps the root on one page

std::size_t varint_bytes(std::uint64_t v) noexcept {
  std::size_t n = 1;
  while (v > 0x7f) {
    v >>= 7;
    ++n;
  }
  return n;
}

// Section 1.6: seven bits per byte, most significant first, the high bit on all but the last. Nothing here needs the
// ninth byte, which is special.
unsigned char* put_varint(unsigned char* out, std::uint64_t v) noexcept {
  if (v <= 0x7f) {
    *out = static_cast<unsigned char>(v);
    return out + 1;
  }
  const std::size_t n = varint_bytes(v);
  for (std::size_t i = n; i-- > 0; v >>= 7) out[i] = static_cast<unsigned char>((v & 0x7f) | (i + 1 < n ? 0x80 : 0));
  return out + n;
}

unsigned char* put_big_endian(unsigned char* out, std::uint64_t v, std::size_t bytes) noexcept {
  for (std::size_t i = bytes; i-- > 0; v >>= 8) out[i] = static_cast<unsigned char>(v);
  return out + bytes;
}

// Section 2.1, the serial types of numbers: their bytes, by type.
constexpr std::size_t number_bytes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
constexpr std::uint64_t null_type = 0, real_type = 7, zero_type = 8, one_type = 9, blob_type = 12, text_type = 13;

std::uint64_t integer_type(std::int64_t i) noexcept {
  if (i == 0) return zero_type;
  if (i == 1) return one_type;
  const auto fits = [i](int bits) {
    return i >= -(std::int64_t{1} << (bits - 1)) && i < (std::int64_t{1} << (bits - 1));
  };
  return fits(8) ? 1 : fits(16) ? 2 : fits(24) ? 3 : fits(32) ? 4 : fits(48) ? 5 : 6;
}

std::uint64_t serial_type(const value_view& v) noexcept {
  switch (v.kind()) {
    case kind::null: break;
    case kind::integer: return integer_type(v.integer());
    case kind::real: return std::isnan(v.real()) ? null_type : real_type;
    case kind::text: return text_type + 2 * std::uint64_t{v.bytes().size()};
    case kind::blob: return blob_type + 2 * std::uint64_t{v.bytes().size()};
  }
  return null_type;
}

std::uint8_t bit(kind k) noexcept { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(k)); }

std::uint8_t kinds_kept(const column& c) {
  const affinity a = affinity_of(c.type);
  const value_view samples[] = {value_view(std::int64_t{2}), value_view(0.5), value_view(""),
                                value_view(std::span<const std::byte>())};
  std::uint8_t kinds = c.not_null ? 0 : bit(kind::null);
  for (const auto& sample : samples)
    if (keeps(a, sample)) kinds = static_cast<std::uint8_t>(kinds | bit(sample.kind()));
  return kinds;
}

// The first page of a database with such a table, as SQLite writes it; empty if it does not fit there.
std::vector<unsigned char> first_page(const std::vector<column>& columns) {
  std::string sql = "PRAGMA page_size = 65536; PRAGMA auto_vacuum = 0; PRAGMA encoding = 'UTF-8'; CREATE TABLE rows (";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) sql += ", ";
    sql.append("c").append(std::to_string(i)).append(" ").append(columns[i].type);
    if (columns[i].not_null) sql += " NOT NULL";
  }
  sqlite3* scratch = nullptr;
  const int opened = sqlite3_open(":memory:", &scratch);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> closes(scratch, &sqlite3_close);
  if (opened != SQLITE_OK || sqlite3_exec(scratch, (sql + ")").c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return {};
  sqlite3_int64 size = 0;
  const std::unique_ptr<unsigned char, decltype(&sqlite3_free)> file(sqlite3_serialize(scratch, "main", &size, 0),
                                                                     &sqlite3_free);
  if (!file || size != 2 * sqlite3_int64{page_image::page_bytes}) return {};
  return {file.get(), file.get() + page_image::page_bytes};
}

}  // namespace

page_image::page_image(const std::vector<column>& columns)
    : bytes_(first_page(columns)), types_(columns.size()), row_(columns.size()) {
  for (const auto& c : columns) kinds_kept_.push_back(kinds_kept(c));
  if (usable()) clear();
}

bool page_image::encode(const row_source& rows) {
  if (fill(rows)) return true;
  clear();
  return false;
}

void page_image::clear() { fill({nullptr, 0, row_.size(), nullptr}); }

bool page_image::fill(const row_source& rows) {
  pages_ = 2;
  last_rowids_.clear();
  if (bytes_.size() < 3 * page_bytes) bytes_.resize(8 * page_bytes);
  leaf current{add_page()};
  for (std::size_t r = 0; r < rows.rows; ++r) {
    rows.read(rows.batch, r, row_.data());
    if (!measure(row_)) return false;
    if (!current.has_room(varint_bytes(payload_bytes_) + varint_bytes(r + 1) + payload_bytes_)) {
      finish(current);
      last_rowids_.push_back(r);
      if (last_rowids_.size() == most_leaves) return false;
      current = leaf{add_page()};
    }
    append(current, row_, r + 1);
  }
  finish(current);
  last_rowids_.push_back(rows.rows);
  write_root();
  write_header();
  return true;
}

bool page_image::measure(std::span<const value_view> row) {
  std::size_t types_bytes = 0;
  std::size_t body_bytes = 0;
  for (std::size_t c = 0; c < row.size(); ++c) {
    const std::uint64_t type = serial_type(row[c]);
    const kind stored = type == null_type ? kind::null : row[c].kind();
    if ((kinds_kept_[c] & bit(stored)) == 0) return false;
    types_[c] = type;
    types_bytes += type <= 0x7f ? 1 : varint_bytes(type);
    body_bytes += type < blob_type ? number_bytes[type] : static_cast<std::size_t>((type - blob_type) / 2);
    if (body_bytes > longest_record) return false;
  }
  // The header's size includes the bytes of that size itself.
  header_bytes_ = types_bytes + 1;
  if (header_bytes_ > 0x7f) header_bytes_ = types_bytes + varint_bytes(types_bytes + 2);
  payload_bytes_ = header_bytes_ + body_bytes;
  return payload_bytes_ <= longest_record;
}

void page_image::append(leaf& to, std::span<const value_view> row, std::uint64_t rowid) {
  to.content -= varint_bytes(payload_bytes_) + varint_bytes(rowid) + payload_bytes_;
  put_big_endian(to.page + leaf_header + 2 * to.cells++, to.content, 2);
  unsigned char* head = put_varint(put_varint(to.page + to.content, payload_bytes_), rowid);
  unsigned char* body = head + header_bytes_;
  head = put_varint(head, header_bytes_);
  for (std::size_t c = 0; c < row.size(); ++c) {
    const std::uint64_t type = types_[c];
    head = put_varint(head, type);
    if (type >= blob_type) {
      const auto bytes = row[c].bytes();
      std::memcpy(body, bytes.data(), bytes.size());
      body += bytes.size();
    } else if (type == real_type) {
      body = put_big_endian(body, std::bit_cast<std::uint64_t>(row[c].real()), 8);
    } else {
      body = put_big_endian(body, static_cast<std::uint64_t>(row[c].integer()), number_bytes[type]);
    }
  }
}

// May move all pages, so that a leaf is finished before the next is added.
unsigned char* page_image::add_page() {
  if (bytes_.size() < (pages_ + 1) * page_bytes) bytes_.resize(2 * bytes_.size());
  return bytes_.data() + pages_++ * page_bytes;
}

void page_image::finish(const leaf& l) {
  put_big_endian(l.page, 0x0d, 1);
  put_big_endian(l.page + 1, 0, 2);  // no free blocks
  put_big_endian(l.page + 3, l.cells, 2);
  put_big_endian(l.page + 5, l.content & 0xffff, 2);  // 0 stands for 65536
  put_big_endian(l.page + 7, 0, 1);                   // no fragments
}

// One leaf is the root itself; more hang below an interior page, which may not be empty.
void page_image::write_root() {
  unsigned char* root = bytes_.data() + page_bytes;
  if (last_rowids_.size() == 1) {
    std::memcpy(root, root + page_bytes, page_bytes);
    --pages_;
    return;
  }
  constexpr std::size_t interior_header = 12;
  constexpr std::size_t first_leaf = 3;
  const std::size_t cells = last_rowids_.size() - 1;
  std::size_t content = page_bytes;
  for (std::size_t i = 0; i < cells; ++i) {
    content -= 4 + varint_bytes(last_rowids_[i]);
    put_varint(put_big_endian(root + content, first_leaf + i, 4), last_rowids_[i]);
    put_big_endian(root + interior_header + 2 * i, content, 2);
  }
  put_big_endian(root, 0x05, 1);
  put_big_endian(root + 1, 0, 2);
  put_big_endian(root + 3, cells, 2);
  put_big_endian(root + 5, content, 2);
  put_big_endian(root + 7, 0, 1);
  put_big_endian(root + 8, first_leaf + cells, 4);
}

// Section 1.3: the change counter, the size in pages, and the counter for which that size is valid.
void page_image::write_header() {
  ++changes_;
  put_big_endian(bytes_.data() + 24, changes_, 4);
  put_big_endian(bytes_.data() + 28, pages_, 4);
  put_big_endian(bytes_.data() + 92, changes_, 4);
}

}  // namespace penstock::sqlite::detail
