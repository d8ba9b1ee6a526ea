#include "name_gate.hpp"

#include <algorithm>
#include <utility>

#include "transfer.hpp"

namespace penstock::http {
namespace {

/// Somewhat less than the 60 s for which libcurl keeps an address, counted from a look-up, as libcurl does.
constexpr duration kept = std::chrono::seconds(50);

}  // namespace

std::string_view name_to_look_up(std::string_view host) noexcept {
  if (host.starts_with('[')) return {};
  host = host.substr(0, host.rfind(':'));
  if (host == "localhost" || host.ends_with(".localhost")) return {};
  if (std::ranges::all_of(host, [](char c) { return (c >= '0' && c <= '9') || c == '.'; })) return {};
  return host;
}

bool name_gate::enter(const std::shared_ptr<transfer>& t, time_point now) {
  const auto& host = t->place;
  if (name_to_look_up(host).empty()) return true;
  auto at = names_.find(host);
  if (at == names_.end()) {
    // Names that are not in use come back in no time; so many at once are not kept.
    if (names_.size() > 4096)
      std::erase_if(names_, [&](const auto& one) { return !one.second.busy && one.second.fresh_until < now; });
    at = names_.emplace(host, name()).first;
  }
  auto& one = at->second;
  if (now < one.fresh_until) return true;
  if (one.busy) {
    one.parked.push_back(t);
    t->parked = true;
    return false;
  }
  one.busy = true;
  t->pioneer = true;
  return true;
}

name_gate::waiting name_gate::resolved(transfer& t, time_point now) {
  t.pioneer = false;
  auto& one = names_.find(t.place)->second;
  one.busy = false;
  one.fresh_until = after(now, kept);
  waiting go(std::move_iterator(one.parked.begin()), std::move_iterator(one.parked.end()));
  one.parked.clear();
  return go;
}

name_gate::waiting name_gate::passed(transfer& t) {
  t.pioneer = false;
  auto& one = names_.find(t.place)->second;
  one.busy = false;
  while (!one.parked.empty()) {
    auto next = std::move(one.parked.front());
    one.parked.pop_front();
    if (next->done) continue;
    one.busy = true;
    next->pioneer = true;
    return {std::move(next)};
  }
  return {};
}

name_gate::waiting name_gate::unresolved(transfer& t) {
  auto concerned = resolved(t, time_point::min());
  names_.find(t.place)->second.fresh_until = time_point::min();
  return concerned;
}

}  // namespace penstock::http
