// What is handed over.
//
// Every queue holds 1024 items at most: penstock's default for an edge, far more than what a pair of threads needs to
// work in strides, and 64 KiB of the largest items, so that no contender is measured on its cache misses.
#pragma once

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/measured.hpp"

namespace bench::handoff {

inline constexpr std::size_t capacity = 1024;
inline constexpr std::size_t batch = 256;

template <std::size_t Bytes>
struct item {
  std::array<std::uint64_t, Bytes / 8> words;
};

template <std::size_t Bytes>
item<Bytes> make_item(std::uint64_t number) {
  item<Bytes> made;
  made.words.fill(value(number));
  return made;
}

/// An item that was torn spoils the sum.
template <std::size_t Bytes>
void add(answer& seen, const item<Bytes>& got) {
  seen.add(got.words.front() + (got.words.front() ^ got.words.back()));
}

/// Consumers take a fixed share each, since not every contender can close its queue, so a lost item would be waited
/// for.
class watchdog {
 public:
  watchdog() {
    signal(SIGALRM, [](int) {
      constexpr char text[] = "a run did not end within a minute: an item was lost, or a wakeup\n";
      static_cast<void>(!write(STDERR_FILENO, text, sizeof text - 1));
      _exit(1);
    });
    alarm(60);
  }
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  ~watchdog() { alarm(0); }
};

}  // namespace bench::handoff
