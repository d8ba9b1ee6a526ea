// oneTBB's concurrent_bounded_queue: abort() ends the pops under way with an exception. It cannot be asked who waits,
// so the storm breaks 20 ms after all have come.
#include <oneapi/tbb/concurrent_queue.h>

#include <atomic>

#include "storm/storm.hpp"

namespace {

class bounded_queue {
 public:
  bool wait(std::uint64_t /*waiter*/) {
    ++come_;
    try {
      std::uint64_t item = 0;
      queue_.pop(item);
      return false;
    } catch (const tbb::user_abort&) {
      return true;
    }
  }
  void wait_for_waiters(std::uint64_t n) {
    while (come_ != n) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  void cancel() { queue_.abort(); }

 private:
  tbb::concurrent_bounded_queue<std::uint64_t> queue_;
  std::atomic<std::uint64_t> come_{0};
};

}  // namespace

int main(int argc, char** argv) {
  bench::storm::add_threads<bounded_queue>("queue");
  return bench::run_cases(argc, argv);
}
