#include "retry_after.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

namespace penstock::http {

std::optional<duration> retry_after(std::string_view value, std::chrono::system_clock::time_point now) {
  if (value.empty()) return std::nullopt;
  if (std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; })) {
    constexpr std::int64_t most = 365LL * 24 * 3600;
    std::int64_t seconds = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    return std::chrono::seconds(problem == std::errc() ? std::min(seconds, most) : most);
  }
  const auto date = ::curl_getdate(std::string(value).c_str(), nullptr);
  if (date < 0) return std::nullopt;
  const auto pause = std::chrono::system_clock::from_time_t(date) - now;
  return std::max(std::chrono::duration_cast<duration>(pause), duration::zero());
}

}  // namespace penstock::http
