// Texts to tables and back, for the tests.
#pragma once

#include <penstock/connectors/csv.hpp>
#include <string>
#include <vector>

namespace penstock::test {

using table = std::vector<std::vector<std::string>>;

inline table table_of(const csv::rows& rows) {
  table result;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    auto& row = result.emplace_back();
    for (std::size_t c = 0; c < rows.columns(); ++c) row.emplace_back(rows.field(r, c));
  }
  return result;
}

inline csv::rows parse_text(std::string text, const csv::expectations& want = {}, const csv::dialect& how = {}) {
  csv::block block;
  block.bytes = std::move(text);
  return csv::parse(std::move(block), how, want);
}

// Everything a source of blocks has, parsed.
struct reading {
  table good;
  std::vector<std::uint64_t> lines;
  std::vector<files::rejected_row> rejected;
  std::size_t records = 0;
  std::size_t blocks = 0;
};

inline reading read_all(csv::blocks source, const csv::dialect& how = {}, const csv::expectations& want = {}) {
  reading result;
  while (auto block = source.next()) {
    ++result.blocks;
    result.records += block->records;
    const csv::rows rows = csv::parse(std::move(*block), how, want);
    for (auto& row : table_of(rows)) result.good.push_back(std::move(row));
    for (std::size_t r = 0; r < rows.size(); ++r) result.lines.push_back(rows.line(r));
    for (const auto& row : rows.rejected) result.rejected.push_back(row);
  }
  return result;
}

}  // namespace penstock::test
