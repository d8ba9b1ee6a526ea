#include "rejects.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

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

void rejects_file::put(const std::string& line) {
  if (!file_) {
    // Opening a named pipe that nobody reads would wait for ever, and could not be stopped.
    const int descriptor = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666);
    if (descriptor < 0) fail("create");
    ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
    file_.reset(::fdopen(descriptor, "wb"));
    if (!file_) {
      ::close(descriptor);
      fail("create");
    }
  }
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size()) fail("write");
}

void rejects_file::flush() {
  if (file_ && std::fflush(file_.get()) != 0) fail("write");
}

void rejects_file::fail(const char* attempt) const {
  const std::error_code why(errno, std::generic_category());
  throw failure(exit_code::output_unwritable,
                fmt::format("cannot {} the file of rejected rows '{}': {}", attempt, path_.string(),
                            why.value() == ENXIO ? "nobody reads this named pipe" : why.message()));
}

}  // namespace load
