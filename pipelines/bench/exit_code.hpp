// How the program ends: a number for scripts, a sentence for people. The numbers are those of penstock-load.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

namespace bench {

/// Stable: scripts depend on them.
enum class exit_code {
  ok = 0,
  internal = 1,            ///< a defect: an item is wrong or missing, or no threads or memory
  usage = 2,               ///< an unknown option, or a value that cannot be
  output_unwritable = 11,  ///< the report could not be written
  nothing_measured = 12,   ///< no item came through, of one of the values at least
  stopped = 20,            ///< by a signal; what was measured by then was reported
  cancelled = 21,          ///< by a second signal
};

/// For --help and the README: a line for each code.
std::string exit_code_table();

/// What ends the program early; `what()` is the sentence without the program's name.
class failure : public std::runtime_error {
 public:
  failure(exit_code code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
  [[nodiscard]] exit_code code() const noexcept { return code_; }

 private:
  exit_code code_;
};

/// What an exception means to the user. Any exception; never throws another one.
failure explain(const std::exception_ptr& thrown);

}  // namespace bench
