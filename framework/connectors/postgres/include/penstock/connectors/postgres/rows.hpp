// What a query returned.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <penstock/connectors/postgres/value.hpp>

// NOLINTNEXTLINE(readability-identifier-naming): libpq's name
struct pg_result;

namespace penstock::postgres {

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

bool decode_bool(std::string_view text, std::string_view column);
double decode_real(std::string_view text, std::string_view column);
blob_value decode_blob(std::string_view text, std::string_view column);
[[noreturn]] void does_not_fit(std::string_view text, std::string_view column, const char* wanted);

}  // namespace detail

/// One row, seen in the result it came in: not to be kept longer than that.
///
/// `get<T>` fails with `misuse` for a column that is not there, and with `bad_value` for a value that is no T, does not
/// fit into it, or is NULL where T is not a `std::optional`. T is bool, an integer, float, double, std::string,
/// std::string_view (into the result), blob_value, value, or an optional of these.
class row_view {
 public:
  template <class T>
  [[nodiscard]] T get(std::size_t column) const {
    if constexpr (detail::is_optional<T>) {
      if (is_null(column)) return std::nullopt;
      return get<typename T::value_type>(column);
    } else if constexpr (std::is_same_v<T, value>) {
      return owned(column);
    } else {
      return decode<T>(text(column), name(column));
    }
  }
  template <class T>
  [[nodiscard]] T get(std::string_view column) const {
    return get<T>(index_of(column));
  }

  [[nodiscard]] bool is_null(std::size_t column) const;
  [[nodiscard]] bool is_null(std::string_view column) const { return is_null(index_of(column)); }
  [[nodiscard]] std::size_t columns() const noexcept;
  [[nodiscard]] std::string_view name(std::size_t column) const;

  /// Values by column name; of columns with the same name the last.
  [[nodiscard]] std::map<std::string, value> as_map() const;

 private:
  friend class rows;
  row_view(const pg_result* result, std::size_t row) noexcept : result_(result), row_(row) {}

  template <class T>
  static T decode(std::string_view text, std::string_view column) {
    if constexpr (std::is_same_v<T, bool>) {
      return detail::decode_bool(text, column);
    } else if constexpr (std::integral<T>) {
      static_assert(!std::is_same_v<T, char>, "penstock: get<char> could mean a text or a number; say which");
      T number{};
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc() || end != text.data() + text.size()) detail::does_not_fit(text, column, "integer");
      return number;
    } else if constexpr (std::floating_point<T>) {
      return static_cast<T>(detail::decode_real(text, column));
    } else if constexpr (std::is_same_v<T, blob_value>) {
      return detail::decode_blob(text, column);
    } else {
      static_assert(
          std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>,
          "penstock: a row can give bool, integers, floating point, std::string, std::string_view, blob_value, "
          "value, and std::optional of these");
      return T(text);
    }
  }

  /// Not NULL.
  [[nodiscard]] std::string_view text(std::size_t column) const;
  [[nodiscard]] value owned(std::size_t column) const;
  [[nodiscard]] std::size_t index_of(std::string_view column) const;
  void check(std::size_t column) const;

  const pg_result* result_;
  std::size_t row_;
};

/// All rows of a result, in memory. Copies share it. Any thread may read.
class rows {
 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::input_iterator_tag;
    using value_type = row_view;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = row_view;

    iterator() = default;
    row_view operator*() const noexcept { return {result_, row_}; }
    iterator& operator++() noexcept {
      ++row_;
      return *this;
    }
    iterator operator++(int) noexcept {
      auto before = *this;
      ++row_;
      return before;
    }
    friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.row_ == b.row_; }

   private:
    friend class rows;
    iterator(const pg_result* result, std::size_t row) noexcept : result_(result), row_(row) {}
    const pg_result* result_ = nullptr;
    std::size_t row_ = 0;
  };

  rows() = default;
  explicit rows(std::shared_ptr<const pg_result> result) noexcept : result_(std::move(result)) {}

  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] std::size_t columns() const noexcept;
  /// Fails with `misuse` beyond the end.
  [[nodiscard]] row_view at(std::size_t row) const;
  [[nodiscard]] row_view operator[](std::size_t row) const { return at(row); }
  [[nodiscard]] iterator begin() const noexcept { return {result_.get(), 0}; }
  [[nodiscard]] iterator end() const noexcept { return {result_.get(), size()}; }

 private:
  std::shared_ptr<const pg_result> result_;
};

}  // namespace penstock::postgres
