// Producer threads and consumer threads at one queue.
//
// A contender is a class `Queue<Item>`, made with the numbers of its producers and consumers, with two nested classes
// that are made on the thread that uses them:
//   producer_end(queue)  put(Item)   and, where it has batches, put_n(std::span<Item>)
//   consumer_end(queue)  Item get()  and get_n(most), a span that is good until the next call
#pragma once

#include <algorithm>
#include <barrier>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "handoff/items.hpp"

namespace bench::handoff {

struct shape {
  unsigned producers;
  unsigned consumers;
};

template <class Queue>
inline constexpr bool has_batches = requires { &Queue::producer_end::put_n; };

template <class Queue, std::size_t Bytes, bool Batches>
void produce(Queue& queue, std::barrier<>& start, std::uint64_t first, std::uint64_t last) {
  typename Queue::producer_end end(queue);
  start.arrive_and_wait();
  if constexpr (Batches) {
    std::vector<item<Bytes>> some(batch);
    while (first < last) {
      const auto next = std::span(some).first(std::min<std::size_t>(batch, last - first));
      for (auto& one : next) one = make_item<Bytes>(first++);
      end.put_n(next);
    }
  } else {
    for (auto i = first; i < last; ++i) end.put(make_item<Bytes>(i));
  }
}

template <class Queue, std::size_t Bytes, bool Batches>
answer consume(Queue& queue, std::barrier<>& start, std::uint64_t share) {
  typename Queue::consumer_end end(queue);
  answer seen;
  start.arrive_and_wait();
  if constexpr (Batches) {
    while (seen.count < share)
      for (const auto& one : end.get_n(std::min<std::size_t>(batch, share - seen.count))) add(seen, one);
  } else {
    while (seen.count < share) add(seen, end.get());
  }
  return seen;
}

template <template <class> class Queue, std::size_t Bytes, bool Batches>
answer run_threads(shape of, std::uint64_t n) {
  using queue_type = Queue<item<Bytes>>;
  const watchdog guard;
  queue_type queue(of.producers, of.consumers);
  std::barrier<> start(of.producers + of.consumers);
  std::vector<answer> seen(of.consumers);
  std::vector<std::thread> threads;
  for (unsigned p = 0; p < of.producers; ++p)
    threads.emplace_back([&, p] {
      produce<queue_type, Bytes, Batches>(queue, start, p * n / of.producers, (p + 1) * n / of.producers);
    });
  for (unsigned c = 0; c < of.consumers; ++c)
    threads.emplace_back([&, c] {
      const auto share = (c + 1) * n / of.consumers - c * n / of.consumers;
      seen[c] = consume<queue_type, Bytes, Batches>(queue, start, share);
    });
  for (auto& thread : threads) thread.join();
  answer all;
  for (const auto& part : seen) all += part;
  return all;
}

template <template <class> class Queue, std::size_t Bytes, bool Batches>
void add_threads_case(shape of) {
  add_case(
      "handoff/threads/" + std::to_string(of.producers) + "x" + std::to_string(of.consumers) + "/" +
          std::to_string(Bytes) + "B/" + (Batches ? "batch256" : "single"),
      [of](std::uint64_t n) { return run_threads<Queue, Bytes, Batches>(of, n); }, expected);
}

/// From one thread on each side to eight, and further where there are cores for more.
inline std::vector<shape> all_shapes() {
  std::vector<shape> all;
  const auto most = std::max(8U, std::thread::hardware_concurrency() / 2);
  for (unsigned sides = 1; sides <= most; sides *= 2) all.push_back({sides, sides});
  return all;
}

/// All cases that the contender can do.
template <template <class> class Queue>
void add_threads(const std::vector<shape>& shapes = all_shapes()) {
  for (const auto of : shapes) {
    add_threads_case<Queue, 8, false>(of);
    add_threads_case<Queue, 64, false>(of);
    if constexpr (has_batches<Queue<item<8>>>) {
      add_threads_case<Queue, 8, true>(of);
      add_threads_case<Queue, 64, true>(of);
    }
  }
}

}  // namespace bench::handoff
