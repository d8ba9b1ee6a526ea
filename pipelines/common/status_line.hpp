// A line about how the work is going, on standard error: redrawn in place on a terminal, lines now and then elsewhere.
#pragma once

#include <cstdint>
#include <string>

#include <penstock/base/clock.hpp>

namespace common {

enum class progress_choice : std::uint8_t { automatic, always, never };

/// Never fails: a progress that cannot be seen is no reason to stop. One thread.
class status_line {
 public:
  /// `automatic`: on a terminal only; `always`: elsewhere a line every `pace_elsewhere`.
  status_line(progress_choice choice, penstock::duration pace_elsewhere);

  /// How often `show` should be called; `duration::max()`: not at all.
  [[nodiscard]] penstock::duration pace() const noexcept;

  void show(std::string text);

  /// Removes the line from a terminal; elsewhere shows the last one.
  void finish(const std::string& text);

 private:
  enum class form : std::uint8_t { nothing, redrawn, lines };
  form form_ = form::nothing;
  penstock::duration elsewhere_;
};

}  // namespace common
