// UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <string_view>

namespace penstock::csv {

/// True for valid UTF-8. Runs of ASCII go by eight bytes at a time.
bool is_utf8(std::string_view text) noexcept;

}  // namespace penstock::csv
