// Boost.Lockfree's queue for many producers and many consumers, with a fixed number of nodes. It cannot wait, so a
// thread that finds it full or empty yields its processor and tries again: no contender here burns more of it.
#include <boost/lockfree/queue.hpp>
#include <thread>

#include "handoff/threads.hpp"

namespace {

template <class Item>
class lockfree_queue {
  using queue = boost::lockfree::queue<Item, boost::lockfree::capacity<bench::handoff::capacity>>;

 public:
  lockfree_queue(unsigned, unsigned) {}

  class producer_end {
   public:
    explicit producer_end(lockfree_queue& owner) : queue_(owner.queue_) {}
    void put(const Item& item) {
      while (!queue_.push(item)) std::this_thread::yield();
    }

   private:
    queue& queue_;
  };

  class consumer_end {
   public:
    explicit consumer_end(lockfree_queue& owner) : queue_(owner.queue_) {}
    Item get() {
      Item item;
      while (!queue_.pop(item)) std::this_thread::yield();
      return item;
    }

   private:
    queue& queue_;
  };

 private:
  queue queue_;
};

}  // namespace

int main(int argc, char** argv) {
  bench::handoff::add_threads<lockfree_queue>();
  return bench::run_cases(argc, argv);
}
