// The five kinds of value that SQLite stores: seen in place (`value_view`) or owned (`value`).
//
// A view never copies, so that a batch of text goes from the parser's buffer into the database page without a stop.
// What it points to must live until the call that takes it has returned.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace penstock::sqlite {

using blob_value = std::vector<std::byte>;

/// An owned value; `std::monostate` is NULL.
using value = std::variant<std::monostate, std::int64_t, double, std::string, blob_value>;

enum class kind : std::uint8_t { null, integer, real, text, blob };

/// Integers that fit into SQLite's 64 signed bits. Characters are excluded: it would be anybody's guess whether 'a' is
/// a text or 97. So is std::uint64_t, half of which does not fit.
template <class T>
concept storable_integer =
    std::integral<T> && (std::signed_integral<T> || sizeof(T) < 8 || std::same_as<T, bool>) && !std::same_as<T, char> &&
    !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

/// A value seen in place. 16 bytes, trivially copyable; converts from what it can see without copying.
///
/// Text is UTF-8 by convention; any bytes are stored as they are, NUL and invalid sequences included. An empty text is
/// not NULL, also when its pointer is null. SQLite has no NaN and stores NULL for it.
class value_view {
 public:
  constexpr value_view() noexcept : integer_(0) {}
  constexpr value_view(std::nullptr_t) noexcept : integer_(0) {}  // NOLINT(google-explicit-constructor)
  constexpr value_view(std::monostate) noexcept : integer_(0) {}  // NOLINT(google-explicit-constructor)
  constexpr value_view(storable_integer auto i) noexcept          // NOLINT(google-explicit-constructor)
      : integer_(static_cast<std::int64_t>(i)), kind_(kind::integer) {}
  constexpr value_view(std::floating_point auto r) noexcept  // NOLINT(google-explicit-constructor)
      : real_(static_cast<double>(r)), kind_(kind::real) {}
  template <class T>
    requires std::convertible_to<const T&, std::string_view> && (!std::same_as<T, value_view>)
  constexpr value_view(const T& text) noexcept  // NOLINT(google-explicit-constructor)
      : value_view(std::string_view(text), kind::text) {}
  template <class T>
    requires std::convertible_to<const T&, std::span<const std::byte>> && (!std::same_as<T, value_view>)
  value_view(const T& bytes) noexcept  // NOLINT(google-explicit-constructor)
      : value_view(as_chars(bytes), kind::blob) {}
  template <class T>
  constexpr value_view(const std::optional<T>& maybe) noexcept  // NOLINT(google-explicit-constructor)
      : value_view(maybe ? value_view(*maybe) : value_view()) {}
  value_view(const value& v) noexcept  // NOLINT(google-explicit-constructor)
      : value_view(std::visit([](const auto& alternative) { return value_view(alternative); }, v)) {}

  [[nodiscard]] constexpr sqlite::kind kind() const noexcept { return kind_; }
  [[nodiscard]] constexpr bool is_null() const noexcept { return kind_ == kind::null; }
  /// Each is meaningful for its own kind only.
  [[nodiscard]] constexpr std::int64_t integer() const noexcept { return integer_; }
  [[nodiscard]] constexpr double real() const noexcept { return real_; }
  /// The bytes of a text or blob; `data()` is never null.
  [[nodiscard]] constexpr std::string_view bytes() const noexcept { return {data_, size_}; }

 private:
  using kind_type = enum sqlite::kind;

  static std::string_view as_chars(std::span<const std::byte> s) noexcept {
    return {reinterpret_cast<const char*>(s.data()), s.size()};
  }

  // A size beyond 32 bits is cut to 2^32-1, which SQLite refuses by its own limit before it looks at the bytes.
  constexpr value_view(std::string_view s, kind_type k) noexcept
      : data_(s.data() ? s.data() : ""),
        size_(static_cast<std::uint32_t>(std::min<std::size_t>(s.size(), std::numeric_limits<std::uint32_t>::max()))),
        kind_(k) {}

  union {
    std::int64_t integer_;
    double real_;
    const char* data_;
  };
  std::uint32_t size_ = 0;
  kind_type kind_ = sqlite::kind::null;
};

static_assert(std::is_trivially_copyable_v<value_view> && sizeof(value_view) == 16);

}  // namespace penstock::sqlite
