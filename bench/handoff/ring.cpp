// The ring limit: one producer, one consumer, a ring of 1024 slots and two counters, each side with a copy of the
// other's that it renews only when it must. It cannot wait, end, or have more sides; what a queue costs above it is the
// price of those. A side that finds nothing to do spins, and yields when that takes long.
#include <atomic>
#include <thread>

#include "handoff/threads.hpp"

namespace {

template <class Item>
class spsc_ring {
  static constexpr std::uint64_t slots = bench::handoff::capacity;

 public:
  spsc_ring(unsigned, unsigned) : ring_(slots) {}

  class producer_end {
   public:
    explicit producer_end(spsc_ring& owner) : owner_(owner) {}

    void put(const Item& item) {
      wait_until_room();
      owner_.ring_[tail_ % slots] = item;
      owner_.tail_.store(++tail_, std::memory_order_release);
    }
    void put_n(std::span<Item> items) {
      while (!items.empty()) {
        wait_until_room();
        const auto fit = std::min<std::size_t>(items.size(), slots - (tail_ - head_));
        for (const auto& item : items.first(fit)) owner_.ring_[tail_++ % slots] = item;
        owner_.tail_.store(tail_, std::memory_order_release);
        items = items.subspan(fit);
      }
    }

   private:
    void wait_until_room() {
      for (unsigned spins = 0; tail_ - head_ == slots; ++spins) {
        head_ = owner_.head_.load(std::memory_order_acquire);
        if (spins >= 100) std::this_thread::yield();
      }
    }

    spsc_ring& owner_;
    std::uint64_t tail_ = 0;
    std::uint64_t head_ = 0;
  };

  class consumer_end {
   public:
    explicit consumer_end(spsc_ring& owner) : owner_(owner), some_(bench::handoff::batch) {}

    Item get() {
      wait_until_some();
      const Item item = owner_.ring_[head_ % slots];
      owner_.head_.store(++head_, std::memory_order_release);
      return item;
    }
    std::span<Item> get_n(std::size_t most) {
      wait_until_some();
      const auto n = std::min<std::size_t>(most, tail_ - head_);
      for (auto& item : std::span(some_).first(n)) item = owner_.ring_[head_++ % slots];
      owner_.head_.store(head_, std::memory_order_release);
      return {some_.data(), n};
    }

   private:
    void wait_until_some() {
      for (unsigned spins = 0; tail_ == head_; ++spins) {
        tail_ = owner_.tail_.load(std::memory_order_acquire);
        if (spins >= 100) std::this_thread::yield();
      }
    }

    spsc_ring& owner_;
    std::vector<Item> some_;
    std::uint64_t head_ = 0;
    std::uint64_t tail_ = 0;
  };

 private:
  std::vector<Item> ring_;
  alignas(64) std::atomic<std::uint64_t> head_{0};
  alignas(64) std::atomic<std::uint64_t> tail_{0};
};

}  // namespace

int main(int argc, char** argv) {
  bench::handoff::add_threads<spsc_ring>({{1, 1}});
  return bench::run_cases(argc, argv);
}
