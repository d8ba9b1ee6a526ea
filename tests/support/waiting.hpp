// How tests wait: for something that another thread says, never for time. Whoever waits too long ends the program with
// a sentence, so that a hang is a failure with a place and not a silent timeout.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <iostream>
#include <mutex>
#include <source_location>
#include <string>

namespace penstock_tests {

/// Far more than anything takes, also under a sanitizer on a busy machine, and less than ctest's limit.
inline constexpr std::chrono::seconds patience{60};

/// Called before the program ends because somebody waited too long: says how things stand. Set by whoever knows.
inline std::function<void()>& on_hang() {
  static std::function<void()> dump;
  return dump;
}

[[noreturn]] inline void hung(const std::source_location& where) {
  std::cerr << where.file_name() << ":" << where.line() << ": waited " << patience.count() << " s in vain in "
            << where.function_name() << std::endl;
  if (on_hang()) on_hang()();
  std::abort();
}

/// A number that goes up, and that threads wait for.
class count_up {
 public:
  void add(long n = 1) {
    {
      const std::lock_guard lock(lock_);
      value_ += n;
    }
    changed_.notify_all();
  }
  void wait_for(long at_least, std::source_location where = std::source_location::current()) {
    std::unique_lock lock(lock_);
    if (!changed_.wait_for(lock, patience, [&] { return value_ >= at_least; })) hung(where);
  }
  [[nodiscard]] long value() {
    const std::lock_guard lock(lock_);
    return value_;
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  long value_ = 0;
};

/// Something that happens once.
class event {
 public:
  void set() { count_.add(); }
  void wait(std::source_location where = std::source_location::current()) { count_.wait_for(1, where); }
  [[nodiscard]] bool is_set() { return count_.value() > 0; }

 private:
  count_up count_;
};

/// What a future holds.
template <class T>
T get(std::future<T>& future, std::source_location where = std::source_location::current()) {
  if (future.wait_for(patience) != std::future_status::ready) hung(where);
  return future.get();
}

/// How many are inside at once, and how many were at most.
class crowd {
 public:
  void enter() noexcept {
    const auto now = inside_.fetch_add(1) + 1;
    auto most = most_.load();
    while (now > most && !most_.compare_exchange_weak(most, now)) {
    }
  }
  void leave() noexcept { inside_.fetch_sub(1); }
  [[nodiscard]] long inside() const noexcept { return inside_.load(); }
  [[nodiscard]] long most() const noexcept { return most_.load(); }

 private:
  std::atomic<long> inside_{0};
  std::atomic<long> most_{0};
};

}  // namespace penstock_tests
