#include "host_lines.hpp"

#include <utility>

#include "transfer.hpp"

namespace penstock::http {

bool host_lines::has_room(const line& of) const noexcept {
  return (most_ == 0 || of.inside < most_) && !(one_books_ && of.booking);
}

void host_lines::let_in(line& into, transfer& t) const noexcept {
  ++into.inside;
  t.at_host = true;
  t.books = into.booking = one_books_;
}

bool host_lines::enter(const std::shared_ptr<transfer>& t) {
  if (most_ == 0 && !one_books_) return true;
  auto& mine = lines_[t->place];
  if (mine.waiting.empty() && has_room(mine)) {
    let_in(mine, *t);
    return true;
  }
  mine.waiting.push_back(t);
  t->in_line = true;
  return false;
}

host_lines::waiting host_lines::booked(transfer& t) {
  if (!std::exchange(t.books, false)) return {};
  auto& mine = lines_.find(t.place)->second;
  mine.booking = false;
  return next(mine);
}

host_lines::waiting host_lines::left(transfer& t) {
  if (!std::exchange(t.at_host, false)) return {};  // one that leaves the line before its turn is passed over then
  const auto at = lines_.find(t.place);
  auto& mine = at->second;
  --mine.inside;
  if (std::exchange(t.books, false)) mine.booking = false;
  auto go = next(mine);
  if (mine.inside == 0 && mine.waiting.empty()) lines_.erase(at);
  return go;
}

host_lines::waiting host_lines::next(line& of) const {
  waiting go;
  while (!of.waiting.empty() && (of.waiting.front()->done || has_room(of))) {
    auto first = std::move(of.waiting.front());
    of.waiting.pop_front();
    if (first->done) continue;
    let_in(of, *first);
    go.push_back(std::move(first));
  }
  return go;
}

}  // namespace penstock::http
