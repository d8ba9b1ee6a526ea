// How far the load is, on standard error.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <penstock/base/clock.hpp>
#include <penstock/pipeline/report.hpp>

#include "options.hpp"

namespace load {

class job;

/// Redrawn in place on a terminal, a line every five seconds elsewhere. Never fails: a progress that cannot be seen is
/// no reason to stop. One thread.
class progress_line {
 public:
  progress_line(progress_choice choice, const job& work);

  /// How often `show` should be called; `duration::max()`: not at all.
  [[nodiscard]] penstock::duration pace() const noexcept;

  void show(const penstock::report& live);

  /// Removes the line from a terminal; elsewhere shows how it ended.
  void finish(const penstock::report& last);

 private:
  enum class form : std::uint8_t { nothing, redrawn, lines };
  [[nodiscard]] std::string line(const penstock::report& live);

  const job* work_;
  form form_;
  penstock::duration last_at_{};
  double last_bytes_ = 0;
  double last_rows_ = 0;
  double bytes_per_second_ = 0;
  double rows_per_second_ = 0;
};

}  // namespace load
