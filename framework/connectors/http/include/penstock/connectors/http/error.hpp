// Why there is no answer, in causes that a program can act upon.
//
// libcurl has about a hundred result codes; a program wants to know whether to try again, to wait longer, to correct a
// name or to stop trusting the server.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace penstock::http {

/// The values are stable, so a program may map each to an exit code.
enum class errc {
  resolve = 1,  ///< the name of the host, or of the proxy, has no address
  connect,      ///< nobody took the connection
  tls,          ///< no secure connection: a certificate that is not trusted, or no common protocol
  timeout,      ///< the request took longer than its timeout, its connect timeout or its deadline
  reset,        ///< the connection broke, or the answer ended too early
  too_large,    ///< the body is larger than `max_body`
  malformed,    ///< what came is not HTTP, or cannot be decoded
  redirects,    ///< more redirects than the limit, or one to where no request may go
  invalid,      ///< the request cannot be sent as it is: its URL, its method, a header
  status,       ///< `require_ok`: an answer that is not 2xx
  other,        ///< anything else, such as no memory
};

/// The category of `errc`; its name is "penstock.http".
const std::error_category& error_category() noexcept;

inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), error_category()}; }

/// A request that came to nothing. `what()` is one sentence with the URL, in which a password is not shown.
class error : public std::system_error {
 public:
  error(errc kind, std::string_view url, std::string_view why);

  [[nodiscard]] errc kind() const noexcept { return static_cast<errc>(code().value()); }

  /// Where the request was to go, before redirects.
  [[nodiscard]] const std::string& url() const noexcept { return url_; }

  /// The sentence without the URL.
  [[nodiscard]] const std::string& why() const noexcept { return why_; }

  [[nodiscard]] const char* what() const noexcept override { return sentence_.c_str(); }

 private:
  std::string url_;
  std::string why_;
  std::string sentence_;
};

/// The word for a kind: "timeout".
[[nodiscard]] std::string_view name_of(errc kind) noexcept;

}  // namespace penstock::http

template <>
struct std::is_error_code_enum<penstock::http::errc> : std::true_type {};
