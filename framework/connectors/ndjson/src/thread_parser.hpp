// simdjson's parser, one per thread, a line at a time: so simdjson finds the bad lines exactly. Its memory is worth
// keeping between lines and blocks, unless a line was huge.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstddef>

namespace penstock::ndjson {

class thread_parser {
 public:
  thread_parser() = default;
  ~thread_parser() {
    if (mine().capacity() > kept_capacity) mine() = simdjson::ondemand::parser{};
  }
  thread_parser(const thread_parser&) = delete;
  thread_parser& operator=(const thread_parser&) = delete;

  /// Of `room` readable bytes at `line` the first `size` are the document; at least `SIMDJSON_PADDING` lie behind it.
  simdjson::simdjson_result<simdjson::ondemand::document> iterate(const char* line, std::size_t size,
                                                                  std::size_t room) {
    if (size > mine().capacity()) {
      const auto error = mine().allocate(std::bit_ceil(std::max<std::size_t>(size, 4096)));
      if (error) return error;
    }
    return mine().iterate(simdjson::padded_string_view(line, size, room));
  }

 private:
  static constexpr std::size_t kept_capacity = std::size_t{1} << 20;

  static simdjson::ondemand::parser& mine() {
    static thread_local simdjson::ondemand::parser parser;
    return parser;
  }
};

}  // namespace penstock::ndjson
