// A batch of parsed rows on its way into the database: what the parse stage hands to the insert stage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include <penstock/connectors/csv.hpp>
#include <penstock/connectors/ndjson.hpp>
#include <penstock/connectors/sqlite.hpp>

#include "columns.hpp"

namespace load {

/// A `sqlite::row_batch`. Values of typed columns are decided on when it is made, on a CPU worker, because the one
/// thread that inserts is the bottleneck of a load; texts are seen where they were parsed.
class page {
 public:
  /// `end` is that of the block that was parsed.
  page(penstock::csv::rows parsed, std::shared_ptr<const layout> columns, const penstock::files::position& end)
      : page(std::in_place, std::move(parsed), std::move(columns), end) {}
  page(penstock::ndjson::rows parsed, std::shared_ptr<const layout> columns, const penstock::files::position& end)
      : page(std::in_place, std::move(parsed), std::move(columns), end) {}

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t columns() const noexcept { return columns_->as.size(); }
  [[nodiscard]] penstock::sqlite::value_view cell(std::size_t row, std::size_t column) const noexcept {
    row += first_;
    if (columns_->as[column] == storing::typed) return typed_[row * columns_->typed + columns_->place[column]];
    if (const auto* csv = std::get_if<penstock::csv::rows>(parsed_.get())) return csv->field(row, column);
    return stored(std::get_if<penstock::ndjson::rows>(parsed_.get())->cell(row, column), storing::text);
  }

  /// The line of the input on which the row begins, counting from 1.
  [[nodiscard]] std::uint64_t line(std::size_t row) const noexcept {
    return std::visit([&](const auto& parsed) { return parsed.line(first_ + row); }, *parsed_);
  }
  /// Which of the inputs it is from.
  [[nodiscard]] std::size_t source() const noexcept {
    return std::visit([](const auto& parsed) { return parsed.source(); }, *parsed_);
  }
  /// Rows of the batch that are not data, in order.
  [[nodiscard]] std::span<const penstock::files::rejected_row> rejected() const noexcept {
    return std::visit([this](const auto& parsed) { return std::span(parsed.rejected).subspan(first_rejected_); },
                      *parsed_);
  }
  /// Where the next page begins.
  [[nodiscard]] const penstock::files::position& end() const noexcept { return end_; }

  /// Forgets all rows but the first `count`.
  void keep_first(std::size_t count) noexcept { rows_ = count; }

  /// Forgets all rows, rejected ones too, that begin before this line. Returns how many.
  std::size_t drop_before(std::uint64_t line) noexcept {
    std::size_t dropped = 0;
    for (; rows_ > 0 && this->line(0) < line; --rows_, ++dropped) ++first_;
    for (; !rejected().empty() && rejected().front().line < line; ++dropped) ++first_rejected_;
    return dropped;
  }

 private:
  // Values point into the parsed rows, which therefore stay where they are when the page moves on.
  using parsed_rows = std::variant<penstock::csv::rows, penstock::ndjson::rows>;

  template <class Parsed>
  page(std::in_place_t, Parsed parsed, std::shared_ptr<const layout> columns, const penstock::files::position& end)
      : parsed_(std::make_unique<const parsed_rows>(std::move(parsed))), columns_(std::move(columns)), end_(end) {
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
  std::size_t first_ = 0;                            // of the parsed rows
  std::size_t rows_ = 0;                             // from first_ on
  std::size_t first_rejected_ = 0;
  penstock::files::position end_;
};

}  // namespace load
