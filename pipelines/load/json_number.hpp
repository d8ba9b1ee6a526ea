// Whether a number of JSON can be a double without becoming another number.
#pragma once

#include <optional>
#include <string_view>

namespace load {

/// The double that, printed in its shortest form, denotes the same decimal number as `json` (digits, fraction, exponent
/// as in RFC 8259): "1.50", "1e3" and "0.1" have one; "0.10000000000000001", "1e400" and "1e-400" have none. Never
/// waits, never fails; any thread.
std::optional<double> same_number(std::string_view json) noexcept;

}  // namespace load
