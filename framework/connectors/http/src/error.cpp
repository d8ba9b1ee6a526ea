#include <penstock/connectors/http/error.hpp>

#include "shown_url.hpp"

namespace penstock::http {

std::string_view name_of(errc kind) noexcept {
  switch (kind) {
    case errc::resolve: return "resolve";
    case errc::connect: return "connect";
    case errc::tls: return "tls";
    case errc::timeout: return "timeout";
    case errc::reset: return "reset";
    case errc::too_large: return "too_large";
    case errc::malformed: return "malformed";
    case errc::redirects: return "redirects";
    case errc::invalid: return "invalid";
    case errc::status: return "status";
    case errc::other: return "other";
  }
  return "other";
}

const std::error_category& error_category() noexcept {
  struct category final : std::error_category {
    const char* name() const noexcept override { return "penstock.http"; }
    std::string message(int value) const override { return std::string(name_of(static_cast<errc>(value))); }
    std::error_condition default_error_condition(int value) const noexcept override {
      switch (static_cast<errc>(value)) {
        case errc::timeout: return std::errc::timed_out;
        case errc::connect: return std::errc::connection_refused;
        case errc::reset: return std::errc::connection_reset;
        case errc::too_large: return std::errc::message_size;
        case errc::invalid: return std::errc::invalid_argument;
        default: return {value, *this};
      }
    }
  };
  static const category instance;
  return instance;
}

std::string shown_url(std::string_view url) {
  std::string shown(url);
  const auto scheme = shown.find("://");
  const auto begin = scheme == std::string::npos ? 0 : scheme + 3;
  const auto end = shown.find_first_of("/?#", begin);
  const auto at = shown.rfind('@', end == std::string::npos ? std::string::npos : end);
  if (at != std::string::npos && at >= begin && (end == std::string::npos || at < end))
    shown.replace(begin, at - begin, "***");
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return shown;
}

error::error(errc kind, std::string_view url, std::string_view why)
    : std::system_error(make_error_code(kind)), url_(shown_url(url)), why_(why), sentence_(url_ + ": " + why_) {}

}  // namespace penstock::http
