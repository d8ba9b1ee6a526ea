// What a stage does when its body throws.
#pragma once

#include <cstdint>

namespace penstock {

class error_policy {
 public:
  enum class kind : std::uint8_t {
    fail_fast,  ///< the run is cancelled and ends as failed; `wait` rethrows the first exception
    skip,       ///< the item counts as failed and the stage goes on with the next
  };

  constexpr error_policy(kind k) noexcept : kind_(k) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] constexpr kind what() const noexcept { return kind_; }

  friend constexpr bool operator==(error_policy, error_policy) noexcept = default;

 private:
  kind kind_;
};

/// The default: the first exception ends the run.
inline constexpr error_policy fail_fast{error_policy::kind::fail_fast};

/// Count the item as failed and go on.
inline constexpr error_policy skip{error_policy::kind::skip};

}  // namespace penstock
