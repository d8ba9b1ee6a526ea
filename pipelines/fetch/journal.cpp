#include "journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <random>
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

journal::journal() {
  std::random_device random;
  job_number_ = (std::uint64_t{random()} << 32U) | random();
}

journal::journal(const std::filesystem::path& file, std::string_view job) : journal() {
  file_ = file;
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
  made_ = descriptor_ >= 0;
  if (!made_) descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(exit_code::output_unwritable, file, "open");
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    throw failure(exit_code::cannot_resume, fmt::format("another run is using the resume file '{}'", file.string()));
  std::string text;
  for (char piece[65536];;) {
    const auto got = ::read(descriptor_, piece, sizeof piece);
    if (got < 0) fail(exit_code::cannot_resume, file, "read");
    if (got == 0) break;
    text.append(piece, static_cast<std::size_t>(got));
  }
  const auto prefix = fmt::format("{} ", job);
  const auto end = text.find('\n');
  const std::string_view first = std::string_view(text).substr(0, end);
  const bool of_this_job = first.starts_with(prefix);
  const auto number = of_this_job ? first.substr(prefix.size()) : std::string_view();
  const bool hexadecimal =
      number.find_first_not_of("0123456789abcdef") == std::string_view::npos && number.size() <= 16;
  if (end == std::string::npos) {  // nothing, or a first line that was cut off
    if (!(of_this_job ? hexadecimal : prefix.starts_with(first))) refuse();
    first_line_ = fmt::format("{}{:016x}\n", prefix, job_number_);
    return;
  }
  if (!first.starts_with("penstock-fetch ")) refuse();
  if (!of_this_job)
    throw failure(exit_code::cannot_resume, fmt::format("the resume file '{}' belongs to another job: '{}'",
                                                        file_.string(), first.substr(0, 200)));
  if (!hexadecimal || number.size() != 16) refuse();
  std::from_chars(number.data(), number.data() + number.size(), job_number_, 16);
  fresh_ = false;
  const auto whole = text.rfind('\n') + 1;
  read(std::string_view(text).substr(end + 1, whole - end - 1));
  if (whole != text.size() && ::ftruncate(descriptor_, static_cast<::off_t>(whole)) != 0)
    fail(exit_code::output_unwritable, file, "shorten");
}

void journal::begin() {
  if (descriptor_ < 0 || !fresh_) return;
  if (::ftruncate(descriptor_, 0) != 0) fail(exit_code::output_unwritable, file_, "shorten");
  lines_ = first_line_;
  flush();
}

void journal::withdraw() noexcept {
  if (made_) ::unlink(file_.c_str());
}

void journal::refuse() const {
  throw failure(exit_code::cannot_resume, fmt::format("'{}' is no resume file", file_.string()));
}

journal::~journal() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void journal::read(std::string_view text) {
  // Results come out of order, but by no more than what can be under way.
  const auto most = static_cast<std::uint64_t>(std::ranges::count(text, '\n')) + 200'000;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::uint64_t values[4]{};
    const char* from = text.data();
    const char* const to = text.data() + end;
    bool well = true;
    for (auto& value : values) {
      const auto [next, problem] = std::from_chars(from, to, value);
      well = well && problem == std::errc();
      from = next < to ? next + 1 : next;
    }
    if (!well || values[0] == 0 || values[0] > most || values[3] > 1) refuse();
    if (values[0] >= prints_.size()) prints_.resize(std::max<std::size_t>(values[0] + 1, prints_.size() * 2));
    before_ += prints_[values[0]] == 0;
    failed_before_ += values[3];
    prints_[values[0]] = values[1];
    end_ = values[2];
    text.remove_prefix(end + 1);
  }
}

bool journal::done(const target& one) const {
  if (one.number >= prints_.size() || prints_[one.number] == 0) return false;
  if (prints_[one.number] == fingerprint(one.url)) return true;
  throw failure(exit_code::cannot_resume,
                fmt::format("URL {} is '{}', but the resume file '{}' was made with another one in its place",
                            one.number, one.url, file_.string()));
}

void journal::note(const target& one, std::uint64_t results_end, bool well) {
  if (descriptor_ >= 0)
    fmt::format_to(std::back_inserter(lines_), "{} {} {} {}\n", one.number, fingerprint(one.url), results_end,
                   well ? 0 : 1);
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
