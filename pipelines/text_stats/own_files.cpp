#include "own_files.hpp"

#include <algorithm>
#include <system_error>

namespace text_stats {
namespace {

namespace fs = std::filesystem;

// The directory of a file, as far as links lead.
fs::path folder_of(const fs::path& file) {
  std::error_code ignored;
  return fs::weakly_canonical(fs::absolute(file, ignored), ignored).parent_path();
}

}  // namespace

own_files::own_files(const options& how) {
  if (!how.summary.empty()) {
    const auto name = how.summary.filename().string();
    patterns_.push_back({folder_of(how.summary), name, ""});
    patterns_.push_back({folder_of(how.summary), "." + name + ".", ".tmp"});
  }
  if (!how.database.empty())
    for (const char* part : {"", "-wal", "-shm", "-journal"})
      patterns_.push_back({folder_of(how.database), how.database.filename().string() + part, ""});
}

bool own_files::operator()(std::string_view path) const {
  const auto name = path.substr(path.rfind('/') + 1);
  return std::ranges::any_of(patterns_, [&](const pattern& p) {
    const bool alike = p.end.empty() ? name == p.begin : name.starts_with(p.begin) && name.ends_with(p.end);
    return alike && folder_of(fs::path(path)) == p.folder;
  });
}

}  // namespace text_stats
