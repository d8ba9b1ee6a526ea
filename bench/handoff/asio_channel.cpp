// Asio's experimental concurrent_channel, awaited (`async`), and tried first (`try_first`).
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "handoff/coroutines.hpp"

namespace {

using namespace bench;
using namespace bench::handoff;
using channel = asio::experimental::concurrent_channel<void(boost::system::error_code, item<8>)>;

class awaited {
 public:
  static constexpr const char* waits = "async";

  explicit awaited(const asio::any_io_executor& executor) : channel_(executor, capacity) {}

  asio::awaitable<void> produce(std::uint64_t first, std::uint64_t last) {
    for (auto i = first; i < last; ++i)
      co_await channel_.async_send(boost::system::error_code(), make_item<8>(i), asio::use_awaitable);
  }

  asio::awaitable<void> consume(std::uint64_t share, answer& seen) {
    while (seen.count < share) {
      const auto got = co_await channel_.async_receive(asio::use_awaitable);
      add(seen, got);
    }
  }

  asio::awaitable<void> alone(std::uint64_t n, answer& seen) {
    for (std::uint64_t i = 0; i < n; ++i) {
      co_await channel_.async_send(boost::system::error_code(), make_item<8>(i), asio::use_awaitable);
      const auto got = co_await channel_.async_receive(asio::use_awaitable);
      add(seen, got);
    }
  }

 private:
  channel channel_;
};

class tried_first {
 public:
  static constexpr const char* waits = "try_first";

  explicit tried_first(const asio::any_io_executor& executor) : channel_(executor, capacity) {}

  asio::awaitable<void> produce(std::uint64_t first, std::uint64_t last) {
    for (auto i = first; i < last; ++i)
      if (!channel_.try_send(boost::system::error_code(), make_item<8>(i)))
        co_await channel_.async_send(boost::system::error_code(), make_item<8>(i), asio::use_awaitable);
  }

  asio::awaitable<void> consume(std::uint64_t share, answer& seen) {
    while (seen.count < share) {
      if (channel_.try_receive([&](boost::system::error_code, const item<8>& got) { add(seen, got); })) continue;
      const auto got = co_await channel_.async_receive(asio::use_awaitable);
      add(seen, got);
    }
  }

  asio::awaitable<void> alone(std::uint64_t n, answer& seen) {
    for (std::uint64_t i = 0; i < n; ++i) {
      if (!channel_.try_send(boost::system::error_code(), make_item<8>(i))) co_return;
      if (!channel_.try_receive([&](boost::system::error_code, const item<8>& got) { add(seen, got); })) co_return;
    }
  }

 private:
  channel channel_;
};

}  // namespace

int main(int argc, char** argv) {
  add_coroutines<awaited>();
  add_coroutines<tried_first>();
  return bench::run_cases(argc, argv);
}
