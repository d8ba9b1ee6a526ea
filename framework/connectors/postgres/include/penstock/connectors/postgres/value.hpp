// Values on their way to the server and back: seen in place (`value_view`) or owned (`value`).
//
// A view never copies. What it points to must live until the call that takes it has returned, which for parameters and
// encoders is at once: both write down what they were given.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace penstock::postgres {

using blob_value = std::vector<std::byte>;

/// An owned value; `std::monostate` is NULL. A column of a type that has no place here (numeric, dates, arrays, …) is
/// the server's text for it.
using value = std::variant<std::monostate, bool, std::int64_t, double, std::string, blob_value>;

enum class kind : std::uint8_t { null, boolean, integer, real, text, blob };

/// Integers that fit into 64 signed bits. Characters are excluded: it would be anybody's guess whether 'a' is a text or
/// 97.
template <class T>
concept storable_integer = std::integral<T> && (std::signed_integral<T> || sizeof(T) < 8) && !std::same_as<T, bool> &&
                           !std::same_as<T, char> && !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                           !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

class value_view {
 public:
  constexpr value_view() noexcept : integer_(0) {}
  constexpr value_view(std::nullptr_t) noexcept : integer_(0) {}  // NOLINT(google-explicit-constructor)
  constexpr value_view(std::monostate) noexcept : integer_(0) {}  // NOLINT(google-explicit-constructor)
  constexpr value_view(std::same_as<bool> auto b) noexcept        // NOLINT(google-explicit-constructor)
      : integer_(b ? 1 : 0), kind_(kind_type::boolean) {}
  constexpr value_view(storable_integer auto i) noexcept  // NOLINT(google-explicit-constructor)
      : integer_(static_cast<std::int64_t>(i)), kind_(kind_type::integer) {}
  constexpr value_view(std::floating_point auto r) noexcept  // NOLINT(google-explicit-constructor)
      : real_(static_cast<double>(r)), kind_(kind_type::real) {}
  template <class T>
    requires std::convertible_to<const T&, std::string_view> && (!std::same_as<T, value_view>)
  constexpr value_view(const T& text) noexcept  // NOLINT(google-explicit-constructor)
      : value_view(std::string_view(text), kind_type::text) {}
  template <class T>
    requires std::convertible_to<const T&, std::span<const std::byte>> && (!std::same_as<T, value_view>)
  value_view(const T& bytes) noexcept  // NOLINT(google-explicit-constructor)
      : value_view(as_chars(bytes), kind_type::blob) {}
  template <class T>
  constexpr value_view(const std::optional<T>& maybe) noexcept  // NOLINT(google-explicit-constructor)
      : value_view(maybe ? value_view(*maybe) : value_view()) {}
  value_view(const value& v) noexcept  // NOLINT(google-explicit-constructor)
      : value_view(std::visit([](const auto& held) { return value_view(held); }, v)) {}

  [[nodiscard]] constexpr postgres::kind kind() const noexcept { return kind_; }
  [[nodiscard]] constexpr bool is_null() const noexcept { return kind_ == kind_type::null; }
  /// Each is meaningful for its own kind only.
  [[nodiscard]] constexpr bool boolean() const noexcept { return integer_ != 0; }
  [[nodiscard]] constexpr std::int64_t integer() const noexcept { return integer_; }
  [[nodiscard]] constexpr double real() const noexcept { return real_; }
  /// The bytes of a text or blob; `data()` is never null.
  [[nodiscard]] constexpr std::string_view bytes() const noexcept { return {data_, size_}; }

 private:
  using kind_type = enum postgres::kind;

  static std::string_view as_chars(std::span<const std::byte> s) noexcept {
    return {reinterpret_cast<const char*>(s.data()), s.size()};
  }
  constexpr value_view(std::string_view s, kind_type k) noexcept
      : data_(s.data() ? s.data() : ""), size_(s.size()), kind_(k) {}

  union {
    std::int64_t integer_;
    double real_;
    const char* data_;
  };
  std::size_t size_ = 0;
  kind_type kind_ = kind_type::null;
};

}  // namespace penstock::postgres
