#include <penstock/connectors/http/message.hpp>

#include <algorithm>

#include <penstock/connectors/http/error.hpp>

#include "encoding.hpp"

namespace penstock::http {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string_view trimmed(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Calls `visit(name, value)` for each line until it returns true.
template <class Visit>
void each_line(std::string_view text, Visit&& visit) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (visit(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)))) return;
  }
}

[[noreturn]] void refuse(const response& answer) {
  throw error(errc::status, answer.url, "the server answered with status " + std::to_string(answer.status));
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool is_token(std::string_view text) noexcept {
  // RFC 9110, 5.6.2
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

void append_encoded(std::string& to, std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  for (const char c : text) {
    // RFC 3986, 2.3
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
        c == '_' || c == '~') {
      to += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      to += '%';
      to += digits[byte >> 4U];
      to += digits[byte & 15U];
    }
  }
}

void append_fields(std::string& to, const fields& values) {
  bool first = true;
  for (const auto& [name, value] : values) {
    if (!first) to += '&';
    first = false;
    append_encoded(to, name);
    to += '=';
    append_encoded(to, value);
  }
}

namespace {
bool begins_with(std::string_view url, std::string_view scheme) noexcept {
  return url.size() >= scheme.size() && same_name(url.substr(0, scheme.size()), scheme);
}
}  // namespace

bool is_https_url(std::string_view url) noexcept { return begins_with(url, "https://"); }
bool is_http_url(std::string_view url) noexcept { return begins_with(url, "http://") || is_https_url(url); }

std::string place_of(std::string_view url) {
  const std::string_view port = is_https_url(url) ? ":443" : ":80";
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const auto user = url.rfind('@'); user != std::string_view::npos) url.remove_prefix(user + 1);
  if (url.ends_with(':')) url.remove_suffix(1);
  std::string place(url);
  for (char& c : place) c = lower(c);
  const auto bracket = place.rfind(']');  // an address of IPv6 has colons of its own
  if (place.find(':', bracket == std::string::npos ? 0 : bracket) == std::string::npos) place += port;
  return place;
}

std::string joined_url(std::string_view base, std::string_view path, const fields& params) {
  std::string url;
  if (base.empty() || is_http_url(path)) {
    url = path;
  } else {
    url = base;
    while (url.ends_with('/')) url.pop_back();
    if (!path.empty()) {
      if (!path.starts_with('/') && !path.starts_with('?')) url += '/';
      url += path;
    }
  }
  if (const auto fragment = url.find('#'); fragment != std::string::npos) url.resize(fragment);
  if (!params.empty()) {
    const auto query = url.find('?');
    if (query == std::string::npos)
      url += '?';
    else if (query + 1 != url.size() && !url.ends_with('&'))
      url += '&';
    append_fields(url, params);
  }
  return url;
}

body form(const fields& values) {
  body made{{}, "application/x-www-form-urlencoded"};
  append_fields(made.bytes, values);
  return made;
}

std::string_view header_list::get(std::string_view name) const noexcept {
  std::string_view found;
  each_line(text_, [&](std::string_view its_name, std::string_view value) {
    if (!same_name(name, its_name)) return false;
    found = value;
    return true;
  });
  return found;
}

bool header_list::has(std::string_view name) const noexcept {
  bool found = false;
  each_line(text_, [&](std::string_view its_name, std::string_view) { return found = same_name(name, its_name); });
  return found;
}

std::vector<header_list::value_type> header_list::all() const {
  std::vector<value_type> list;
  each_line(text_, [&](std::string_view name, std::string_view value) {
    list.emplace_back(name, value);
    return false;
  });
  return list;
}

const response& require_ok(const response& answer) {
  if (!answer.ok()) refuse(answer);
  return answer;
}

response require_ok(response&& answer) {
  if (!answer.ok()) refuse(answer);
  return std::move(answer);
}

}  // namespace penstock::http
