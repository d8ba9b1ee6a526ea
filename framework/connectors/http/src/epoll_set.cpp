#include "epoll_set.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <new>
#include <system_error>

namespace penstock::http {

epoll_set::epoll_set() : set_(::epoll_create1(EPOLL_CLOEXEC)), events_(256) {
  if (set_ < 0) throw std::system_error(errno, std::generic_category(), "cannot make an epoll set");
}

epoll_set::~epoll_set() { ::close(set_); }

void epoll_set::opened(int socket) {
  const auto at = static_cast<std::size_t>(socket);
  if (at >= entries_.size()) entries_.resize(std::max(at + 1, entries_.size() * 2));
  entries_[at] = {0, 0, true};
}

void epoll_set::closed(int socket) noexcept {
  if (const auto at = static_cast<std::size_t>(socket); at < entries_.size()) entries_[at] = {};
}

bool epoll_set::want(int socket, std::uint32_t events) noexcept {
  const auto at = static_cast<std::size_t>(socket);
  if (at >= entries_.size()) {
    try {
      entries_.resize(std::max(at + 1, entries_.size() * 2));
    } catch (const std::bad_alloc&) {
      return false;
    }
  }
  auto& one = entries_[at];
  one.wanted = events;
  if (events == 0) {
    if (!one.known) remove(socket);
    return true;
  }
  return events == one.registered || put(socket, events);
}

bool epoll_set::put(int socket, std::uint32_t events) noexcept {
  auto& one = entries_[static_cast<std::size_t>(socket)];
  epoll_event event{};
  event.events = events;
  event.data.fd = socket;
  const int likely = one.registered != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (::epoll_ctl(set_, likely, socket, &event) != 0) {
    const int other = errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (other == likely || ::epoll_ctl(set_, other, socket, &event) != 0) return false;
  }
  one.registered = events;
  return true;
}

void epoll_set::remove(int socket) noexcept {
  auto& one = entries_[static_cast<std::size_t>(socket)];
  if (one.registered != 0) ::epoll_ctl(set_, EPOLL_CTL_DEL, socket, nullptr);
  one.registered = 0;
}

std::span<const epoll_event> epoll_set::ready() noexcept {
  const int found = ::epoll_wait(set_, events_.data(), static_cast<int>(events_.size()), 0);
  std::size_t kept = 0;
  for (int i = 0; i < found; ++i) {
    const auto& event = events_[static_cast<std::size_t>(i)];
    if (entries_[static_cast<std::size_t>(event.data.fd)].wanted == 0)
      remove(event.data.fd);
    else
      events_[kept++] = event;
  }
  return {events_.data(), kept};
}

}  // namespace penstock::http
