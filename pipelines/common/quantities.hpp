// What people write for a time, a rate or a size, and how such are shown to them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <penstock/base/clock.hpp>
#include <penstock/core/token_bucket.hpp>

namespace common {

/// "10us", "1.5s", "2m": a number with up to nine digits and ns, us, ms, s, m (min) or h. Exact; what is finer than a
/// nanosecond, or longer than a year, is none.
[[nodiscard]] std::optional<penstock::duration> duration_of(std::string_view text);

/// "2/s", "1.5/s", "30/min", "20k/s", "1M/s": a number as above, perhaps with k or M, and a unit of time. Exact, as
/// whole items in a whole time; zero, and more than one in a nanosecond, are none.
[[nodiscard]] std::optional<penstock::rate> rate_of(std::string_view text);

/// "64", "64B", "4KiB", "1MiB", "10kB", "1MB": whole bytes.
[[nodiscard]] std::optional<std::size_t> size_of(std::string_view text);

/// "4", without sign or unit.
[[nodiscard]] std::optional<std::uint64_t> count_of(std::string_view text);

/// The rate of `n` that keep to `r` each; none: faster than one in a nanosecond.
[[nodiscard]] std::optional<penstock::rate> times(penstock::rate r, std::size_t n);

[[nodiscard]] inline double seconds_of(penstock::duration d) { return std::chrono::duration<double>(d).count(); }

/// Items a second.
[[nodiscard]] double per_second_of(penstock::rate r);

/// Three digits and a decimal prefix: "4.05", "46.1 k", "12.3 M", so that a unit can follow after a space or at once.
[[nodiscard]] std::string amount(double value);

/// Three digits and a unit: "850 ns", "12.4 us", "1.50 s".
[[nodiscard]] std::string time_text(double seconds);

}  // namespace common
