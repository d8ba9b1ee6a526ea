#include <penstock/connectors/files/replacement.hpp>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

namespace penstock::files {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t buffer_bytes = std::size_t{64} << 10;
constexpr std::size_t longest_name = 255;  // NAME_MAX
constexpr std::string_view suffix = ".tmp";
constexpr std::size_t random_letters = 6;

// The end of a chain of links, which need not exist.
fs::path behind_links(fs::path path) {
  for (int links = 0;; ++links) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return path;
    if (links == 40) throw std::system_error(ELOOP, std::generic_category());
    path = path.parent_path() / fs::read_symlink(path);  // an absolute one replaces the parent
  }
}

fs::path folder_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

fs::path temporary_name(const fs::path& target) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEF";
  std::array<unsigned char, random_letters> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
    throw std::system_error(errno, std::generic_category());
  std::string name = "." + target.filename().string();
  name.resize(std::min(name.size(), longest_name - 1 - random_letters - suffix.size()));
  name += '.';
  for (const auto byte : random) name += letters[byte % letters.size()];
  name += suffix;
  return folder_of(target) / name;
}

}  // namespace

replacement::replacement(fs::path path) : path_(std::move(path)) {
  buffer_.reserve(buffer_bytes);
  try {
    target_ = behind_links(path_);
  } catch (const std::system_error& e) {
    fail(e.code().value());
  }
  struct stat old{};
  const bool there = ::stat(target_.c_str(), &old) == 0;
  if (!there && errno != ENOENT) fail(errno);
  if (there && S_ISDIR(old.st_mode)) fail(EISDIR);
  if (there && !S_ISREG(old.st_mode))
    throw std::system_error(EOPNOTSUPP, std::generic_category(),
                            "cannot replace '" + path_.string() + "', which is not a regular file");
  // The directory would let us; the file says that it is not to be changed.
  if (there && ::faccessat(AT_FDCWD, target_.c_str(), W_OK, AT_EACCESS) != 0) fail(errno);
  if (!target_.has_filename()) fail(ENOENT);

  do {
    temporary_ = temporary_name(target_);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, there ? 0600 : 0666);
  } while (descriptor_ < 0 && (errno == EEXIST || errno == EINTR));
  if (descriptor_ < 0) fail(errno);
  if (there) {
    // Only a privileged process gives files away; then the special bits are not for the new owner.
    const bool given = ::fchown(descriptor_, old.st_uid, old.st_gid) == 0;
    if (::fchmod(descriptor_, old.st_mode & (given ? 07777U : 0777U)) != 0) {
      const int error = errno;
      ::unlink(temporary_.c_str());
      ::close(descriptor_);
      fail(error);
    }
  }
}

replacement::~replacement() {
  if (descriptor_ < 0) return;
  ::unlink(temporary_.c_str());
  ::close(descriptor_);
}

void replacement::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, buffer_bytes - buffer_.size());
    buffer_ += part;
    bytes.remove_prefix(part.size());
    if (buffer_.size() == buffer_bytes) flush();
  }
}

void replacement::flush() {
  if (error_ != 0) fail(error_);
  std::string_view left = buffer_;
  while (!left.empty()) {
    const auto written = ::write(descriptor_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      error_ = errno;
      fail(error_);
    }
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
}

void replacement::commit() {
  flush();
  if (::fsync(descriptor_) != 0) {
    error_ = errno;
    fail(error_);
  }
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno);
  // From here on the new content is there, and the name of the temporary file is gone.
  const int file = std::exchange(descriptor_, -1);
  if (::close(file) != 0 && errno != EINTR) fail(errno);
  const int folder = ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) {
    // A directory that may be written but not read cannot be synced by anybody.
    if (errno == EACCES) return;
    fail(errno);
  }
  // Some file systems cannot sync a directory, and need not.
  const int error = ::fsync(folder) != 0 && errno != EINVAL ? errno : 0;
  ::close(folder);
  if (error != 0) fail(error);
}

void replacement::fail(int error) const {
  throw std::system_error(error, std::generic_category(), "cannot write '" + path_.string() + "'");
}

void write_whole(const fs::path& path, std::string_view bytes) {
  replacement content(path);
  content.append(bytes);
  content.commit();
}

}  // namespace penstock::files
