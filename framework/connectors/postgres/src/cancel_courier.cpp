#include "cancel_courier.hpp"

#include <array>
#include <csignal>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

namespace penstock::postgres::detail {
namespace {

// A server that cannot be reached holds up one of these for minutes; more of them would not reach it either.
constexpr std::size_t most_threads = 4;

struct courier {
  std::mutex mutex;
  std::deque<PGcancel*> waiting;  // guarded by mutex
  std::size_t threads = 0;        // guarded by mutex
};

// Never destroyed: its threads may be on their way when the program ends.
courier& the_courier() {
  static auto* const instance = new courier;
  return *instance;
}

void deliver() noexcept {
  // PQcancel, other than the rest of libpq, writes without MSG_NOSIGNAL: a server that hangs up first would end the
  // program.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  auto& c = the_courier();
  for (;;) {
    PGcancel* next = nullptr;
    {
      const std::lock_guard hold(c.mutex);
      if (c.waiting.empty()) {
        --c.threads;
        return;
      }
      next = c.waiting.front();
      c.waiting.pop_front();
    }
    std::array<char, 256> unread;
    PQcancel(next, unread.data(), static_cast<int>(unread.size()));
    PQfreeCancel(next);
  }
}

}  // namespace

void send_cancel(PGconn* connection) noexcept {
  PGcancel* const request = PQgetCancel(connection);
  if (request == nullptr) return;
  bool queued = false;
  try {
    auto& c = the_courier();
    const std::lock_guard hold(c.mutex);
    c.waiting.push_back(request);
    queued = true;
    if (c.threads < most_threads) {
      std::thread(deliver).detach();
      ++c.threads;
    }
  } catch (...) {  // no memory or no thread: the server finds out when it writes to a closed connection
    if (!queued) PQfreeCancel(request);
  }
}

}  // namespace penstock::postgres::detail
