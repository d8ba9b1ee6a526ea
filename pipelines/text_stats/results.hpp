// Where the counts of files go: standard output, a summary, a database.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <penstock/pipeline/report.hpp>

#include "counts.hpp"
#include "exit_code.hpp"
#include "options.hpp"
#include "tasks.hpp"

namespace text_stats {

/// How a run ended: its exit code, and the sentence about it, empty if all went well.
struct ending {
  exit_code code = exit_code::ok;
  std::string sentence;
};

/// May wait for the disk, for a lock on the database, and for whoever reads standard output. Fails with `failure` or
/// `sqlite::error`. One thread at a time.
class results {
 public:
  /// Opens what is to be written, so that what cannot be is known before anything is counted.
  explicit results(const options& how);
  ~results();

  /// A file's counts; of one that could not be read, the reason, also as a sentence on standard error.
  void add(const file_counts& file);

  /// After the run, once: how it went, and the totals. Then the summary is in place.
  ending finish(const penstock::report& run, std::uint64_t found);

  [[nodiscard]] const counts& total() const noexcept { return total_; }
  [[nodiscard]] std::uint64_t counted() const noexcept { return counted_; }
  [[nodiscard]] std::uint64_t unreadable() const noexcept { return unreadable_; }

 private:
  class table;
  class summary;

  void print_line(const counts& sum, const std::string& name);
  void flush();
  [[nodiscard]] ending ending_of(const penstock::report& run) const;

  const options& how_;
  counts total_;
  std::uint64_t counted_ = 0;
  std::uint64_t unreadable_ = 0;
  fmt::memory_buffer lines_;  // for standard output
  std::unique_ptr<table> table_;
  std::unique_ptr<summary> summary_;
};

/// On standard error, as one line: a name may hold a line end, or worse for a terminal. Nobody may be reading it.
void complain(const std::string& sentence);

}  // namespace text_stats
