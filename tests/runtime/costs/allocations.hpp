// How often this program has allocated memory.
#pragma once

namespace penstock_tests {

/// Calls of the global operator new so far, by any thread.
[[nodiscard]] long allocations() noexcept;

}  // namespace penstock_tests
