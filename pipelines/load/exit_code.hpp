// How the program ends: a number for scripts, a sentence for people.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

namespace load {

/// Stable: scripts depend on them.
enum class exit_code {
  ok = 0,
  internal = 1,            ///< a defect of the program
  usage = 2,               ///< an unknown option, or a value that cannot be
  input_unreadable = 3,    ///< no such file, no permission, a directory, or a read that failed
  nothing_usable = 4,      ///< an empty file, or one that is neither CSV nor NDJSON
  bad_row = 5,             ///< a malformed row under --on-bad-row fail
  other_columns = 6,       ///< the table, or a further file, has other columns
  database_unusable = 7,   ///< cannot be opened, is no database, or failed while writing
  database_read_only = 8,  ///< the database or its directory may not be written
  database_locked = 9,     ///< another program is writing to it, or to the rejected rows
  disk_full = 10,          ///< no room for the database
  output_unwritable = 11,  ///< the file of rejected rows, or the report, could not be written
  changed = 12,            ///< a load cannot go on: the inputs or the rejected rows are not as it left them
  damaged = 13,            ///< a compressed input is cut off or damaged
  stopped = 20,            ///< by a signal; what was read by then is committed
  cancelled = 21,          ///< by a second signal, or because the drain took too long
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

/// What an exception of the libraries means to the user. Any exception; never throws another one.
failure explain(const std::exception_ptr& thrown);

}  // namespace load
