// URLs and header names.
#pragma once

#include <string>
#include <string_view>

#include <penstock/connectors/http/message.hpp>

namespace penstock::http {

/// Header names compare so.
bool same_name(std::string_view a, std::string_view b) noexcept;

/// Fit for a method or the name of a header.
bool is_token(std::string_view text) noexcept;

/// Percent-encoded, a space too.
void append_encoded(std::string& to, std::string_view text);

/// `a=b&c=d`.
void append_fields(std::string& to, const fields& values);

/// Begins with http:// or https://, in whatever case.
bool is_http_url(std::string_view url) noexcept;
bool is_https_url(std::string_view url) noexcept;

/// The host and port of a URL, in one spelling: lower case, and with the port of its scheme where it names none.
std::string place_of(std::string_view url);

/// `path`, if it is absolute or there is no base; else below `base`, with one slash between. Without the fragment.
std::string joined_url(std::string_view base, std::string_view path, const fields& params);

}  // namespace penstock::http
