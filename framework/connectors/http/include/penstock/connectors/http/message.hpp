// What is sent, and what comes back. Plain values.
//
// JSON goes in and out as text: `json(value)` takes text, or any value with a `dump()`, and `response::as<J>()` calls
// `J::parse`; that is nlohmann/json's way, and the library does not depend on it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/base/clock.hpp>

namespace penstock::http {

/// Names and values. Of a request's headers and of a query's or a form's fields; the two latter are percent-encoded
/// when they are sent.
using fields = std::vector<std::pair<std::string, std::string>>;

/// What a request carries.
struct body {
  std::string bytes;
  std::string content_type;
};

[[nodiscard]] inline body bytes(std::string data, std::string content_type = "application/octet-stream") {
  return {std::move(data), std::move(content_type)};
}

/// A form, as browsers send them (`application/x-www-form-urlencoded`).
[[nodiscard]] body form(const fields& values);

/// JSON: text, or what has a `dump()`.
template <class Json>
[[nodiscard]] body json(const Json& value) {
  if constexpr (requires { value.dump(); })
    return {value.dump(), "application/json"};
  else
    return {std::string(std::string_view(value)), "application/json"};
}

struct request {
  std::string method = "GET";
  std::string url;        ///< absolute, or relative to `client_options::base_url`
  fields params = {};     ///< appended to the URL's query
  fields headers = {};    ///< replace those of the client of the same name; an empty value leaves that header out
  http::body body = {};   ///< none if both parts are empty
  bool keep_body = true;  ///< of the answer; false: it is counted, up to `max_body`, and thrown away
  std::string idempotency_key = {};  ///< sent as `Idempotency-Key`; with one, a request of any method may be retried
};

/// The headers of an answer, in the order in which they came. Names compare without regard to case.
class header_list {
 public:
  using value_type = std::pair<std::string_view, std::string_view>;

  /// The first one of this name; empty if there is none. Valid as long as the list is left alone.
  [[nodiscard]] std::string_view get(std::string_view name) const noexcept;

  [[nodiscard]] bool has(std::string_view name) const noexcept;

  /// All of them. Valid as long as the list is left alone.
  [[nodiscard]] std::vector<value_type> all() const;

  /// For the client: a line as it came.
  void append_line(std::string_view line) { text_ += line; }
  void clear() noexcept { text_.clear(); }

 private:
  std::string text_;  ///< as they came, a line each
};

struct response {
  int status = 0;
  header_list headers;
  std::string body;         ///< decoded; empty if it went to a sink
  std::string url;          ///< where it came from, after redirects
  duration elapsed{};       ///< from the start of the last attempt, waits for a name and a connection included
  std::uint64_t bytes = 0;  ///< of the body, decoded
  unsigned attempts = 1;    ///< requests sent for it: also those that libcurl repeats by itself, over a new connection
                            ///< where a kept one turned out to be closed, and only where `retry_policy` would allow it

  /// 2xx.
  [[nodiscard]] bool ok() const noexcept { return status >= 200 && status < 300; }

  /// Parses the body; throws what `Json::parse` throws.
  template <class Json>
  [[nodiscard]] Json as() const {
    return Json::parse(body);
  }
};

/// Throws `error` (status) unless the answer is 2xx; else hands it on.
const response& require_ok(const response& answer);
response require_ok(response&& answer);

}  // namespace penstock::http
