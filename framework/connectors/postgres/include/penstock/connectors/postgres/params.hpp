// The values of a statement's $1, $2, …: always bound, never part of the text.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <penstock/connectors/postgres/value.hpp>

namespace penstock::postgres {

/// Values written down as the server takes them; nothing that was given needs to live on. A number or a boolean goes as
/// text without a type, so it fits whatever type the statement means; a blob is a bytea. `add` and the constructor fail
/// with `bad_value` for a text with a NUL byte, which PostgreSQL cannot store.
class params {
 public:
  params() = default;
  template <class... P>
    requires(sizeof...(P) > 0 && (std::convertible_to<const P&, value_view> && ...))
  explicit params(const P&... values) {
    (add(value_view(values)), ...);
  }

  void add(const value_view& v);

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  friend struct params_access;
  struct entry {
    std::size_t at;
    int size;  ///< −1: null
    bool binary;
  };
  std::string bytes_;  ///< each value with a NUL byte after it, as libpq wants text
  std::vector<entry> entries_;
};

/// The text of one statement with $1, $2, …, and perhaps a name. Under a name it is prepared once per connection, the
/// first time it is used there, and planned for good; the same name with another text is refused with `misuse`.
struct statement {
  statement(std::string text) : sql(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  statement(const char* text) : sql(text) {}             // NOLINT(google-explicit-constructor)
  statement(std::string prepared_as, std::string text) : sql(std::move(text)), name(std::move(prepared_as)) {}

  std::string sql;
  std::string name = {};
};

}  // namespace penstock::postgres
