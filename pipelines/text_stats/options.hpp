// What the user asked for on the command line.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace text_stats {

enum class report_form : std::uint8_t {
  text,    ///< a line for each file, as `wc` has it, and the totals
  totals,  ///< the totals only
  json,    ///< the totals and the run, as one object
};

struct options {
  std::vector<std::string> roots;  ///< directories and files
  std::string glob = "*";          ///< of the file names in directories
  std::filesystem::path summary;   ///< empty: none
  std::filesystem::path database;  ///< empty: none
  std::size_t concurrency = 5;     ///< files that are read at once, and pieces of large ones
  report_form report = report_form::text;
  std::chrono::milliseconds drain_within = std::chrono::seconds(10);
};

/// Reads the command line. Nothing: `--help` or `--version` was asked for, and printed. Throws `failure` (usage).
std::optional<options> read_options(int argc, const char* const* argv);

}  // namespace text_stats
