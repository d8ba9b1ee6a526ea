// A mutex and a condition variable: a flag and notify_all end the queue; a standard stop token ends the waits of a
// condition_variable_any.
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "storm/storm.hpp"

namespace {

class ended_by_flag {
 public:
  bool wait(std::uint64_t /*waiter*/) {
    std::unique_lock lock(mutex_);
    ++waiting_;
    not_empty_.wait(lock, [this] { return cancelled_; });
    return true;
  }
  void wait_for_waiters(std::uint64_t n) {
    for (std::unique_lock lock(mutex_); waiting_ != n; lock.lock()) {
      lock.unlock();
      std::this_thread::yield();
    }
  }
  void cancel() {
    {
      const std::scoped_lock lock(mutex_);
      cancelled_ = true;
    }
    not_empty_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable not_empty_;
  bool cancelled_ = false;     // guarded by mutex_
  std::uint64_t waiting_ = 0;  // guarded by mutex_
};

class ended_by_token {
 public:
  bool wait(std::uint64_t /*waiter*/) {
    std::unique_lock lock(mutex_);
    ++waiting_;
    return !not_empty_.wait(lock, stop_.get_token(), [] { return false; });
  }
  void wait_for_waiters(std::uint64_t n) {
    for (std::unique_lock lock(mutex_); waiting_ != n; lock.lock()) {
      lock.unlock();
      std::this_thread::yield();
    }
  }
  void cancel() { stop_.request_stop(); }

 private:
  std::mutex mutex_;
  std::condition_variable_any not_empty_;
  std::stop_source stop_;
  std::uint64_t waiting_ = 0;  // guarded by mutex_
};

}  // namespace

int main(int argc, char** argv) {
  bench::storm::add_threads<ended_by_flag>("queue");
  bench::storm::add_threads<ended_by_token>("token");
  return bench::run_cases(argc, argv);
}
