// penstock::queue: calls that block a thread, batches, and coroutines by each way to wait.
#include <penstock/sync/queue.hpp>

#include <boost/asio/use_awaitable.hpp>

#include "handoff/coroutines.hpp"
#include "handoff/threads.hpp"

namespace {

using namespace bench;
using namespace bench::handoff;

template <class Item>
class blocking_queue {
 public:
  blocking_queue(unsigned, unsigned) {}

  class producer_end {
   public:
    explicit producer_end(blocking_queue& owner) : queue_(owner.queue_) {}
    void put(Item item) { static_cast<void>(queue_.put(std::move(item))); }
    void put_n(std::span<Item> items) { static_cast<void>(queue_.put_n(items)); }

   private:
    penstock::queue<Item>& queue_;
  };

  class consumer_end {
   public:
    explicit consumer_end(blocking_queue& owner) : queue_(owner.queue_) {}
    Item get() { return *queue_.get(); }
    std::span<Item> get_n(std::size_t most) {
      some_.clear();
      static_cast<void>(queue_.get_n(some_, most));
      return some_;
    }

   private:
    penstock::queue<Item>& queue_;
    std::vector<Item> some_;
  };

 private:
  penstock::queue<Item> queue_{capacity};
};

/// Calls that try first and suspend only if they must.
class awaited {
 public:
  static constexpr const char* waits = "async";

  explicit awaited(const asio::any_io_executor&) {}

  asio::awaitable<void> produce(std::uint64_t first, std::uint64_t last) {
    for (auto i = first; i < last; ++i) {
      auto made = make_item<8>(i);
      co_await queue_.async_put(std::move(made));
    }
  }

  asio::awaitable<void> consume(std::uint64_t share, answer& seen) {
    while (seen.count < share) {
      const auto got = co_await queue_.async_get();
      add(seen, *got);
    }
  }

  asio::awaitable<void> alone(std::uint64_t n, answer& seen) {
    for (std::uint64_t i = 0; i < n; ++i) {
      auto made = make_item<8>(i);
      co_await queue_.async_put(std::move(made));
      const auto got = co_await queue_.async_get();
      add(seen, *got);
    }
  }

 private:
  penstock::queue<item<8>> queue_{capacity};
};

/// The coroutine tries by itself, and awaits only what was refused.
class tried_first {
 public:
  static constexpr const char* waits = "try_first";

  explicit tried_first(const asio::any_io_executor&) {}

  asio::awaitable<void> produce(std::uint64_t first, std::uint64_t last) {
    for (auto i = first; i < last; ++i) {
      auto made = make_item<8>(i);
      if (!queue_.try_put(std::move(made))) co_await queue_.async_put(std::move(made));
    }
  }

  asio::awaitable<void> consume(std::uint64_t share, answer& seen) {
    while (seen.count < share) {
      auto got = queue_.try_get();
      if (!got) got = co_await queue_.async_get();
      add(seen, *got);
    }
  }

  asio::awaitable<void> alone(std::uint64_t n, answer& seen) {
    for (std::uint64_t i = 0; i < n; ++i) {
      auto made = make_item<8>(i);
      if (!queue_.try_put(std::move(made))) co_return;
      const auto got = queue_.try_get();
      add(seen, *got);
    }
  }

 private:
  penstock::queue<item<8>> queue_{capacity};
};

/// Through a completion token, as any handler would.
class by_token {
 public:
  static constexpr const char* waits = "token";

  explicit by_token(const asio::any_io_executor&) {}

  asio::awaitable<void> produce(std::uint64_t first, std::uint64_t last) {
    for (auto i = first; i < last; ++i) {
      const auto outcome = co_await queue_.async_put(make_item<8>(i), asio::use_awaitable);
      if (!outcome) co_return;
    }
  }

  asio::awaitable<void> consume(std::uint64_t share, answer& seen) {
    while (seen.count < share) {
      const auto got = co_await queue_.async_get(asio::use_awaitable);
      add(seen, *got);
    }
  }

  asio::awaitable<void> alone(std::uint64_t n, answer& seen) {
    for (std::uint64_t i = 0; i < n; ++i) {
      const auto outcome = co_await queue_.async_put(make_item<8>(i), asio::use_awaitable);
      if (!outcome) co_return;
      const auto got = co_await queue_.async_get(asio::use_awaitable);
      add(seen, *got);
    }
  }

 private:
  penstock::queue<item<8>> queue_{capacity};
};

}  // namespace

int main(int argc, char** argv) {
  add_threads<blocking_queue>();
  add_coroutines<awaited>();
  add_coroutines<tried_first>();
  add_coroutines<by_token>();
  return bench::run_cases(argc, argv);
}
