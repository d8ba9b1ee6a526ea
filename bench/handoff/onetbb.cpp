// oneTBB's concurrent_bounded_queue: push waits while it is full, pop while it is empty. It has no batches.
#include <oneapi/tbb/concurrent_queue.h>

#include "handoff/threads.hpp"

namespace {

template <class Item>
class bounded_queue {
 public:
  bounded_queue(unsigned, unsigned) { queue_.set_capacity(bench::handoff::capacity); }

  class producer_end {
   public:
    explicit producer_end(bounded_queue& queue) : queue_(queue.queue_) {}
    void put(Item item) { queue_.push(item); }

   private:
    tbb::concurrent_bounded_queue<Item>& queue_;
  };

  class consumer_end {
   public:
    explicit consumer_end(bounded_queue& queue) : queue_(queue.queue_) {}
    Item get() {
      Item item{};
      queue_.pop(item);
      return item;
    }

   private:
    tbb::concurrent_bounded_queue<Item>& queue_;
  };

 private:
  tbb::concurrent_bounded_queue<Item> queue_;
};

}  // namespace

int main(int argc, char** argv) {
  bench::handoff::add_threads<bounded_queue>();
  return bench::run_cases(argc, argv);
}
