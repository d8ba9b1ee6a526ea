// A batch of parsed rows on its way into the database: what the parse stage hands to the insert stage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include <penstock/connectors/csv.hpp>
#include <penstock/connectors/ndjson.hpp>
#include <penstock/connectors/sqlite.hpp>

#include "columns.hpp"
#include "row_places.hpp"

namespace load {

/// A `sqlite::row_batch`. Values of typed columns are decided on when it is made, on a CPU worker, because the one
/// thread that inserts is the bottleneck of a load; texts are seen where they were parsed.
class page {
 public:
  /// `end` is that of the block that was parsed; `places` are those of its rows, where they will be asked for.
  page(penstock::csv::rows parsed, std::shared_ptr<const layout> columns, const penstock::files::position& end,
       std::optional<row_places> places)
      : page(std::in_place, std::move(parsed), std::move(columns), end, std::move(places)) {}
  page(penstock::ndjson::rows parsed, std::shared_ptr<const layout> columns, const penstock::files::position& end,
       std::optional<row_places> places)
      : page(std::in_place, std::move(parsed), std::move(columns), end, std::move(places)) {}

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t columns() const noexcept { return columns_->as.size(); }
  [[nodiscard]] penstock::sqlite::value_view cell(std::size_t row, std::size_t column) const noexcept {
    if (columns_->as[column] == storing::typed) return typed_[row * columns_->typed + columns_->place[column]];
    if (const auto* csv = std::get_if<penstock::csv::rows>(parsed_.get())) return csv->field(row, column);
    return stored(std::get_if<penstock::ndjson::rows>(parsed_.get())->cell(row, column), storing::text);
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
  [[nodiscard]] std::span<const penstock::files::rejected_row> rejected() const noexcept {
    return std::visit(
        [](const auto& parsed) { return std::span<const penstock::files::rejected_row>(parsed.rejected); }, *parsed_);
  }
  /// Where the next page begins.
  [[nodiscard]] const penstock::files::position& end() const noexcept { return end_; }
  /// Where its rows begin, if it was made with that.
  [[nodiscard]] const std::optional<row_places>& places() const noexcept { return places_; }

  /// Forgets all rows but the first `count`.
  void keep_first(std::size_t count) noexcept { rows_ = count; }

 private:
  // Values point into the parsed rows, which therefore stay where they are when the page moves on.
  using parsed_rows = std::variant<penstock::csv::rows, penstock::ndjson::rows>;

  template <class Parsed>
  page(std::in_place_t, Parsed parsed, std::shared_ptr<const layout> columns, const penstock::files::position& end,
       std::optional<row_places> places)
      : parsed_(std::make_unique<const parsed_rows>(std::move(parsed))),
        columns_(std::move(columns)),
        end_(end),
        places_(std::move(places)) {
    const auto& rows = *std::get_if<Parsed>(parsed_.get());
    rows_ = rows.size();
    if (columns_->typed == 0) return;
    typed_.reserve(rows_ * columns_->typed);
    for (std::size_t r = 0; r < rows_; ++r)
      for (std::size_t c = 0; c < columns_->as.size(); ++c)
        if (columns_->as[c] == storing::typed) typed_.push_back(stored(raw(rows, r, c), storing::typed));
  }
  static auto raw(const penstock::csv::rows& rows, std::size_t r, std::size_t c) noexcept { return rows.field(r, c); }
  static auto raw(const penstock::ndjson::rows& rows, std::size_t r, std::size_t c) noexcept { return rows.cell(r, c); }

  std::unique_ptr<const parsed_rows> parsed_;
  std::shared_ptr<const layout> columns_;
  std::vector<penstock::sqlite::value_view> typed_;  // of the typed columns, row by row
  std::size_t rows_ = 0;
  penstock::files::position end_;
  std::optional<row_places> places_;
};

}  // namespace load
