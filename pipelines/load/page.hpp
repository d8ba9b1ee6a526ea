// A batch of parsed rows on its way into the database: what the parse stage hands to the insert stage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include <penstock/connectors/csv.hpp>
#include <penstock/connectors/ndjson.hpp>
#include <penstock/connectors/sqlite.hpp>

#include "columns.hpp"

namespace load {

/// A `sqlite::row_batch`. The values are decided on here, on a CPU worker, because the one thread that inserts is the
/// bottleneck of a load.
class page {
 public:
  page(penstock::csv::rows parsed, const layout& columns) : page(std::in_place, std::move(parsed), columns) {}
  page(penstock::ndjson::rows parsed, const layout& columns) : page(std::in_place, std::move(parsed), columns) {}

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t columns() const noexcept { return columns_; }
  [[nodiscard]] penstock::sqlite::value_view cell(std::size_t row, std::size_t column) const noexcept {
    return cells_[row * columns_ + column];
  }

  /// The line of the input on which the row begins, counting from 1.
  [[nodiscard]] std::uint64_t line(std::size_t row) const noexcept {
    return std::visit([&](const auto& parsed) { return parsed.line(row); }, *parsed_);
  }
  /// Which of the inputs it is from.
  [[nodiscard]] std::size_t source() const noexcept {
    return std::visit([](const auto& parsed) { return parsed.source(); }, *parsed_);
  }
  /// Rows of the batch that are not data, in order.
  [[nodiscard]] const std::vector<penstock::files::rejected_row>& rejected() const noexcept {
    return std::visit([](const auto& parsed) -> const auto& { return parsed.rejected; }, *parsed_);
  }

  /// Forgets all rows but the first `count`.
  void keep_first(std::size_t count) noexcept { rows_ = count; }

 private:
  // The cells point into the parsed rows, which therefore stay where they are when the page moves on.
  using parsed_rows = std::variant<penstock::csv::rows, penstock::ndjson::rows>;

  template <class Parsed>
  page(std::in_place_t, Parsed parsed, const layout& columns)
      : parsed_(std::make_unique<const parsed_rows>(std::move(parsed))), columns_(columns.as.size()) {
    const auto& rows = std::get<Parsed>(*parsed_);
    rows_ = rows.size();
    cells_.reserve(rows_ * columns_);
    for (std::size_t r = 0; r < rows_; ++r)
      for (std::size_t c = 0; c < columns_; ++c) cells_.push_back(stored(raw(rows, r, c), columns.as[c]));
  }
  static auto raw(const penstock::csv::rows& rows, std::size_t r, std::size_t c) noexcept { return rows.field(r, c); }
  static auto raw(const penstock::ndjson::rows& rows, std::size_t r, std::size_t c) noexcept { return rows.cell(r, c); }

  std::unique_ptr<const parsed_rows> parsed_;
  std::vector<penstock::sqlite::value_view> cells_;
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
};

}  // namespace load
