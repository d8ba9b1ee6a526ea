// What a server says about when to come again.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <penstock/base/clock.hpp>

namespace penstock::http {

/// The pause that a `Retry-After` asks for (RFC 9110, 10.2.3): seconds, or a date, from which `now` is taken; not
/// negative. Nothing: the value is neither.
std::optional<duration> retry_after(std::string_view value, std::chrono::system_clock::time_point now);

}  // namespace penstock::http
