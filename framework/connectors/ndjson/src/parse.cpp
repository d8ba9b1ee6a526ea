#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <penstock/base/error.hpp>
#include <penstock/connectors/detail/find.hpp>
#include <penstock/connectors/ndjson.hpp>
#include <utility>

#include "number.hpp"
#include "thread_parser.hpp"
#include "values.hpp"

namespace penstock::ndjson {

namespace ondemand = simdjson::ondemand;

// Takes one block apart, line by line.
class line_parser {
 public:
  line_parser(block from, const schema& want, rows& into) : into_(into), want_(want), row_of_(want.keys().size(), 0) {
    into.bytes_ = std::move(from.bytes);
    // Blocks of a reader have the room already.
    into.bytes_.reserve(into.bytes_.size() + block::padding);
    into.unescaped_.clear();
    into.cells_.clear();
    into.lines_.clear();
    into.columns_ = want.keys().size();
    into.first_line_ = from.first_line;
    into.source_ = from.source;
    into.cells_.reserve(from.records * into.columns_);
    into.lines_.reserve(from.records);
    into.rejected.clear();
    too_large_ = std::move(from.rejected);
  }

  void run() {
    const char* at = into_.bytes_.data();
    const char* const end = at + into_.bytes_.size();
    for (std::uint32_t line = 0; at != end; ++line) {
      const char* const to = files::detail::find_byte('\n', at, end);
      const std::string_view text = trimmed({at, static_cast<std::size_t>(to - at)});
      if (!text.empty()) parse_line(text, line, static_cast<std::size_t>((to == end ? to : to + 1) - at));
      at = to == end ? to : to + 1;
    }
    std::move(too_large_.begin(), too_large_.end(), std::back_inserter(into_.rejected));
  }

 private:
  void parse_line(std::string_view text, std::uint32_t line, std::size_t bytes) {
    const std::size_t first_cell = into_.cells_.size();
    const std::size_t unescaped = into_.unescaped_.size();
    into_.cells_.resize(first_cell + into_.columns_);
    ++row_;
    reason_.clear();
    if (const auto error = parse_object(text, first_cell); error && reason_.empty()) reason_ = explain(error);
    if (reason_.empty()) {
      into_.lines_.push_back(line);
      return;
    }
    into_.cells_.resize(first_cell);
    into_.unescaped_.resize(unescaped);
    files::rejected_row rejected;
    rejected.source = into_.source_;
    rejected.line = into_.first_line_ + line;
    rejected.bytes = bytes;
    rejected.reason = std::move(reason_);
    rejected.text = text.substr(0, files::rejected_text_bytes);
    into_.rejected.push_back(std::move(rejected));
  }

  simdjson::error_code parse_object(std::string_view text, std::size_t first_cell) {
    ondemand::document document;
    if (const auto error = parser_.iterate(text.data(), text.size(), room_behind(text.data())).get(document))
      return error;
    if (text[text.find_first_not_of(spaces)] != '{') return refuse("not a JSON object");
    ondemand::object object;
    if (const auto error = document.get_object().get(object)) return error;
    std::size_t expected = 0;  // lines mostly have their keys in the same order
    for (auto next : object) {
      ondemand::field field;
      if (const auto error = std::move(next).get(field)) return error;
      std::size_t column = expected;
      if (!is_expected(field.key().raw(), expected)) {
        std::string_view key;
        if (const auto error = field.unescaped_key().get(key)) return error;
        const auto found = want_.column(key);
        if (!found) return refuse("unknown key '" + std::string(key.substr(0, 100)) + "'");
        column = *found;
      }
      if (std::exchange(row_of_[column], row_) == row_)
        return refuse("the key '" + want_.keys()[column] + "' is there twice");
      expected = column + 1;
      if (const auto error = parse_value(document, field.value(), into_.cells_[first_cell + column])) return error;
    }
    // At the end of the document there is no location.
    if (document.current_location().error() == simdjson::SUCCESS) return refuse("something behind the object");
    return simdjson::SUCCESS;
  }

  simdjson::error_code parse_value(ondemand::document& document, ondemand::value value, rows::stored& cell) {
    const std::string_view token = trimmed(value.raw_json_token());
    place(cell, token);
    switch (token.front()) {
      case '"': {
        cell.kind = kind::string;
        if (const auto plain = plain_string(token)) {
          place(cell, *plain);
          // A string that is not taken is skipped as a key would be, with the colon and the value behind it.
          return value.get_raw_json_string().error();
        }
        std::string_view text;
        if (const auto error = value.get_string().get(text)) return error;
        cell.unescaped = true;
        cell.begin = static_cast<std::uint32_t>(into_.unescaped_.size());
        cell.size = static_cast<std::uint32_t>(text.size());
        into_.unescaped_ += text;
        return simdjson::SUCCESS;
      }
      case '{':
      case '[': {
        cell.kind = kind::nested;
        if (const auto error = validate(value, 1)) return error;
        const char* behind = nullptr;
        if (const auto error = document.current_location().get(behind)) return error;
        place(cell, trimmed({token.data(), static_cast<std::size_t>(behind - token.data())}));
        return simdjson::SUCCESS;
      }
      case 't':
      case 'f':
        cell.kind = kind::boolean;
        cell.bits = token == "true" ? 1 : 0;
        return token == "true" || token == "false" ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
      case 'n': cell = {}; return token == "null" ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
      default: {
        const auto number = parse_number(token);
        if (!number) return simdjson::NUMBER_ERROR;
        cell.kind = number->kind;
        cell.bits = number->bits;
        return simdjson::SUCCESS;
      }
    }
  }

  simdjson::error_code refuse(std::string reason) {
    reason_ = std::move(reason);
    return simdjson::TAPE_ERROR;
  }

  // Is the key at `raw` (behind its opening quote) the one of that column? May say no for a key written with escapes.
  [[nodiscard]] bool is_expected(const char* raw, std::size_t column) const noexcept {
    if (column >= want_.keys().size()) return false;
    const std::string& key = want_.keys()[column];
    // A key that would be written with escapes is compared unescaped.
    if (key.find_first_of("\\\"") != std::string::npos) return false;
    const auto left = static_cast<std::size_t>(into_.bytes_.data() + into_.bytes_.size() - raw);
    return left > key.size() && std::memcmp(raw, key.data(), key.size()) == 0 && raw[key.size()] == '"';
  }

  [[nodiscard]] std::size_t room_behind(const char* at) const noexcept {
    return into_.bytes_.capacity() - static_cast<std::size_t>(at - into_.bytes_.data());
  }

  void place(rows::stored& cell, std::string_view text) const noexcept {
    cell.begin = static_cast<std::uint32_t>(text.data() - into_.bytes_.data());
    cell.size = static_cast<std::uint32_t>(text.size());
  }

  rows& into_;
  const schema& want_;
  thread_parser parser_;
  std::vector<files::rejected_row> too_large_;
  std::vector<std::uint64_t> row_of_;  // per column, the latest row that had its key
  std::uint64_t row_ = 0;              // counts lines that are not blank, from 1
  std::string reason_;
};

rows parse(block from, const schema& want) {
  rows result;
  parse(std::move(from), want, result);
  return result;
}

void parse(block from, const schema& want, rows& into) { line_parser(std::move(from), want, into).run(); }

}  // namespace penstock::ndjson
