// What the program says on standard output at its end.
#pragma once

#include <string>

#include <penstock/pipeline/report.hpp>

#include "exit_code.hpp"

namespace load {

class job;

/// How a load ended: its exit code, and the sentence about it, empty if all went well.
struct ending {
  exit_code code = exit_code::ok;
  std::string sentence;
};

/// The ending of a run by its report.
ending ending_of(const penstock::report& run, const job& work);

/// What is to be said of inputs that were loaded already.
std::string note_of(const job& work);

/// The report as --report asks for it, a table or one JSON object, with the line end.
std::string summary(const penstock::report& run, const job& work, const ending& how);

}  // namespace load
