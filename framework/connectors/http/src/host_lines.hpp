// Who may begin at a host: a line for each, so that a host that is slow, or has a low rate, holds up nobody else.
//
// libcurl has a bound for a host, too, but one line for all: whoever stands first there, and may not go yet, stands in
// the way of requests to other hosts.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace penstock::http {

class transfer;

/// Rules only; not safe for concurrent use.
class host_lines {
 public:
  using waiting = std::vector<std::shared_ptr<transfer>>;

  /// `most`: to one host at once, 0 without a bound. `one_books`: of those to a host, one at a time waits for permits.
  host_lines(std::size_t most, bool one_books) noexcept : most_(most), one_books_(one_books) {}

  /// True: it may go on. False: in line; some `booked` or `left` will give it back.
  [[nodiscard]] bool enter(const std::shared_ptr<transfer>& t);

  /// It has its permits. Who may go on now.
  [[nodiscard]] waiting booked(transfer& t);

  /// It has ended. Who may go on now.
  [[nodiscard]] waiting left(transfer& t);

  void clear() { lines_.clear(); }

 private:
  struct line {
    std::size_t inside = 0;
    bool booking = false;
    std::deque<std::shared_ptr<transfer>> waiting;
  };

  [[nodiscard]] bool has_room(const line& of) const noexcept;
  void let_in(line& into, transfer& t) const noexcept;
  waiting next(line& of) const;

  // Constant.
  std::size_t most_;
  bool one_books_;

  std::unordered_map<std::string, line> lines_;
};

}  // namespace penstock::http
