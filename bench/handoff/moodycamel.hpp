// moodycamel's BlockingConcurrentQueue, with a token per thread and room allocated for all of them, as its README
// recommends for speed. The queue itself has no bound; `Bounded` gives it one with the semaphore that it comes with:
// a producer takes a slot before it enqueues, a consumer gives it back. Items of different producers may overtake each
// other.
#pragma once

#include <concurrentqueue/blockingconcurrentqueue.h>

#include "handoff/threads.hpp"

namespace bench::handoff {

template <class Item, bool Bounded>
class moodycamel_queue {
  using queue = moodycamel::BlockingConcurrentQueue<Item>;

 public:
  moodycamel_queue(unsigned producers, unsigned) : queue_(capacity, producers, 0), slots_(capacity) {}

  class producer_end {
   public:
    explicit producer_end(moodycamel_queue& owner) : owner_(owner), token_(owner.queue_) {}

    void put(Item item) {
      if constexpr (Bounded) owner_.slots_.wait();
      owner_.queue_.enqueue(token_, item);
    }
    void put_n(std::span<Item> items) {
      while (!items.empty()) {
        auto fit = items.size();
        if constexpr (Bounded) fit = static_cast<std::size_t>(owner_.slots_.waitMany(static_cast<ssize_t>(fit)));
        owner_.queue_.enqueue_bulk(token_, items.data(), fit);
        items = items.subspan(fit);
      }
    }

   private:
    moodycamel_queue& owner_;
    moodycamel::ProducerToken token_;
  };

  class consumer_end {
   public:
    explicit consumer_end(moodycamel_queue& owner) : owner_(owner), token_(owner.queue_), some_(batch) {}

    Item get() {
      Item item;
      owner_.queue_.wait_dequeue(token_, item);
      if constexpr (Bounded) owner_.slots_.signal();
      return item;
    }
    std::span<Item> get_n(std::size_t most) {
      const auto n = owner_.queue_.wait_dequeue_bulk(token_, some_.data(), most);
      if constexpr (Bounded) owner_.slots_.signal(static_cast<ssize_t>(n));
      return {some_.data(), n};
    }

   private:
    moodycamel_queue& owner_;
    moodycamel::ConsumerToken token_;
    std::vector<Item> some_;
  };

 private:
  queue queue_;
  moodycamel::LightweightSemaphore slots_;
};

}  // namespace bench::handoff
