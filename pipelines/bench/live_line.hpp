// How the pipeline is doing, on standard error.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include <penstock/base/clock.hpp>
#include <penstock/pipeline/report.hpp>

#include "options.hpp"

namespace bench {

/// Redrawn in place on a terminal, a line every second elsewhere if asked for. Never fails. One thread.
class live_line {
 public:
  explicit live_line(live_choice choice);

  /// How often `show` should be called; `duration::max()`: not at all.
  [[nodiscard]] penstock::duration pace() const noexcept;

  /// `prefix` stands before what is shown; it may be empty.
  void begin(std::string prefix);
  void show(const penstock::report& now);

  /// Removes the line from a terminal.
  void finish();

 private:
  enum class form : std::uint8_t { nothing, redrawn, lines };
  struct sample {
    penstock::duration at{};
    std::uint64_t produced = 0;
    std::uint64_t consumed = 0;
  };

  form form_;
  std::string prefix_;
  std::deque<sample> samples_;  ///< of the last seconds, for the rates
};

/// "3.2 s  queue [##...] 2/5  produced 4.00/s  consumed 4.50/s", or "queues 2 5 0 of 5"; the rates are those of the
/// time `since`, in which so many items were produced and consumed.
std::string live_text(const penstock::report& now, penstock::duration since, std::uint64_t produced_since,
                      std::uint64_t consumed_since);

}  // namespace bench
