// A coroutine per stage (and worker) and an Asio concurrent_channel between two, on a pool of one thread per core.
// Tries first and suspends only if need be: that was faster than always awaiting. Capacity 1024, as Penstock's edges.
#include <atomic>
#include <exception>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/as_tuple.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pipeline/workload.hpp"

namespace {

using namespace pipelines;
namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t capacity = 1024;
constexpr auto waiting = asio::experimental::as_tuple(asio::use_awaitable);

template <class Item>
using channel = asio::experimental::concurrent_channel<void(error_code, Item)>;

/// Call this after try_send has failed.
template <class Item>
asio::awaitable<void> send(channel<Item>& out, Item item) {
  co_await out.async_send(error_code(), std::move(item), waiting);
}

template <class Item>
bool try_send(channel<Item>& out, Item& item) {
  return out.try_send(error_code(), std::move(item));
}

/// Closing a channel loses what is in it, so the end is a message too: one for each reader.
template <class Item>
asio::awaitable<void> end(channel<Item>& out, std::size_t readers) {
  for (std::size_t r = 0; r < readers; ++r) {
    const error_code no_more = asio::error::eof;
    if (!out.try_send(no_more, Item())) {
      Item nothing{};
      co_await out.async_send(no_more, std::move(nothing), waiting);
    }
  }
}

enum class got : std::uint8_t { item, end, nothing };

template <class Item>
got try_receive(channel<Item>& in, Item& into) {
  auto what = got::nothing;
  in.try_receive([&](error_code failed, Item item) {
    what = failed ? got::end : got::item;
    into = std::move(item);
  });
  return what;
}

/// Call this after try_receive has found nothing.
template <class Item>
asio::awaitable<got> receive(channel<Item>& in, Item& into) {
  auto [failed, item] = co_await in.async_receive(waiting);
  into = std::move(item);
  co_return failed ? got::end : got::item;
}

template <class Item>
asio::awaitable<void> make_all(channel<Item>& out, std::size_t readers, std::uint64_t n) {
  for (std::uint64_t i = 0; i < n; ++i) {
    auto item = make<Item>(i);
    if (!try_send<Item>(out, item)) co_await send<Item>(out, std::move(item));
  }
  co_await end<Item>(out, readers);
}

template <class Item>
asio::awaitable<void> step_all(channel<Item>& in, channel<Item>& out, std::size_t readers,
                               std::atomic<std::size_t>& left) {
  Item item{};
  for (;;) {
    auto what = try_receive<Item>(in, item);
    if (what == got::nothing) what = co_await receive<Item>(in, item);
    if (what == got::end) break;
    item = step(std::move(item));
    if (!try_send<Item>(out, item)) co_await send<Item>(out, std::move(item));
  }
  if (left.fetch_sub(1) == 1) co_await end<Item>(out, readers);
}

template <class Item>
asio::awaitable<void> sum_all(channel<Item>& in, answer& all) {
  Item item{};
  for (;;) {
    auto what = try_receive<Item>(in, item);
    if (what == got::nothing) what = co_await receive<Item>(in, item);
    if (what == got::end) co_return;
    all.add(carried(item));
  }
}

struct contender {
  static constexpr bool many_stages = true;

  struct pool {
    asio::thread_pool threads{std::thread::hardware_concurrency()};

    template <class Task>
    void start(Task task) {
      asio::co_spawn(threads, std::move(task), [](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
      });
    }
  };

  template <class Item>
  static answer line(std::size_t k, std::size_t workers, std::uint64_t n) {
    pool all_threads;
    std::vector<std::unique_ptr<channel<Item>>> edges;
    for (std::size_t e = 0; e <= k; ++e)
      edges.push_back(std::make_unique<channel<Item>>(all_threads.threads, capacity));
    std::vector<std::atomic<std::size_t>> left(k);
    for (auto& of_stage : left) of_stage = workers;
    answer all;
    all_threads.start(make_all<Item>(*edges.front(), k == 0 ? 1 : workers, n));
    for (std::size_t s = 0; s < k; ++s) {
      const std::size_t readers = s + 1 == k ? 1 : workers;
      for (std::size_t w = 0; w < workers; ++w) {
        all_threads.start(step_all<Item>(*edges[s], *edges[s + 1], readers, left[s]));
      }
    }
    all_threads.start(sum_all<Item>(*edges.back(), all));
    all_threads.threads.join();
    return all;
  }

  template <class Item>
  static answer serial(std::size_t k, std::uint64_t n) {
    return line<Item>(k, 1, n);
  }

  static answer parallel(std::size_t k, std::size_t workers, std::uint64_t n) {
    return line<std::uint64_t>(k, workers, n);
  }

  using item = std::uint64_t;

  static asio::awaitable<void> split(channel<item>& in, channel<item>& left, channel<item>& right, bool copies) {
    item v{};
    for (;;) {
      auto what = try_receive<item>(in, v);
      if (what == got::nothing) what = co_await receive<item>(in, v);
      if (what == got::end) break;
      const bool first = goes_first(v);
      if ((copies || first) && !try_send<item>(left, v)) co_await send<item>(left, v);
      if ((copies || !first) && !try_send<item>(right, v)) co_await send<item>(right, v);
    }
    co_await end<item>(left, 1);
    co_await end<item>(right, 1);
  }

  static answer two_branches(std::uint64_t n, bool copies) {
    pool all_threads;
    channel<item> whole(all_threads.threads, capacity), left(all_threads.threads, capacity),
        right(all_threads.threads, capacity), again(all_threads.threads, capacity), out(all_threads.threads, capacity);
    std::atomic<std::size_t> branches{2}, only{1};
    answer all;
    all_threads.start(make_all<item>(whole, 1, n));
    all_threads.start(split(whole, left, right, copies));
    all_threads.start(step_all<item>(left, out, 1, branches));
    all_threads.start(step_all<item>(right, again, 1, only));
    all_threads.start(step_all<item>(again, out, 1, branches));
    all_threads.start(sum_all<item>(out, all));
    all_threads.threads.join();
    return all;
  }

  static answer tee(std::uint64_t n) { return two_branches(n, true); }
  static answer route(std::uint64_t n) { return two_branches(n, false); }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
