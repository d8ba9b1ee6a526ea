#include <array>
#include <bit>
#include <cstring>
#include <penstock/connectors/postgres/copy_encoder.hpp>
#include <penstock/connectors/postgres/error.hpp>

#include "written.hpp"

namespace penstock::postgres {
namespace {

// The signature, flags and the length of an extension that is not there.
constexpr std::string_view binary_header("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);

template <class Number>
void big_endian(std::string& to, Number n) {
  char bytes[sizeof n];
  for (std::size_t i = 0; i < sizeof n; ++i) bytes[i] = static_cast<char>(n >> (8 * (sizeof n - 1 - i)));
  to.append(bytes, sizeof n);
}

// What follows the backslash; 0: the byte stands for itself.
constexpr auto escape_of = [] {
  std::array<char, 256> codes{};
  codes['\\'] = '\\';
  codes['\n'] = 'n';
  codes['\r'] = 'r';
  codes['\t'] = 't';
  codes[0] = '0';  // refused
  return codes;
}();

}  // namespace

void copy_encoder::begin_row(std::size_t columns) {
  if (columns > 32767) throw error(errc::misuse, "encoding a row of " + std::to_string(columns) + " columns");
  if (left_ != 0) throw error(errc::misuse, "encoding a row: the row before lacks cells");
  left_ = columns;
  first_cell_ = true;
  if (format_ == copy_format::text) {
    if (columns == 0) buffer_ += '\n';
    return;
  }
  if (!started_) buffer_ += binary_header;
  started_ = true;
  big_endian(buffer_, static_cast<std::uint16_t>(columns));
}

void copy_encoder::cell(const value_view& v) {
  if (left_ == 0) throw error(errc::misuse, "encoding a cell beyond the end of its row");
  if ((v.kind() == kind::text || v.kind() == kind::blob) && v.bytes().size() >= detail::largest_value)
    throw error(errc::misuse, "encoding a value beyond 1 GiB");
  --left_;
  if (format_ == copy_format::binary) {
    binary(v);
    return;
  }
  if (!first_cell_) buffer_ += '\t';
  first_cell_ = false;
  switch (v.kind()) {
    case kind::null: buffer_ += "\\N"; break;
    case kind::text: escaped(v.bytes()); break;
    case kind::blob: {
      constexpr std::string_view digits = "0123456789abcdef";
      buffer_ += "\\\\x";
      for (const char c : v.bytes()) {
        const auto byte = static_cast<unsigned char>(c);
        buffer_ += digits[byte >> 4U];
        buffer_ += digits[byte & 15U];
      }
      break;
    }
    default: detail::write_number(buffer_, v); break;
  }
  if (left_ == 0) buffer_ += '\n';
}

void copy_encoder::escaped(std::string_view text) {
  const char* plain = text.data();
  const char* const end = plain + text.size();
  for (const char* at = plain; at != end; ++at) {
    const char code = escape_of[static_cast<unsigned char>(*at)];
    if (code == 0) continue;
    if (*at == '\0') throw error(errc::bad_value, "encoding a text that holds a NUL byte");
    buffer_.append(plain, at);
    buffer_ += '\\';
    buffer_ += code;
    plain = at + 1;
  }
  buffer_.append(plain, end);
}

void copy_encoder::binary(const value_view& v) {
  switch (v.kind()) {
    case kind::null: big_endian(buffer_, ~std::uint32_t{0}); break;
    case kind::boolean:
      big_endian(buffer_, std::uint32_t{1});
      buffer_ += v.boolean() ? '\1' : '\0';
      break;
    case kind::integer:
      big_endian(buffer_, std::uint32_t{8});
      big_endian(buffer_, static_cast<std::uint64_t>(v.integer()));
      break;
    case kind::real:
      big_endian(buffer_, std::uint32_t{8});
      big_endian(buffer_, std::bit_cast<std::uint64_t>(v.real()));
      break;
    case kind::text:
    case kind::blob:
      big_endian(buffer_, static_cast<std::uint32_t>(v.bytes().size()));
      buffer_ += v.bytes();
      break;
  }
}

}  // namespace penstock::postgres
