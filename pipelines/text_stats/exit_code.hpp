// How the program ends: a number for scripts, a sentence for people. The numbers are those of penstock-load.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

namespace text_stats {

/// Stable: scripts depend on them.
enum class exit_code {
  ok = 0,
  internal = 1,            ///< a defect of the program, or no threads or memory
  usage = 2,               ///< an unknown option, or a value that cannot be
  input_unreadable = 3,    ///< some files could not be read; all others were counted
  database_unusable = 7,   ///< cannot be opened, is none, has another table of that name, or failed while writing
  database_read_only = 8,  ///< the database or its directory may not be written
  database_locked = 9,     ///< another program is writing to it
  disk_full = 10,          ///< no room for the database
  output_unwritable = 11,  ///< the summary, or the report, could not be written
  stopped = 20,            ///< by a signal; the files that were begun are counted
  cancelled = 21,          ///< by a second signal, or because the drain took too long
};

/// For --help: a line for each code.
std::string exit_code_table();

/// What ends the program early; `what()` is the sentence without the program's name.
class failure : public std::runtime_error {
 public:
  failure(exit_code code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
  [[nodiscard]] exit_code code() const noexcept { return code_; }

 private:
  exit_code code_;
};

/// What an exception of the libraries means to the user. Any exception; never throws another one.
failure explain(const std::exception_ptr& thrown);

}  // namespace text_stats
