#include "url_source.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

#include "exit_code.hpp"

namespace fetch {
namespace {

constexpr std::size_t longest_line = std::size_t{1} << 20;

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view blank = " \t\r";
  const auto from = line.find_first_not_of(blank);
  if (from == std::string_view::npos) return {};
  return line.substr(from, line.find_last_not_of(blank) - from + 1);
}

}  // namespace

std::optional<target> url_source::next(const penstock::stop_token& stop) {
  if (!how_.from_input) {
    if (given_ == how_.urls.size() || stop.stop_requested()) return std::nullopt;
    const auto& url = how_.urls[given_++];
    return target{given_, url};
  }
  for (;;) {
    auto end = read_.find('\n', at_);
    if (end == std::string::npos) {
      if (!ended_) {
        if (!read_more(stop)) return std::nullopt;
        continue;
      }
      if (at_ == read_.size()) return std::nullopt;
      end = read_.size();
    }
    const auto line = trimmed(std::string_view(read_).substr(at_, end - at_));
    at_ = end < read_.size() ? end + 1 : end;
    if (!line.empty()) return target{++given_, std::string(line)};
  }
}

bool url_source::read_more(const penstock::stop_token& stop) {
  read_.erase(0, at_);
  at_ = 0;
  if (read_.size() > longest_line)
    throw failure(exit_code::input_unreadable, "standard input has a line of more than 1 MiB, which is no URL");
  for (;;) {
    if (stop.stop_requested()) return false;
    // A read could not be interrupted; a stop is looked for ten times a second while nothing comes.
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 100) <= 0) continue;
    constexpr std::size_t piece = std::size_t{64} << 10;
    const auto have = read_.size();
    read_.resize(have + piece);
    const auto got = ::read(STDIN_FILENO, read_.data() + have, piece);
    read_.resize(have + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got > 0) return true;
    if (got == 0) {
      ended_ = true;
      return true;
    }
    if (errno == EINTR || errno == EAGAIN) continue;
    const std::error_code why(errno, std::generic_category());
    throw failure(exit_code::input_unreadable, "cannot read standard input: " + why.message());
  }
}

}  // namespace fetch
