// The files that the program itself writes, which may lie in a directory that is counted.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

namespace text_stats {

/// Says of a path whether it is the summary, the file it grows in, or one that the database consists of. May ask the
/// file system, for names that are like one of these. Any thread.
class own_files {
 public:
  explicit own_files(const options& how);

  [[nodiscard]] bool operator()(std::string_view path) const;

 private:
  struct pattern {
    std::filesystem::path folder;
    std::string begin;  // of the name
    std::string end;    // of it, after the beginning; empty: the name is the beginning
  };
  std::vector<pattern> patterns_;
};

}  // namespace text_stats
