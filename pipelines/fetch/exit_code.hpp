// How the program ends: a number for scripts, a sentence for people. The numbers are those of penstock-load.
#pragma once

#include <exception>
#include <string>

#include <common/command.hpp>

namespace fetch {

/// Stable: scripts depend on them.
enum class exit_code {
  ok = 0,
  internal = 1,            ///< a defect of the program, or no threads or memory
  usage = 2,               ///< an unknown option, or a value that cannot be
  input_unreadable = 3,    ///< standard input failed while reading
  nothing_usable = 4,      ///< there was no URL
  output_unwritable = 11,  ///< the results, a body or the resume file could not be written
  some_failed = 12,        ///< some URL has no answer, or one with a status of 400 and more; each has its line
  cannot_resume = 13,      ///< the resume file belongs to another job, or the results are not as it says
  stopped = 20,            ///< by a signal; what was under way is finished and written
  cancelled = 21,          ///< by a second signal, or because the drain took too long
};

/// For --help and the README: a line for each code.
std::string exit_code_table();

using failure = common::failure<exit_code>;

/// What an exception of the libraries means to the user. Any exception; never throws another one.
failure explain(const std::exception_ptr& thrown);

}  // namespace fetch
