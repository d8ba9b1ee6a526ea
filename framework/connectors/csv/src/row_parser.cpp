#include "row_parser.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <penstock/connectors/detail/find.hpp>
#include <utility>

#include "utf8.hpp"

namespace penstock::csv {
namespace {

using files::detail::find_byte;
using files::detail::find_either;

std::string_view without_line_end(std::string_view row) noexcept {
  if (row.ends_with('\n')) row.remove_suffix(1);
  if (row.ends_with('\r')) row.remove_suffix(1);
  return row;
}

std::string fields_text(std::size_t count) { return std::to_string(count) + (count == 1 ? " field" : " fields"); }

}  // namespace

row_parser::row_parser(block from, const dialect& how, const expectations& want, rows& into)
    : into_(into),
      how_(how),
      encoding_(want.encoding),
      columns_(want.columns != 0 ? want.columns : from.columns),
      too_large_(std::move(from.rejected)),
      scanner_(how.delimiter, how.quote) {
  into.bytes_ = std::move(from.bytes);
  into.fields_.clear();
  into.lines_.clear();
  into.rejected.clear();
  into.first_line_ = from.first_line;
  into.source_ = from.source;
  into.first_of_source_ = from.first_of_source;
  into.header_ = std::move(from.header);
  into.lines_.reserve(from.records);
  into.fields_.reserve(from.records * columns_);

  begin_ = at_ = into.bytes_.data();
  end_ = begin_ + into.bytes_.size();
  next_quote_ = find_byte(how_.quote, begin_, end_);
  has_carriage_return_ = find_byte('\r', begin_, end_) != end_;
  has_nul_ = find_byte('\0', begin_, end_) != end_;
  has_bad_text_ = encoding_ == encoding::utf8 && !is_utf8(into.bytes_);
}

void row_parser::run() {
  while (at_ != end_)
    if (!step_over_blank_line()) parse_row();
  into_.columns_ = columns_;
  std::move(too_large_.begin(), too_large_.end(), std::back_inserter(into_.rejected));
}

bool row_parser::step_over_blank_line() {
  if (*at_ == '\n') {
    ++at_;
  } else if (*at_ == '\r' && end_ - at_ > 1 && at_[1] == '\n') {
    at_ += 2;
  } else {
    return false;
  }
  ++line_;
  return true;
}

void row_parser::parse_row() {
  const char* const row_begin = at_;
  const std::uint32_t row_line = line_;
  reason_.clear();
  with_quotes_.clear();
  row_field_ = into_.fields_.size();

  field_end ended = field_end::delimiter;
  while (ended == field_end::delimiter) ended = parse_field();
  if (ended == field_end::malformed) {
    scanner_.begin_record();
    scanner_.feed(row_begin, end_);
    const char* const next_row = scanner_.next();
    at_ = next_row ? next_row : end_;
    line_ = row_line + static_cast<std::uint32_t>(scanner_.lines());
  }
  const std::string_view row(row_begin, static_cast<std::size_t>(at_ - row_begin));
  if (reason_.empty()) check_whole_row(row);
  if (reason_.empty()) {
    unescape();
    into_.lines_.push_back(row_line);
  } else {
    into_.fields_.resize(row_field_);
    files::rejected_row rejected;
    rejected.source = into_.source_;
    rejected.line = into_.first_line_ + row_line;
    rejected.bytes = row.size();
    rejected.reason = std::move(reason_);
    rejected.text = without_line_end(row).substr(0, files::rejected_text_bytes);
    into_.rejected.push_back(std::move(rejected));
  }
}

row_parser::field_end row_parser::parse_field() {
  return at_ != end_ && *at_ == how_.quote ? parse_quoted() : parse_plain();
}

row_parser::field_end row_parser::parse_plain() {
  const char* const from = at_;
  const char* const to = find_either(how_.delimiter, '\n', from, end_);
  if (next_quote_ < from) next_quote_ = find_byte(how_.quote, from, end_);
  if (next_quote_ < to) return malformed("a quote inside an unquoted field");
  const bool more = to != end_ && *to == how_.delimiter;
  const char* text_end = to;
  if (has_carriage_return_) {
    if (to != end_ && !more && to != from && to[-1] == '\r') --text_end;
    if (find_byte('\r', from, text_end) != text_end)
      return malformed("a carriage return without a line feed outside quotes");
  }
  push(from, text_end);
  if (more) {
    at_ = to + 1;
    return field_end::delimiter;
  }
  at_ = to;
  if (at_ != end_) {
    ++at_;
    ++line_;
  }
  return field_end::row;
}

row_parser::field_end row_parser::parse_quoted() {
  const char* const from = at_ + 1;
  const char* close = from;
  const std::uint32_t opened_on = line_;
  bool doubled = false;
  for (;; ++close) {
    close = find_either(how_.quote, '\n', close, end_);
    if (close == end_)
      return malformed("the quote opened on line " + std::to_string(into_.first_line_ + opened_on) +
                       " is never closed");
    if (*close == '\n') {
      ++line_;
    } else if (end_ - close > 1 && close[1] == how_.quote) {
      doubled = true;
      ++close;
    } else {
      break;
    }
  }
  if (doubled) with_quotes_.push_back(into_.fields_.size());
  push(from, close);

  at_ = close + 1;
  if (at_ == end_) return field_end::row;
  if (*at_ == how_.delimiter) {
    ++at_;
    return field_end::delimiter;
  }
  if (*at_ == '\r' && end_ - at_ > 1 && at_[1] == '\n') ++at_;
  if (*at_ != '\n') return malformed("text behind a closing quote");
  ++at_;
  ++line_;
  return field_end::row;
}

row_parser::field_end row_parser::malformed(std::string reason) {
  reason_ = std::move(reason);
  return field_end::malformed;
}

void row_parser::check_whole_row(std::string_view row) {
  const std::size_t fields = into_.fields_.size() - row_field_;
  if (has_nul_ && row.find('\0') != std::string_view::npos) {
    reason_ = "a NUL byte";
  } else if (has_bad_text_ && !is_utf8(row)) {
    reason_ = "invalid UTF-8";
  } else if (columns_ == 0) {
    columns_ = fields;
  } else if (fields != columns_) {
    reason_ = fields_text(fields) + " instead of " + std::to_string(columns_);
  }
}

void row_parser::push(const char* begin, const char* end) {
  into_.fields_.push_back({static_cast<std::uint32_t>(begin - begin_), static_cast<std::uint32_t>(end - begin)});
}

// In place, and only once the row is accepted: a rejected one keeps its text.
void row_parser::unescape() {
  for (const std::size_t index : with_quotes_) {
    rows::extent& field = into_.fields_[index];
    char* const begin = into_.bytes_.data() + field.begin;
    const char* const end = begin + field.size;
    char* to = begin;
    for (const char* from = begin; from != end;) {
      const char* const quote = find_byte(how_.quote, from, end);
      const char* const piece_end = quote == end ? end : quote + 1;
      std::memmove(to, from, static_cast<std::size_t>(piece_end - from));
      to += piece_end - from;
      from = quote == end ? end : quote + 2;
    }
    field.size = static_cast<std::uint32_t>(to - begin);
  }
}

}  // namespace penstock::csv
