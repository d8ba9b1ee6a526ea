// What the program says on standard output at its end.
#pragma once

#include <string>
#include <vector>

#include "exit_code.hpp"
#include "measurement.hpp"
#include "options.hpp"

namespace bench {

/// The report as was asked for, with the line end: for one measurement in full, for a sweep a table; or one JSON
/// object. `error` is the sentence on standard error; empty: all went well.
std::string summary(const options& how, const std::vector<measurement>& all, exit_code code, const std::string& error);

}  // namespace bench
