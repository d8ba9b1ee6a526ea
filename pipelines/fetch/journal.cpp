#include "journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <iterator>
#include <system_error>

#include "exit_code.hpp"

namespace fetch {
namespace {

[[noreturn]] void fail(exit_code code, const std::filesystem::path& file, const char* what) {
  const std::error_code why(errno, std::generic_category());
  throw failure(code, fmt::format("cannot {} the resume file '{}': {}", what, file.string(), why.message()));
}

}  // namespace

std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash | 1U;
}

journal::journal(const std::filesystem::path& file, std::string_view job) : file_(file) {
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(exit_code::output_unwritable, file, "open");
  std::string text;
  for (char piece[65536];;) {
    const auto got = ::read(descriptor_, piece, sizeof piece);
    if (got < 0) fail(exit_code::cannot_resume, file, "read");
    if (got == 0) break;
    text.append(piece, static_cast<std::size_t>(got));
  }
  const auto whole = text.rfind('\n') + 1;  // 0 where there is none
  if (whole != text.size() && ::ftruncate(descriptor_, static_cast<::off_t>(whole)) != 0)
    fail(exit_code::output_unwritable, file, "shorten");
  text.resize(whole);
  if (text.empty()) {
    lines_ = fmt::format("{}\n", job);
    flush();
  } else {
    read(text, job);
  }
}

journal::~journal() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void journal::read(const std::string& text, std::string_view job) {
  auto at = text.find('\n') + 1;
  if (text.substr(0, at - 1) != job)
    throw failure(exit_code::cannot_resume,
                  fmt::format("the resume file '{}' belongs to another job: '{}'", file_.string(),
                              text.substr(0, std::min<std::size_t>(at - 1, 200))));
  while (at < text.size()) {
    const auto end = text.find('\n', at);
    std::uint64_t values[3]{};
    const char* from = text.data() + at;
    const char* const to = text.data() + end;
    bool well = true;
    for (auto& value : values) {
      const auto [next, problem] = std::from_chars(from, to, value);
      well = well && problem == std::errc();
      from = next < to ? next + 1 : next;
    }
    if (!well || values[0] == 0 || values[0] > (std::uint64_t{1} << 32U))
      throw failure(exit_code::cannot_resume, fmt::format("'{}' is no resume file", file_.string()));
    if (values[0] >= prints_.size()) prints_.resize(std::max<std::size_t>(values[0] + 1, prints_.size() * 2));
    before_ += prints_[values[0]] == 0;
    prints_[values[0]] = values[1];
    end_ = values[2];
    at = end + 1;
  }
}

bool journal::done(const target& one) const {
  if (one.number >= prints_.size() || prints_[one.number] == 0) return false;
  if (prints_[one.number] == fingerprint(one.url)) return true;
  throw failure(exit_code::cannot_resume,
                fmt::format("URL {} is '{}', but the resume file '{}' was made with another one in its place",
                            one.number, one.url, file_.string()));
}

void journal::note(const target& one, std::uint64_t results_end) {
  if (descriptor_ >= 0)
    fmt::format_to(std::back_inserter(lines_), "{} {} {}\n", one.number, fingerprint(one.url), results_end);
}

void journal::flush() {
  std::string_view rest = lines_;
  while (!rest.empty()) {
    const auto written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(exit_code::output_unwritable, file_, "write");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  lines_.clear();
}

}  // namespace fetch
