#include "rejects.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>
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

void rejects_file::hold(int descriptor, const char* attempt) {
  if (descriptor < 0) fail(attempt);
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
  struct stat status{};
  regular_ = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  file_.reset(::fdopen(descriptor, (::fcntl(descriptor, F_GETFL) & O_ACCMODE) == O_RDWR ? "r+b" : "wb"));
  if (!file_) {
    ::close(descriptor);
    fail(attempt);
  }
}

void rejects_file::go_on(std::uint64_t bytes, std::uint64_t digest) {
  std::error_code ignored;
  const auto type = std::filesystem::status(path_, ignored).type();
  const bool regular = type == std::filesystem::file_type::regular;
  if (bytes == 0 || (!regular && type != std::filesystem::file_type::not_found)) return;
  if (regular) {
    hold(::open(path_.c_str(), O_RDWR | O_CLOEXEC), "open");
    std::array<char, std::size_t{64} << 10> part;
    while (bytes_ < bytes) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(part.size(), bytes - bytes_));
      const auto got = std::fread(part.data(), 1, wanted, file_.get());
      digest_.add({part.data(), got});
      bytes_ += got;
      if (got < wanted) break;
    }
  }
  if (bytes_ < bytes || digest_.value() != digest)
    throw failure(exit_code::changed,
                  fmt::format("the file of rejected rows '{}' is not as the unfinished load left it; --rejects with "
                              "another name goes on there, --fresh begins the load anew",
                              path_.string()));
  if (std::fseek(file_.get(), 0, SEEK_CUR) != 0 || ::ftruncate(::fileno(file_.get()), static_cast<off_t>(bytes)) != 0)
    fail("shorten");
}

void rejects_file::put(const std::string& line) {
  // Opening a named pipe that nobody reads would wait for ever, and could not be stopped.
  if (!file_) hold(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666), "create");
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size()) fail("write");
  bytes_ += line.size();
  digest_.add(line);
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
