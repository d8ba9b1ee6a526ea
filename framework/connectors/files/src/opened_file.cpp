#include <penstock/connectors/files/opened_file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace penstock::files {
namespace {

[[noreturn]] void fail(int error, const char* attempt, const std::string& path, const char* because = "") {
  throw std::system_error(error, std::generic_category(),
                          std::string("cannot ") + attempt + " '" + path + "'" + because);
}

}  // namespace

opened_file::opened_file(std::string path) : path_(std::move(path)) {
  // Without O_NONBLOCK the open of a pipe would wait for a writer; reads of regular files do not know it.
  do descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) {
    // What a socket or a device without a driver says when it is opened.
    if (errno == ENXIO) fail(EOPNOTSUPP, "read", path_, ", which is not a regular file");
    fail(errno, "open", path_);
  }
  struct stat status{};
  const int error = ::fstat(descriptor_, &status) != 0 ? errno : 0;
  if (error == 0 && S_ISREG(status.st_mode)) {
    size_ = static_cast<std::uint64_t>(status.st_size);
    return;
  }
  ::close(descriptor_);
  if (error != 0) fail(error, "read", path_);
  if (S_ISDIR(status.st_mode)) fail(EISDIR, "read", path_);
  fail(EOPNOTSUPP, "read", path_, ", which is not a regular file");
}

opened_file::opened_file(opened_file&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      at_(other.at_) {}

opened_file::~opened_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::size_t opened_file::read(std::span<char> into) {
  const auto got = read_at(at_, into);
  at_ += got;
  return got;
}

std::size_t opened_file::read_at(std::uint64_t offset, std::span<char> into) const {
  std::size_t have = 0;
  while (have < into.size()) {
    const auto asked = into.size() - have;
    const auto got = ::pread(descriptor_, into.data() + have, asked, static_cast<off_t>(offset + have));
    if (got < 0) {
      if (errno == EINTR) continue;
      fail(errno, "read", path_);
    }
    have += static_cast<std::size_t>(got);
    // A short read that ends where the file did is the end, and saves the read that finds nothing. Where the size is no
    // help (it is 0 below /proc) only that one tells.
    if (got == 0 || (static_cast<std::size_t>(got) < asked && size_ != 0 && offset + have >= size_)) break;
  }
  return have;
}

}  // namespace penstock::files
