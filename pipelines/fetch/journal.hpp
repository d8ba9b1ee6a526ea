// The resume file: what is done, so that a run that was killed can go on.
//
// First a line that says which job this is; then a line for each URL whose result is in the file of results: its number
// in the input, a fingerprint of the URL, and how long the results are with it. A result is written before it is noted.
// So after a kill the results may be longer than noted; what is beyond is cut off, and fetched again. A last line
// without its end is as good as none.
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
  journal() = default;

  /// Reads `file` if there is one, or makes it. `job` is what must be the same, without line ends.
  journal(const std::filesystem::path& file, std::string_view job);
  ~journal();
  journal(const journal&) = delete;
  journal& operator=(const journal&) = delete;

  /// Whether an earlier run has the result of `one`. Throws if number and URL do not belong together.
  [[nodiscard]] bool done(const target& one) const;

  /// How long the results were when it was noted last; 0: nothing was.
  [[nodiscard]] std::uint64_t results_end() const noexcept { return end_; }

  [[nodiscard]] std::uint64_t done_before() const noexcept { return before_; }

  /// To be written by `flush`.
  void note(const target& one, std::uint64_t results_end);
  void flush();

 private:
  void read(const std::string& text, std::string_view job);

  std::filesystem::path file_;
  int descriptor_ = -1;
  std::vector<std::uint64_t> prints_;  ///< by number, of those done before; 0: not done
  std::uint64_t end_ = 0;
  std::uint64_t before_ = 0;
  std::string lines_;
};

}  // namespace fetch
