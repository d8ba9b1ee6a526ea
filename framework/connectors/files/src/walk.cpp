#include <penstock/connectors/files/walk.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <penstock/base/error.hpp>

namespace penstock::files {
namespace {

constexpr std::size_t first_batch = 16;

struct close_directory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

file_failure failure_of(int error, const char* attempt, const std::string& path) {
  const std::error_code code(error, std::generic_category());
  return {code, std::string("cannot ") + attempt + " '" + path + "': " + code.message()};
}

// The shell's patterns; the usual ones, `*` and `*.txt`, without the cost of the general case.
class name_filter {
 public:
  explicit name_filter(std::string glob) : glob_(std::move(glob)) {
    suffix_only_ = glob_.starts_with('*') && glob_.find_first_of("*?[\\", 1) == std::string::npos;
  }

  [[nodiscard]] bool passes(const char* name) const {
    if (suffix_only_) return std::string_view(name).ends_with(std::string_view(glob_).substr(1));
    return ::fnmatch(glob_.c_str(), name, 0) == 0;
  }

 private:
  std::string glob_;
  bool suffix_only_;
};

}  // namespace

struct walk::position {
  position(const std::vector<std::string>& all, const walk_options& how)
      : roots(all), filter(how.glob), deep(how.depth == depth::recursive), batch(std::min(how.batch, first_batch)) {}

  std::vector<std::string> roots;
  std::size_t next_root = 0;
  std::vector<std::string> pending;  // directories to be listed; the last is the next
  std::string prefix;                // of the open one, with a slash
  std::unique_ptr<DIR, close_directory> open;
  name_filter filter;
  bool deep;
  std::size_t batch;  // of the call

  bool open_next(std::vector<found>& into);
  void begin_root(std::vector<found>& into);
  void list(std::vector<found>& into);
  void take(const dirent& entry, std::vector<found>& into);
};

// False: there is nothing more.
bool walk::position::open_next(std::vector<found>& into) {
  if (pending.empty()) {
    if (next_root == roots.size()) return false;
    begin_root(into);
    return true;
  }
  std::string path = std::move(pending.back());
  pending.pop_back();
  open.reset(::opendir(path.c_str()));
  if (!open) {
    auto why = failure_of(errno, "list the directory", path);
    into.push_back({std::move(path), std::move(why)});
    return true;
  }
  prefix = std::move(path);
  if (!prefix.ends_with('/')) prefix += '/';
  return true;
}

void walk::position::begin_root(std::vector<found>& into) {
  const std::string& root = roots[next_root++];
  struct stat status{};
  if (::stat(root.c_str(), &status) != 0) {
    into.push_back({root, failure_of(errno, "open", root)});
  } else if (S_ISDIR(status.st_mode)) {
    pending.push_back(root);
  } else if (S_ISREG(status.st_mode)) {
    into.push_back({root});
  } else {
    into.push_back({root, failure_of(EOPNOTSUPP, "read what is no regular file,", root)});
  }
}

// Until the batch is full or the directory ends.
void walk::position::list(std::vector<found>& into) {
  while (into.size() < batch) {
    errno = 0;
    // Safe on a stream of one's own. NOLINTNEXTLINE(concurrency-mt-unsafe)
    const dirent* const entry = ::readdir(open.get());
    if (entry == nullptr) {
      const int error = errno;
      if (error != 0) into.push_back({prefix, failure_of(error, "list the directory", prefix)});
      open.reset();
      return;
    }
    take(*entry, into);
  }
}

void walk::position::take(const dirent& entry, std::vector<found>& into) {
  const char* const name = entry.d_name;
  if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) return;
  auto type = entry.d_type;
  struct stat status{};
  const int directory = ::dirfd(open.get());
  // Not every file system says in the directory what an entry is.
  if (type == DT_UNKNOWN && ::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
    type = static_cast<unsigned char>(IFTODT(status.st_mode));
  if (type == DT_DIR) {
    if (deep) pending.push_back(prefix + name);
    return;
  }
  if (type != DT_REG && type != DT_LNK && type != DT_UNKNOWN) return;
  if (!filter.passes(name)) return;
  std::string path = prefix + name;
  if (type != DT_REG) {
    if (::fstatat(directory, name, &status, 0) != 0) {
      // What was there and is gone was not found; a link that leads nowhere is still there.
      if (type == DT_UNKNOWN && errno == ENOENT) return;
      auto why = failure_of(errno, "open", path);
      into.push_back({std::move(path), std::move(why)});
      return;
    }
    if (!S_ISREG(status.st_mode)) return;
  }
  into.push_back({std::move(path)});
}

walk::walk(std::vector<std::string> roots, walk_options options)
    : roots_(std::move(roots)), options_(std::move(options)) {
  if (options_.batch == 0) throw declaration_error("files::walk: batch is 0, so no call could return a file");
}

std::optional<std::vector<found>> walk::operator()() {
  if (!position_) position_ = std::make_shared<position>(roots_, options_);
  position& p = *position_;
  std::vector<found> batch;
  batch.reserve(p.batch);
  while (batch.size() < p.batch) {
    if (p.open) {
      p.list(batch);
    } else if (!p.open_next(batch)) {
      break;
    }
  }
  p.batch = p.batch < options_.batch / 2 ? 2 * p.batch : options_.batch;
  if (batch.empty()) return std::nullopt;
  return batch;
}

}  // namespace penstock::files
