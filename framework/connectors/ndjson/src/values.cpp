#include "values.hpp"

#include <penstock/connectors/detail/find.hpp>
#include <utility>

#include "number.hpp"

namespace penstock::ndjson {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t deepest = 1000;

}  // namespace

const char* explain(simdjson::error_code error) noexcept {
  switch (error) {
    case simdjson::UTF8_ERROR: return "invalid UTF-8";
    case simdjson::UNESCAPED_CHARS: return "a control character inside a string";
    case simdjson::UNCLOSED_STRING: return "a string that is never closed";
    case simdjson::STRING_ERROR: return "an invalid escape in a string";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT: return "an object or array that is never closed";
    case simdjson::DEPTH_ERROR: return "nested too deeply";
    case simdjson::MEMALLOC: return "no memory to parse a line of this size";
    default: return "invalid JSON";
  }
}

std::optional<std::string_view> plain_string(std::string_view token) noexcept {
  if (token.size() < 2 || token.back() != '"') return std::nullopt;
  const std::string_view inside = token.substr(1, token.size() - 2);
  if (files::detail::find_byte('\\', inside.data(), inside.data() + inside.size()) != inside.data() + inside.size())
    return std::nullopt;
  return inside;
}

simdjson::error_code validate(ondemand::value value, std::size_t depth) {
  if (depth > deepest) return simdjson::DEPTH_ERROR;
  const std::string_view token = trimmed(value.raw_json_token());
  switch (token.front()) {
    case '{': {
      ondemand::object object;
      if (const auto error = value.get_object().get(object)) return error;
      for (auto next : object) {
        ondemand::field field;
        if (const auto error = std::move(next).get(field)) return error;
        if (const auto error = field.unescaped_key().error()) return error;
        if (const auto error = validate(field.value(), depth + 1)) return error;
      }
      return simdjson::SUCCESS;
    }
    case '[': {
      ondemand::array array;
      if (const auto error = value.get_array().get(array)) return error;
      for (auto next : array) {
        ondemand::value item;
        if (const auto error = next.get(item)) return error;
        if (const auto error = validate(item, depth + 1)) return error;
      }
      return simdjson::SUCCESS;
    }
    case '"': return plain_string(token) ? value.get_raw_json_string().error() : value.get_string().error();
    default:
      return token == "true" || token == "false" || token == "null" || parse_number(token) ? simdjson::SUCCESS
                                                                                           : simdjson::TAPE_ERROR;
  }
}

}  // namespace penstock::ndjson
