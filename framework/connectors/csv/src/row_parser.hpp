// Takes one block apart. What differs from the cutting of blocks is strictness only: where a row ends is decided by the
// same scanner, so that a malformed row costs exactly itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <penstock/connectors/csv.hpp>
#include <penstock/connectors/detail/record_scanner.hpp>

namespace penstock::csv {

class row_parser {
 public:
  row_parser(block from, const dialect& how, const expectations& want, rows& into);

  /// All rows of the block.
  void run();

 private:
  enum class field_end : std::uint8_t { delimiter, row, malformed };

  void parse_row();
  field_end parse_field();
  field_end parse_quoted();
  field_end parse_plain();
  field_end malformed(std::string reason);
  bool step_over_blank_line();
  void check_whole_row(std::string_view row);
  void unescape();
  void push(const char* begin, const char* end);

  rows& into_;
  dialect how_;
  encoding encoding_;
  std::size_t columns_;  // 0: the first good row decides
  std::vector<files::rejected_row> too_large_;

  const char* begin_;  // of the block
  const char* end_;
  const char* at_;
  const char* next_quote_;  // the first one at or after at_, unless it lies before at_: then not known
  std::uint32_t line_ = 0;  // of at_, from 0 in the block
  files::detail::record_scanner scanner_;
  std::string reason_;  // why the row at hand is malformed; empty: it is not (yet)

  // What the block has anywhere; most have none of it, and their rows need not be searched for it.
  bool has_carriage_return_;
  bool has_nul_;
  bool has_bad_text_;

  std::size_t row_field_ = 0;             // in into_.fields_: the first of the row at hand
  std::vector<std::size_t> with_quotes_;  // fields of the row at hand that have doubled quotes
};

}  // namespace penstock::csv
