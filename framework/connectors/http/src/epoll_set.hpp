// The sockets of a client, in an epoll set of its own: Asio waits for the set, which is one descriptor however many
// requests there are, and takes what is ready in a batch. Linux only.
//
// libcurl says when a request begins and ends to care for a socket, and with kept connections that is twice for each
// request. So an interest that ends is only noted, and taken back when something happens that nobody waits for.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>
#include <vector>

namespace penstock::http {

class epoll_set {
 public:
  /// Throws `std::system_error`.
  epoll_set();
  ~epoll_set();
  epoll_set(const epoll_set&) = delete;
  epoll_set& operator=(const epoll_set&) = delete;

  /// Readable while something is ready. Stays ours.
  [[nodiscard]] int descriptor() const noexcept { return set_; }

  /// A socket was made, or closed: nothing that was known of that number holds any more.
  void opened(int socket);
  void closed(int socket) noexcept;

  /// `events` (EPOLLIN, EPOLLOUT) are waited for; 0: none. False: the system refuses.
  [[nodiscard]] bool want(int socket, std::uint32_t events) noexcept;

  /// What is ready now, and wanted; never waits. Valid until the next call.
  [[nodiscard]] std::span<const epoll_event> ready() noexcept;

 private:
  struct entry {
    std::uint32_t wanted = 0;
    std::uint32_t registered = 0;
    bool known = false;  ///< we hear of its end: its interest may be kept
  };

  bool put(int socket, std::uint32_t events) noexcept;
  void remove(int socket) noexcept;

  int set_;
  std::vector<entry> entries_;  ///< by number
  std::vector<epoll_event> events_;
};

}  // namespace penstock::http
