#include "rejects.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>
#include <utility>

#include "exit_code.hpp"
#include "page.hpp"

namespace load {
namespace {

using json = nlohmann::ordered_json;

std::string line_of(const json& object) { return object.dump(-1, ' ', false, json::error_handler_t::replace) + '\n'; }

json json_of(const penstock::sqlite::value_view& value) {
  using enum penstock::sqlite::kind;
  switch (value.kind()) {
    case null: return nullptr;
    case integer: return value.integer();
    case real: return value.real();
    case text:
    case blob: return value.bytes();
  }
  return nullptr;
}

}  // namespace

void rejects_file::write(const std::string& file, const penstock::files::rejected_row& row) {
  put(line_of({{"file", file}, {"line", row.line}, {"reason", row.reason}, {"bytes", row.bytes}, {"text", row.text}}));
}

void rejects_file::write(const std::string& file, const page& from, std::size_t row, std::string_view reason) {
  json values = json::array();
  for (std::size_t c = 0; c < from.columns(); ++c) values.push_back(json_of(from.cell(row, c)));
  put(line_of({{"file", file}, {"line", from.line(row)}, {"reason", reason}, {"values", std::move(values)}}));
}

void rejects_file::adopt(int descriptor, const char* attempt) {
  if (descriptor < 0) fail(attempt);
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
  struct stat status{};
  regular_ = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  std::unique_ptr<std::FILE, closer> opened(
      ::fdopen(descriptor, (::fcntl(descriptor, F_GETFL) & O_ACCMODE) == O_RDWR ? "r+b" : "wb"));
  if (!opened) {
    ::close(descriptor);
    fail(attempt);
  }
  if (regular_) lock(descriptor);
  file_ = std::move(opened);
}

// It goes with the process. Where the file system has no locks there is none.
void rejects_file::lock(int descriptor) const {
  const auto until = std::chrono::steady_clock::now() + patience_;
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    if (std::chrono::steady_clock::now() >= until)
      throw failure(exit_code::database_locked,
                    fmt::format("another program is writing to the file of rejected rows '{}'", path_.string()));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

bool rejects_file::open_as_it_is() {
  std::error_code ignored;
  if (std::filesystem::status(path_, ignored).type() != std::filesystem::file_type::regular) return false;
  adopt(::open(path_.c_str(), O_RDWR | O_CLOEXEC), "open");
  return true;
}

void rejects_file::take_in(std::uint64_t bytes) {
  std::array<char, std::size_t{64} << 10> part;
  while (bytes_ < bytes) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(part.size(), bytes - bytes_));
    const auto got = std::fread(part.data(), 1, wanted, file_.get());
    digest_.add({part.data(), got});
    bytes_ += got;
    if (got > 0) torn_at_ = part[got - 1] != '\n' ? std::optional(bytes_) : std::nullopt;
    if (got < wanted) break;
  }
  if (std::ferror(file_.get()) != 0) fail("read");
}

void rejects_file::find(std::uint64_t bytes, std::uint64_t digest, bool or_append) {
  std::error_code ignored;
  const auto type = std::filesystem::status(path_, ignored).type();
  if (type != std::filesystem::file_type::regular && type != std::filesystem::file_type::not_found) return;
  if (open_as_it_is()) take_in(bytes);
  if (bytes_ == bytes && digest_.value() == digest) return;
  if (!or_append)
    throw failure(exit_code::changed,
                  fmt::format("the file of rejected rows '{}' is not as the unfinished load left it; --rejects with "
                              "another name goes on there, --fresh begins the load anew",
                              path_.string()));
  if (file_) take_in(std::numeric_limits<std::uint64_t>::max());
}

void rejects_file::append() {
  if (open_as_it_is()) take_in(std::numeric_limits<std::uint64_t>::max());
}

void rejects_file::cut() {
  if (!file_ || !regular_) return;
  if (std::fseek(file_.get(), static_cast<long>(bytes_), SEEK_SET) != 0 ||
      ::ftruncate(::fileno(file_.get()), static_cast<off_t>(bytes_)) != 0)
    fail("shorten");
}

void rejects_file::back_to(std::uint64_t bytes, std::uint64_t digest) {
  if (!file_ || !regular_ || bytes_ == bytes) return;
  bytes_ = bytes;
  digest_ = bytes == 0 ? fingerprint() : fingerprint(digest);
  cut();
}

void rejects_file::keep_off() noexcept {
  not_ours_ = true;
  file_.reset();
  regular_ = false;
}

void rejects_file::require_ours() const {
  if (not_ours_)
    throw failure(exit_code::output_unwritable,
                  fmt::format("the file of rejected rows '{}' holds those of another unfinished load; --rejects names "
                              "another file, or that load goes on first",
                              path_.string()));
}

void rejects_file::hold() {
  require_ours();
  // Opening a named pipe that nobody reads would wait for ever, and could not be stopped.
  if (!held()) adopt(::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666), "create");
}

void rejects_file::put(const std::string& line) {
  if (torn_at_ == bytes_) append_bytes("\n");
  append_bytes(line);
}

void rejects_file::append_bytes(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) fail("write");
  bytes_ += bytes.size();
  digest_.add(bytes);
  unsynced_ = true;
}

void rejects_file::sync() {
  if (!std::exchange(unsynced_, false)) return;
  if (std::fflush(file_.get()) != 0) fail("write");
  if (regular_ && ::fdatasync(::fileno(file_.get())) != 0 && errno != EINVAL) fail("write");
}

void rejects_file::fail(const char* attempt) const {
  const std::error_code why(errno, std::generic_category());
  throw failure(exit_code::output_unwritable,
                fmt::format("cannot {} the file of rejected rows '{}': {}", attempt, path_.string(),
                            why.value() == ENXIO ? "nobody reads this named pipe" : why.message()));
}

}  // namespace load
