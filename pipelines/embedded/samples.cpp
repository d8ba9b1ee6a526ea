#include <charconv>
#include <optional>

#include "pipeline.hpp"

namespace embedded {

std::optional<sample> parse(const std::string& line) {
  const auto space = line.find(' ');
  if (space == 0 || space == std::string::npos) return std::nullopt;
  sample s{line.substr(0, space)};
  const char* const end = line.data() + line.size();
  const auto [rest, error] = std::from_chars(line.data() + space + 1, end, s.amount);
  if (error != std::errc() || rest != end) return std::nullopt;
  return s;
}

boost::asio::awaitable<sample> look_up(sample s) {
  co_await penstock::async_sleep(std::chrono::milliseconds(1));
  co_return s;
}

}  // namespace embedded
