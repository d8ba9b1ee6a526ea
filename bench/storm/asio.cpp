// Asio: a concurrent_channel that is cancelled, and a cancellation signal per coroutine, which the loop's own thread
// must emit.
#include <boost/asio/experimental/concurrent_channel.hpp>

#include "storm/storm.hpp"

namespace {

using namespace bench::storm;
using channel = asio::experimental::concurrent_channel<void(boost::system::error_code, std::uint64_t)>;

class cancelled_channel {
 public:
  cancelled_channel(asio::io_context& io, std::uint64_t /*waiters*/) : channel_(io, 16) {}

  asio::awaitable<bool> wait(std::uint64_t /*waiter*/) {
    boost::system::error_code why;
    co_await channel_.async_receive(asio::redirect_error(asio::use_awaitable, why));
    co_return why == asio::experimental::error::channel_cancelled;
  }
  static asio::detached_t token(std::uint64_t /*waiter*/) { return asio::detached; }
  void cancel() { channel_.cancel(); }

 private:
  channel channel_;
};

class signals {
 public:
  signals(asio::io_context& io, std::uint64_t waiters) : io_(io), signals_(waiters) {}

  auto token(std::uint64_t waiter) { return asio::bind_cancellation_slot(signals_[waiter].slot(), asio::detached); }
  void cancel() {
    asio::post(io_, [this] {
      for (auto& signal : signals_) signal.emit(asio::cancellation_type::terminal);
    });
  }

 private:
  asio::io_context& io_;
  std::vector<asio::cancellation_signal> signals_;
};

class signalled_channel : public signals {
 public:
  signalled_channel(asio::io_context& io, std::uint64_t waiters) : signals(io, waiters), channel_(io, 16) {}

  asio::awaitable<bool> wait(std::uint64_t /*waiter*/) {
    boost::system::error_code why;
    co_await channel_.async_receive(asio::redirect_error(asio::use_awaitable, why));
    co_return why == asio::experimental::error::channel_cancelled;
  }

 private:
  channel channel_;
};

class signalled_timers : public signals {
 public:
  using signals::signals;

  static asio::awaitable<bool> wait(std::uint64_t /*waiter*/) { return wait_an_hour(); }
};

}  // namespace

int main(int argc, char** argv) {
  add_coroutines<cancelled_channel>("queue");
  add_coroutines<signalled_channel>("token");
  add_timers<coroutines<signalled_timers>>();
  return bench::run_cases(argc, argv);
}
