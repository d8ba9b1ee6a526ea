#include <penstock/connectors/csv.hpp>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <penstock/base/error.hpp>
#include <penstock/connectors/detail/block_reader.hpp>
#include "row_parser.hpp"

namespace penstock::csv {
namespace {

void check(const dialect& how) {
  const auto ends_line = [](char c) { return c == '\n' || c == '\r' || c == '\0'; };
  if (ends_line(how.delimiter) || ends_line(how.quote))
    throw declaration_error("csv: the delimiter and the quote cannot be a line end or NUL");
  if (how.delimiter == how.quote) throw declaration_error("csv: the delimiter and the quote are the same character");
}

std::string display_name(const files::source& from) {
  return from.name == "-" && !from.is_function() ? "standard input" : from.name;
}

}  // namespace

std::optional<std::string> problem_with(const names& header) {
  std::unordered_map<std::string_view, std::size_t> first;
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header[i].empty()) return "column " + std::to_string(i + 1) + " has no name";
    const auto [at, added] = first.try_emplace(header[i], i);
    if (!added)
      return "columns " + std::to_string(at->second + 1) + " and " + std::to_string(i + 1) + " are both named '" +
             header[i] + "'";
  }
  return std::nullopt;
}

malformed_row::malformed_row(const std::string& source, const files::rejected_row& row)
    : std::runtime_error(source + ", line " + std::to_string(row.line) + ": " + row.reason), row_(row) {}

rows parse(block from, const dialect& how, const expectations& want) {
  rows result;
  parse(std::move(from), how, want, result);
  return result;
}

void parse(block from, const dialect& how, const expectations& want, rows& into) {
  row_parser(std::move(from), how, want, into).run();
}

struct blocks::position {
  position(const std::vector<files::source>& sources, const block_options& options)
      : reader(sources,
               {.delimiter = options.dialect.delimiter,
                .quote = options.dialect.quote,
                .blank = files::detail::blank_line::empty,
                .max_record_bytes = options.max_row_bytes},
               options.progress, {.at = options.begin, .proof = options.proof}) {}

  files::detail::block_reader reader;
  bool in_source = false;
  bool at_beginning = false;  // of the open source
  std::shared_ptr<const names> header;
  std::size_t columns = 0;
  std::optional<block> peeked;

  void begin_source(const block_options& options, const stop_token& stop);
  std::optional<block> read(const block_options& options, const stop_token& stop);
};

void blocks::position::begin_source(const block_options& options, const stop_token& stop) {
  in_source = at_beginning = true;
  header = nullptr;
  columns = 0;
  if (options.header == header::none) return;
  block first;
  while (first.records == 0)
    if (!reader.read(first, {.rows = 1, .bytes = options.bytes}, stop)) return;
  const rows parsed = parse(std::move(first), options.dialect);
  if (!parsed.rejected.empty()) throw malformed_row(display_name(reader.current()), parsed.rejected.front());
  names found;
  for (std::size_t i = 0; i < parsed.columns(); ++i) found.emplace_back(parsed.field(0, i));
  columns = found.size();
  header = std::make_shared<const names>(std::move(found));
  reader.restart_numbering();
}

std::optional<block> blocks::position::read(const block_options& options, const stop_token& stop) {
  for (;;) {
    if (!in_source) {
      if (!reader.next_source(stop)) return std::nullopt;
      begin_source(options, stop);
      if (!reader.go_to_start(stop)) return std::nullopt;
    }
    block next;
    in_source = reader.read(next, {.rows = options.rows, .bytes = options.bytes}, stop);
    if (!in_source && !at_beginning) continue;
    if (columns == 0 && options.header == header::none) {
      block copy = next;
      copy.columns = 0;
      columns = parse(std::move(copy), options.dialect, {.encoding = encoding::bytes}).columns();
    }
    next.first_of_source = std::exchange(at_beginning, false);
    next.header = header;
    next.columns = columns;
    return next;
  }
}

blocks::blocks(std::vector<files::source> sources, block_options options)
    : sources_(std::move(sources)), options_(std::move(options)) {
  check(options_.dialect);
  files::detail::check_limits({.rows = options_.rows, .bytes = options_.bytes}, options_.max_row_bytes, "csv::blocks");
}

const block* blocks::peek(const stop_token& stop) {
  if (!position_) position_ = std::make_shared<position>(sources_, options_);
  if (!position_->peeked) position_->peeked = position_->read(options_, stop);
  return position_->peeked ? &*position_->peeked : nullptr;
}

std::optional<block> blocks::next(const stop_token& stop) {
  if (!position_) position_ = std::make_shared<position>(sources_, options_);
  if (position_->peeked) return std::exchange(position_->peeked, std::nullopt);
  return position_->read(options_, stop);
}

std::optional<names> read_header(const files::source& from, const block_options& options) {
  block_options with_header = options;
  with_header.header = header::first_row;
  with_header.progress = nullptr;
  with_header.rows = 1;
  with_header.begin = {};
  with_header.proof = files::proof::none;
  blocks reading({from}, std::move(with_header));
  const block* const first = reading.peek();
  if (first == nullptr || !first->header) return std::nullopt;
  return *first->header;
}

const std::string& record::operator[](std::string_view name) const {
  if (header_) {
    const auto at = std::find(header_->begin(), header_->end(), name);
    if (at != header_->end()) return fields_[static_cast<std::size_t>(at - header_->begin())];
  }
  throw std::out_of_range("csv: there is no column named '" + std::string(name) + "'");
}

struct records::position {
  rows current;
  std::size_t next = 0;
};

records::records(files::source from, block_options options)
    : blocks_({from}, options), name_(display_name(from)), dialect_(options.dialect) {}

std::optional<record> records::operator()() {
  if (!position_) position_ = std::make_shared<position>();
  position& p = *position_;
  for (;;) {
    const bool row_left = p.next < p.current.size();
    if (!p.current.rejected.empty()) {
      const files::rejected_row& rejected = p.current.rejected.front();
      if (!row_left || rejected.line < p.current.line(p.next)) throw malformed_row(name_, rejected);
    }
    if (row_left) break;
    auto more = blocks_.next();
    if (!more) return std::nullopt;
    parse(std::move(*more), dialect_, {}, p.current);
    p.next = 0;
  }
  std::vector<std::string> fields;
  fields.reserve(p.current.columns());
  for (std::size_t i = 0; i < p.current.columns(); ++i) fields.emplace_back(p.current.field(p.next, i));
  return record(p.current.header(), std::move(fields), p.current.line(p.next++));
}

}  // namespace penstock::csv
