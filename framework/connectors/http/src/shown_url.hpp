#pragma once

#include <string>
#include <string_view>

namespace penstock::http {

/// Fit for messages: without user and password, on one line.
std::string shown_url(std::string_view url);

}  // namespace penstock::http
