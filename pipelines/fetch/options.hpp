// What the user asked for on the command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <penstock/connectors/http.hpp>
#include <penstock/core/token_bucket.hpp>

#include <common/status_line.hpp>

namespace fetch {

struct options {
  std::vector<std::string> urls;
  bool from_input = false;             ///< a URL a line on standard input
  std::size_t concurrency = 64;        ///< requests under way at once
  std::optional<penstock::rate> rate;  ///< of requests, retries included
  std::optional<penstock::rate> rate_per_host;
  std::string method = "GET";
  penstock::http::body body;
  bool idempotency_keys = false;
  penstock::http::client_options client;  ///< without the rates
  std::string output = "-";               ///< "-" is standard output
  bool output_is_directory = false;       ///< bodies go there, and results.ndjson
  std::filesystem::path resume;           ///< empty: none
  bool json_report = false;
  common::progress_choice progress = common::progress_choice::automatic;
  penstock::duration drain_within = std::chrono::seconds(10);

  /// The file of results; empty: standard output.
  [[nodiscard]] std::filesystem::path results_file() const;
};

/// Reads the command line. Nothing: `--help` or `--version` was asked for, and printed. Throws `failure` (usage).
std::optional<options> read_options(int argc, const char* const* argv);

}  // namespace fetch
