#include <algorithm>
#include <penstock/base/error.hpp>
#include <penstock/connectors/detail/find.hpp>
#include <penstock/connectors/ndjson.hpp>
#include <unordered_set>
#include <utility>

#include "thread_parser.hpp"
#include "values.hpp"

namespace penstock::ndjson {
namespace {

namespace ondemand = simdjson::ondemand;

// The keys of one line; nothing unless the whole line is an object.
std::optional<std::vector<std::string>> keys_of(thread_parser& parser, std::string_view line, std::size_t room) {
  std::vector<std::string> keys;
  ondemand::document document;
  ondemand::object object;
  if (parser.iterate(line.data(), line.size(), room).get(document)) return std::nullopt;
  if (line[line.find_first_not_of(spaces)] != '{' || document.get_object().get(object)) return std::nullopt;
  for (auto next : object) {
    ondemand::field field;
    std::string_view key;
    if (std::move(next).get(field) || field.unescaped_key().get(key)) return std::nullopt;
    keys.emplace_back(key);
    if (validate(field.value(), 1)) return std::nullopt;
  }
  if (document.current_location().error() == simdjson::SUCCESS) return std::nullopt;
  return keys;
}

}  // namespace

schema::schema(std::vector<std::string> keys) : keys_(std::move(keys)) {
  for (std::size_t i = 0; i < keys_.size(); ++i)
    if (!columns_.try_emplace(keys_[i], i).second)
      throw declaration_error("ndjson::schema: the key '" + keys_[i] + "' is there twice");
}

std::optional<std::size_t> schema::column(std::string_view key) const {
  const auto found = columns_.find(std::string(key));
  if (found == columns_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> discover_keys(const block& from) {
  thread_parser parser;
  std::vector<std::string> found;
  std::unordered_set<std::string> known;
  std::string padded = from.bytes;
  padded.reserve(padded.size() + block::padding);
  const char* const begin = padded.data();
  const char* const end = begin + padded.size();
  for (const char* at = begin; at != end;) {
    const char* const to = files::detail::find_byte('\n', at, end);
    const std::string_view line = trimmed({at, static_cast<std::size_t>(to - at)});
    const auto keys =
        line.empty() ? std::nullopt : keys_of(parser, line, padded.capacity() - static_cast<std::size_t>(at - begin));
    for (const std::string& key : keys.value_or(std::vector<std::string>{}))
      if (known.insert(key).second) found.push_back(key);
    at = to == end ? to : to + 1;
  }
  return found;
}

}  // namespace penstock::ndjson
