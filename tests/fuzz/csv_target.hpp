// What the bytes of a fuzzer mean to the CSV parser: three of options, then the text. The connector parses it in one
// piece, and cut into blocks; both must say what the reference says.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "connectors/csv/csv_text.hpp"
#include "connectors/files/temp_folder.hpp"
#include "fuzz/csv_reference.hpp"

namespace penstock_tests {

namespace csv = penstock::csv;

/// Appends good and rejected rows by line.
inline void append(std::vector<csv_reference::row>& all, const csv::rows& rows) {
  const auto first = static_cast<std::ptrdiff_t>(all.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    auto& row = all.emplace_back(csv_reference::row{.line = rows.line(r), .good = true});
    for (std::size_t c = 0; c < rows.columns(); ++c) row.fields.emplace_back(rows.field(r, c));
  }
  for (const auto& r : rows.rejected) all.push_back({.line = r.line, .good = false, .text = r.text});
  std::sort(all.begin() + first, all.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
}

/// What is not as it should be; empty if nothing.
inline std::string wrong_with_csv(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 3) return {};
  constexpr std::pair<char, char> dialects[] = {{',', '"'}, {';', '\''}, {'\t', '"'}, {',', '\''}};
  const auto [delimiter, quote] = dialects[bytes[0] & 3U];
  const csv::dialect how{.delimiter = delimiter, .quote = quote};
  const csv::expectations want{.columns = bytes[0] >> 2 & 3U,
                               .encoding = (bytes[0] & 16U) != 0 ? csv::encoding::bytes : csv::encoding::utf8};
  const std::size_t piece = 1 + (bytes[1] & 31U);
  const csv::block_options cut{.dialect = how,
                               .header = csv::header::none,
                               .rows = 1 + (bytes[2] & 7U),
                               .bytes = std::size_t{1} + (bytes[2] >> 3U)};
  std::string text(bytes.begin() + 3, bytes.end());
  // Beyond that the text of a rejected row is cut off.
  text.resize(std::min(text.size(), penstock::files::rejected_text_bytes));
  const auto reference = [&](std::string_view of) {
    csv_reference r{.delimiter = delimiter, .quote = quote, .columns = want.columns};
    r.any_bytes = want.encoding == csv::encoding::bytes;
    return r.read(of);
  };

  std::vector<csv_reference::row> whole;
  append(whole, penstock::test::parse_text(text, want, how));
  if (whole != reference(text)) return "parsed as one block it is not what the reference reads";

  if (want.columns == 0) return {};
  std::vector<csv_reference::row> in_blocks;
  csv::blocks source({penstock::test::pieces(text, piece)}, cut);
  while (auto block = source.next()) append(in_blocks, csv::parse(std::move(*block), how, want));
  const std::string_view mark = "\xEF\xBB\xBF";
  const auto from = text.starts_with(mark) ? mark.size() : 0;
  if (in_blocks != reference(std::string_view(text).substr(from)))
    return "cut into blocks it is not what the reference reads";
  return {};
}

}  // namespace penstock_tests
