// The resume file: what is done, so that a run that was killed can go on.
//
// First a line that says which job this is, with a number that no other job has; then a line for each URL whose result
// is in the file of results: its number in the input, a fingerprint of the URL, how long the results are with it, and 1
// if it failed, else 0. The first line is written once the results were found empty: so where it is, they are ours. A
// result is written before it is noted. So after a kill the results may be longer than noted; what is beyond is cut
// off, and fetched again. A last line without its end is as good as none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "url_source.hpp"

namespace fetch {

/// FNV-1a, 64 bits (Fowler, Noll, Vo); never 0. The same in every run.
[[nodiscard]] std::uint64_t fingerprint(std::string_view text);

/// May wait for the disk. Fails with `failure` (cannot resume, output unwritable). `done` may be called by one thread,
/// and `note` by another, at a time.
class journal {
 public:
  /// None.
  journal();

  /// Reads `file` if there is one, or makes it. `job` is what must be the same, without line ends. A file that is not
  /// one of ours, or that another run is using, is refused and left as it is.
  journal(const std::filesystem::path& file, std::string_view job);
  ~journal();
  journal(const journal&) = delete;
  journal& operator=(const journal&) = delete;

  /// Nothing was ever begun with this file.
  [[nodiscard]] bool fresh() const noexcept { return fresh_; }

  /// The results have been looked at: now they are this job's.
  void begin();

  /// The results are not to be touched: leaves no file behind that this run has made.
  void withdraw() noexcept;

  /// Of this job alone, and of whoever goes on with it.
  [[nodiscard]] std::uint64_t job_number() const noexcept { return job_number_; }

  /// Whether an earlier run has the result of `one`. Throws if number and URL do not belong together.
  [[nodiscard]] bool done(const target& one) const;

  /// How long the results were when it was noted last; 0: nothing was.
  [[nodiscard]] std::uint64_t results_end() const noexcept { return end_; }

  [[nodiscard]] std::uint64_t done_before() const noexcept { return before_; }
  [[nodiscard]] std::uint64_t failed_before() const noexcept { return failed_before_; }

  /// To be written by `flush`.
  void note(const target& one, std::uint64_t results_end, bool well);
  void flush();

 private:
  void read(std::string_view text);
  [[noreturn]] void refuse() const;

  std::filesystem::path file_;
  std::string first_line_;
  std::uint64_t job_number_ = 0;
  bool fresh_ = true;
  bool made_ = false;
  int descriptor_ = -1;
  std::vector<std::uint64_t> prints_;  ///< by number, of those done before; 0: not done
  std::uint64_t end_ = 0;
  std::uint64_t before_ = 0;
  std::uint64_t failed_before_ = 0;
  std::string lines_;
};

}  // namespace fetch
