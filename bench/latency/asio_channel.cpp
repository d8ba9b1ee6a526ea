// A coroutine per stage and an Asio concurrent_channel between two, on a pool of one thread per core. The source's
// thread tries to send, and tries again in the rare case that there is no room.
#include <exception>
#include <thread>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/as_tuple.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "latency/workload.hpp"

namespace {

using namespace latencies;
namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t capacity = 1024;
constexpr auto waiting = asio::experimental::as_tuple(asio::use_awaitable);
using channel = asio::experimental::concurrent_channel<void(error_code, item)>;

asio::awaitable<void> step_all(channel& in, channel& out) {
  for (;;) {
    auto [failed, i] = co_await in.async_receive(waiting);
    i = step(i);
    co_await out.async_send(failed, i, waiting);
    if (failed) co_return;
  }
}

asio::awaitable<void> take_all(channel& in, sink& out) {
  for (;;) {
    auto [failed, i] = co_await in.async_receive(waiting);
    if (failed) co_return;
    out.take(i);
  }
}

struct contender {
  template <class Feed>
  static void line(sink& out, Feed feed) {
    asio::thread_pool pool(std::thread::hardware_concurrency());
    channel first(pool, capacity), second(pool, capacity), third(pool, capacity), last(pool, capacity);
    const auto start = [&](auto task) {
      asio::co_spawn(pool, std::move(task), [](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
      });
    };
    start(step_all(first, second));
    start(step_all(second, third));
    start(step_all(third, last));
    start(take_all(last, out));
    feed(first);
    const error_code end = asio::error::eof;  // closing would lose what is inside
    while (!first.try_send(end, item())) std::this_thread::yield();
    pool.join();
  }

  static void run(source& in, sink& out) {
    line(out, [&](channel& first) {
      while (const auto i = in.next()) {
        while (!first.try_send(error_code(), *i)) std::this_thread::yield();
      }
    });
  }

  template <class During>
  static void idle(During during) {
    sink out(0);
    line(out, [&](channel&) { during(); });
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
