// Where the URLs come from: the command line, or a line each on standard input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <penstock/base/stop.hpp>

#include "options.hpp"

namespace fetch {

/// A URL, and which of the input it is, from 1.
struct target {
  std::uint64_t number = 0;
  std::string url;
};

/// May wait for standard input; a stop ends that. Fails with `failure` (input unreadable). One thread at a time.
class url_source {
 public:
  explicit url_source(const options& how) : how_(how) {}

  /// Nothing: there are no more, or a stop was requested. Empty lines are left out and not counted.
  std::optional<target> next(const penstock::stop_token& stop);

 private:
  /// False: the end.
  bool read_more(const penstock::stop_token& stop);

  const options& how_;
  std::uint64_t given_ = 0;
  std::string read_;  ///< of standard input, from `at_` on not given yet
  std::size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace fetch
