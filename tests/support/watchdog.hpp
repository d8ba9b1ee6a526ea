// Ends a test program in which nothing moves any more, and shows the queues and runs that it was told to watch: a hang
// becomes a failure with a picture.
#pragma once

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <iostream>
#include <list>
#include <mutex>
#include <ostream>
#include <source_location>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include <penstock/penstock.hpp>

#include "support/waiting.hpp"

namespace penstock_tests {

inline void show(std::ostream& to, const penstock::queue_snapshot& s) {
  to << "capacity " << static_cast<std::ptrdiff_t>(s.capacity) << ", size " << s.size << ", put " << s.put << ", got "
     << s.got << ", dropped " << s.dropped << ", unfinished " << s.unfinished << "; waiting: " << s.waiting_putters
     << " putters, " << s.waiting_getters << " getters, " << s.waiting_joiners << " joiners"
     << (s.cancelled ? "; cancelled"
         : s.closed  ? "; closed"
                     : "");
}

/// What a dump shows. Entries live as long as their handles.
class watch_list {
 public:
  using shower = std::function<void(std::ostream&)>;

  class handle {
   public:
    handle(watch_list& list, std::list<std::pair<std::string, shower>>::iterator it) : list_(list), it_(it) {}
    handle(const handle&) = delete;
    handle& operator=(const handle&) = delete;
    ~handle() {
      const std::lock_guard lock(list_.lock_);
      list_.all_.erase(it_);
    }

   private:
    watch_list& list_;
    std::list<std::pair<std::string, shower>>::iterator it_;
  };

  /// `show` is called by another thread, while the handle lives.
  [[nodiscard]] handle add(std::string name, shower show) {
    const std::lock_guard lock(lock_);
    return {*this, all_.emplace(all_.end(), std::move(name), std::move(show))};
  }

  void dump(std::ostream& to) {
    // A picture is worth some seconds, but what hangs may hold the locks that it takes.
    ::alarm(10);
    const std::lock_guard lock(lock_);
    for (const auto& [name, show] : all_) {
      to << name << ": ";
      show(to);
      to << std::endl;
    }
  }

 private:
  std::mutex lock_;
  std::list<std::pair<std::string, shower>> all_;  // guarded by lock_
};

inline watch_list& watched() {
  static watch_list list;
  return list;
}

template <class T>
[[nodiscard]] watch_list::handle watch(std::string name, penstock::queue<T>& q) {
  return watched().add("queue " + std::move(name), [&q](std::ostream& to) { show(to, q.snapshot()); });
}
[[nodiscard]] inline watch_list::handle watch(std::string name, const penstock::run& run) {
  return watched().add("run " + std::move(name), [&run](std::ostream& to) { to << run.report(); });
}

/// Told of each round of a test, it ends the program when the next does not come in time. One at a time.
class watchdog {
 public:
  explicit watchdog(std::chrono::milliseconds at_most = patience)
      : at_most_(at_most), thread_([this](std::stop_token stop) { look(std::move(stop)); }) {
    on_hang() = [] { watched().dump(std::cerr); };
  }
  ~watchdog() {
    thread_.request_stop();
    thread_.join();
    on_hang() = nullptr;
  }
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

  /// A round begins; `what` is enough to play it again.
  void begins(std::string what) {
    const std::lock_guard lock(lock_);
    what_ = std::move(what);
    ++rounds_;
  }
  [[nodiscard]] std::uint64_t rounds() {
    const std::lock_guard lock(lock_);
    return rounds_;
  }

 private:
  void look(std::stop_token stop) {
    std::unique_lock lock(lock_);
    while (!stop.stop_requested()) {
      const auto before = rounds_;
      changed_.wait_for(lock, stop, at_most_, [&] { return false; });
      if (stop.stop_requested() || rounds_ != before) continue;
      std::cerr << what_ << " hangs" << std::endl;
      hung(std::source_location::current());
    }
  }

  const std::chrono::milliseconds at_most_;
  std::mutex lock_;
  std::condition_variable_any changed_;
  std::string what_;  // guarded by lock_, as is the next
  std::uint64_t rounds_ = 0;
  std::jthread thread_;
};

}  // namespace penstock_tests
