// What the user asked for on the command line.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <penstock/base/clock.hpp>

#include "shape.hpp"

namespace bench {

enum class live_choice : std::uint8_t { automatic, always, never };

/// One of the shapes to be measured, and how a table names it.
struct variant {
  std::string value;  ///< of the option that is swept; empty: there is only one
  shape what;
};

struct options {
  std::string swept;                        ///< the name of an option; empty: none
  std::vector<variant> variants;            ///< one, or one for each value that is swept
  std::optional<penstock::duration> lasts;  ///< each measurement; nothing: until the items are through
  penstock::duration drain_within = std::chrono::seconds(1);
  live_choice live = live_choice::automatic;
  bool json = false;
};

/// Reads the command line. Nothing: `--help` or `--version` was asked for, and printed. Throws `failure` (usage).
std::optional<options> read_options(int argc, const char* const* argv);

}  // namespace bench
