// A mutex, two condition variables and a std::deque: what one writes by hand. Each is notified only when somebody may
// wait for it, after the lock was released.
#include <condition_variable>
#include <deque>
#include <mutex>

#include "handoff/threads.hpp"

namespace {

template <class Item>
class guarded_deque {
 public:
  guarded_deque(unsigned, unsigned) {}

  class producer_end {
   public:
    explicit producer_end(guarded_deque& queue) : queue_(queue) {}

    void put(Item item) { queue_.put_n(std::span(&item, 1)); }
    void put_n(std::span<Item> items) { queue_.put_n(items); }

   private:
    guarded_deque& queue_;
  };

  class consumer_end {
   public:
    explicit consumer_end(guarded_deque& queue) : queue_(queue) {}

    Item get() { return get_n(1).front(); }
    std::span<Item> get_n(std::size_t most) {
      some_.clear();
      queue_.get_n(some_, most);
      return some_;
    }

   private:
    guarded_deque& queue_;
    std::vector<Item> some_;
  };

 private:
  void put_n(std::span<Item> items) {
    while (!items.empty()) {
      std::unique_lock lock(mutex_);
      not_full_.wait(lock, [this] { return items_.size() < bench::handoff::capacity; });
      const auto fit = std::min(items.size(), bench::handoff::capacity - items_.size());
      items_.insert(items_.end(), items.begin(), items.begin() + static_cast<std::ptrdiff_t>(fit));
      lock.unlock();
      if (fit == 1)
        not_empty_.notify_one();
      else
        not_empty_.notify_all();
      items = items.subspan(fit);
    }
  }

  void get_n(std::vector<Item>& into, std::size_t most) {
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, [this] { return !items_.empty(); });
    const auto there = static_cast<std::ptrdiff_t>(std::min(most, items_.size()));
    into.assign(items_.begin(), items_.begin() + there);
    items_.erase(items_.begin(), items_.begin() + there);
    lock.unlock();
    if (there == 1)
      not_full_.notify_one();
    else
      not_full_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable not_full_;
  std::condition_variable not_empty_;
  std::deque<Item> items_;  // guarded by mutex_
};

}  // namespace

int main(int argc, char** argv) {
  bench::handoff::add_threads<guarded_deque>();
  return bench::run_cases(argc, argv);
}
