// Coroutines at one queue: producers and consumers on two threads of a pool, and one coroutine alone that puts an item
// and gets it back, so that neither call ever waits.
//
// A contender is a class, made with an executor, whose coroutines are written out, so that nobody pays for a wrapper:
//   awaitable<void> produce(first, last)   awaitable<void> consume(share, answer&)   awaitable<void> alone(n, answer&)
// and whose static member `waits` names the way it waits.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/thread_pool.hpp>
#include <string>
#include <vector>

#include "handoff/items.hpp"

namespace bench::handoff {

namespace asio = boost::asio;

template <class Queue>
answer run_coroutines(unsigned sides, std::uint64_t n) {
  const watchdog guard;
  std::vector<answer> seen(sides);
  asio::thread_pool pool(2);
  Queue queue(pool.get_executor());
  for (unsigned s = 0; s < sides; ++s) {
    const auto first = s * n / sides;
    const auto last = (s + 1) * n / sides;
    asio::co_spawn(pool, queue.produce(first, last), asio::detached);
    asio::co_spawn(pool, queue.consume(last - first, seen[s]), asio::detached);
  }
  pool.join();
  answer all;
  for (const auto& part : seen) all += part;
  return all;
}

template <class Queue>
answer run_alone(std::uint64_t n) {
  const watchdog guard;
  answer seen;
  asio::thread_pool pool(1);
  Queue queue(pool.get_executor());
  asio::co_spawn(pool, queue.alone(n, seen), asio::detached);
  pool.join();
  return seen;
}

template <class Queue>
void add_coroutines() {
  const std::string way = std::string("/8B/") + Queue::waits;
  add_case("handoff/coroutines/1x1" + way, [](std::uint64_t n) { return run_coroutines<Queue>(1, n); }, expected);
  add_case("handoff/coroutines/2x2" + way, [](std::uint64_t n) { return run_coroutines<Queue>(2, n); }, expected);
  add_case("handoff/coroutines/alone" + way, run_alone<Queue>, expected);
}

}  // namespace bench::handoff
