// Where results go: a JSON line each, and bodies into files of a directory.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <penstock/pipeline/report.hpp>

#include "exit_code.hpp"
#include "fetcher.hpp"
#include "journal.hpp"
#include "options.hpp"

namespace fetch {

/// How a run ended: its exit code, and the sentence about it, empty if all went well.
struct ending {
  exit_code code = exit_code::ok;
  std::string sentence;
};

/// May wait for the disk, and for whoever reads standard output. Fails with `failure`. One thread at a time; the counts
/// may be read by any.
class results {
 public:
  /// Opens what is to be written, so that what cannot be is known before anything is fetched. What `noted` does not
  /// know of is cut off.
  results(const options& how, journal& noted);
  ~results();
  results(const results&) = delete;
  results& operator=(const results&) = delete;

  /// One line for each; then they are noted.
  void add(const std::vector<fetched>& batch);

  /// After the run, once: how it went. Prints the report.
  ending finish(const penstock::report& run, std::uint64_t found);

  // Relaxed: for the progress.
  std::atomic<std::uint64_t> well{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> bytes{0};

 private:
  void write(const std::string& text);
  std::string keep_body(const fetched& one);

  const options& how_;
  journal& noted_;
  int descriptor_ = -1;
  std::uint64_t end_ = 0;
};

}  // namespace fetch
