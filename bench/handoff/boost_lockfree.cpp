// Boost.Lockfree: its spsc_queue where there is one thread on each side, its queue of a fixed number of nodes where
// there are more. They cannot wait, so a thread that finds its queue full or empty yields its processor and tries
// again: no contender here burns more of it.
#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>
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

template <class Item>
class lockfree_spsc {
  using queue = boost::lockfree::spsc_queue<Item, boost::lockfree::capacity<bench::handoff::capacity>>;

 public:
  lockfree_spsc(unsigned, unsigned) {}

  class producer_end {
   public:
    explicit producer_end(lockfree_spsc& owner) : queue_(owner.queue_) {}
    void put(const Item& item) {
      while (!queue_.push(item)) std::this_thread::yield();
    }
    void put_n(std::span<Item> items) {
      while (!items.empty()) {
        const auto fit = queue_.push(items.data(), items.size());
        if (fit == 0) std::this_thread::yield();
        items = items.subspan(fit);
      }
    }

   private:
    queue& queue_;
  };

  class consumer_end {
   public:
    explicit consumer_end(lockfree_spsc& owner) : queue_(owner.queue_) {}
    Item get() {
      Item item;
      while (!queue_.pop(item)) std::this_thread::yield();
      return item;
    }
    std::span<Item> get_n(std::size_t most) {
      some_.resize(std::max(some_.size(), most));
      for (;;) {
        if (const auto there = queue_.pop(some_.data(), most); there > 0) return std::span(some_).first(there);
        std::this_thread::yield();
      }
    }

   private:
    queue& queue_;
    std::vector<Item> some_;
  };

 private:
  queue queue_;
};

}  // namespace

int main(int argc, char** argv) {
  auto shapes = bench::handoff::all_shapes();
  bench::handoff::add_threads<lockfree_spsc>({shapes.front()});
  shapes.erase(shapes.begin());
  bench::handoff::add_threads<lockfree_queue>(shapes);
  return bench::run_cases(argc, argv);
}
