// What a program does before and after its work, whatever that is.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace common {

/// A standard stream that was closed would be the number of the next file to be opened, which then took what is said to
/// the user, or gave what was to come from him. What stands in can be neither read (0) nor written (1, 2).
void occupy_standard_streams();

/// A run hears signals while it lasts. Before, they must not get lost; after it, nothing may cut off the report: so
/// this is kept to the very end of the process.
class outer_signals {
 public:
  outer_signals();

  /// Whether one came before the run could hear it.
  [[nodiscard]] bool came();

 private:
  boost::asio::io_context context_;
  boost::asio::signal_set set_;
  bool came_ = false;
};

/// "program: sentence" on standard error, as one line: a name in it may hold a line end, or worse for a terminal.
/// Nobody may be reading it.
void complain(std::string_view program, std::string_view sentence);

/// What ends a program early; `what()` is the sentence without the program's name. `Code` is its own enumeration.
template <class Code>
class failure : public std::runtime_error {
 public:
  failure(Code code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
  [[nodiscard]] Code code() const noexcept { return code_; }

 private:
  Code code_;
};

}  // namespace common
