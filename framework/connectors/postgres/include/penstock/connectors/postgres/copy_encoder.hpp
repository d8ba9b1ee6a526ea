// Rows of values as the bytes of COPY … FROM STDIN, by the section "File Formats" of the manual's page on COPY.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <penstock/connectors/postgres/value.hpp>

namespace penstock::postgres {

/// A batch of rows that can be seen in place, such as a page of parsed CSV.
template <class B>
concept row_batch = requires(const B& batch, std::size_t i) {
  { batch.rows() } -> std::convertible_to<std::size_t>;
  { batch.columns() } -> std::convertible_to<std::size_t>;
  { batch.cell(i, i) } -> std::convertible_to<value_view>;
};

namespace detail {
template <class Tuple, std::size_t... I>
consteval bool all_storable(std::index_sequence<I...>) {
  return (std::convertible_to<const std::remove_cvref_t<std::tuple_element_t<I, Tuple>>&, value_view> && ...);
}
}  // namespace detail

/// A row whose cells are the elements of a tuple, pair or array.
template <class T>
concept tuple_row = requires { std::tuple_size<T>::value; } &&
                    detail::all_storable<T>(std::make_index_sequence<std::tuple_size<T>::value>{});

enum class copy_format : std::uint8_t {
  text,    ///< the server converts: any value fits any column whose type takes its text
  binary,  ///< less work on both sides, but types must be the column's own: text for text, varchar, json; integer for
           ///< bigint; real for double precision; boolean for boolean; blob for bytea. Nothing is converted
};

/// Collects rows. Never waits; fails with `bad_value` for a text with a NUL byte (in binary form the server refuses
/// it), with `misuse` for more than 32767 columns and for a value beyond 1 GiB. One thread at a time.
class copy_encoder {
 public:
  explicit copy_encoder(copy_format format = copy_format::text) : format_(format) {}

  /// A row is `begin_row(n)` and then n times `cell`.
  void begin_row(std::size_t columns);
  void cell(const value_view& v);

  template <tuple_row T>
  void row(const T& cells) {
    begin_row(std::tuple_size_v<T>);
    std::apply([this](const auto&... each) { (cell(value_view(each)), ...); }, cells);
  }
  void row(const std::vector<value>& cells) {
    begin_row(cells.size());
    for (const auto& each : cells) cell(each);
  }

  /// All rows of a batch, or those from `first` on, `count` at most.
  template <row_batch B>
  void append(const B& batch, std::size_t first = 0, std::size_t count = std::size_t(-1)) {
    const std::size_t rows = batch.rows();
    const std::size_t columns = batch.columns();
    for (std::size_t r = first; r < rows && r - first < count; ++r) {
      begin_row(columns);
      for (std::size_t c = 0; c < columns; ++c) cell(value_view(batch.cell(r, c)));
    }
  }
  template <tuple_row T>
  void append(const std::vector<T>& rows) {
    for (const auto& each : rows) row(each);
  }
  void append(const std::vector<std::vector<value>>& rows) {
    for (const auto& each : rows) row(each);
  }

  [[nodiscard]] copy_format format() const noexcept { return format_; }

  /// What was encoded since the last `clear`.
  [[nodiscard]] std::string_view bytes() const noexcept { return buffer_; }

  /// Forgets what was encoded and keeps the memory; the stream goes on (the binary header is written once).
  void clear() noexcept { buffer_.clear(); }

 private:
  void escaped(std::string_view text);
  void binary(const value_view& v);

  copy_format format_;
  bool started_ = false;
  std::size_t left_ = 0;  ///< cells that the row still lacks
  bool first_cell_ = true;
  std::string buffer_;
};

}  // namespace penstock::postgres
