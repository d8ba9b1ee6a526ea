// A thread per stage (and worker) and a bounded queue between two, of a mutex and condition variables. A stage takes
// all that is there under one lock, works on it, and puts all results under one lock. Capacity 1024, as Penstock's
// edges.
#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "common/bounded.hpp"
#include "pipeline/workload.hpp"

namespace {

using namespace pipelines;

constexpr std::size_t capacity = 1024;
constexpr std::size_t source_batch = 256;

template <class Item>
using edge = bench::bounded<Item>;

/// Closes `out` when the last of several workers has come to its end.
template <class Item>
void close_after_last(edge<Item>& out, std::atomic<std::size_t>& left) {
  if (left.fetch_sub(1) == 1) out.close();
}

template <class Item>
void make_all(edge<Item>& out, std::uint64_t n) {
  std::vector<Item> some;
  for (std::uint64_t i = 0; i < n;) {
    for (; some.size() < source_batch && i < n; ++i) some.push_back(make<Item>(i));
    out.put_all(some);
  }
  out.close();
}

template <class Item>
void step_all(edge<Item>& in, edge<Item>& out) {
  std::vector<Item> some;
  while (in.take_all(some)) {
    for (auto& item : some) item = step(std::move(item));
    out.put_all(some);
  }
}

template <class Item>
answer sum_all(edge<Item>& in) {
  answer all;
  std::vector<Item> some;
  while (in.take_all(some)) {
    for (const auto& item : some) all.add(carried(item));
  }
  return all;
}

struct contender {
  static constexpr bool many_stages = true;

  template <class Item>
  static answer line(std::size_t k, std::size_t workers, std::uint64_t n) {
    std::vector<std::unique_ptr<edge<Item>>> edges;
    for (std::size_t e = 0; e <= k; ++e) edges.push_back(std::make_unique<edge<Item>>(capacity));
    std::vector<std::atomic<std::size_t>> left(k);
    for (auto& of_stage : left) of_stage = workers;
    std::vector<std::jthread> threads;
    threads.emplace_back([&] { make_all(*edges.front(), n); });
    for (std::size_t s = 0; s < k; ++s) {
      for (std::size_t w = 0; w < workers; ++w) {
        threads.emplace_back([&, s] {
          step_all(*edges[s], *edges[s + 1]);
          close_after_last(*edges[s + 1], left[s]);
        });
      }
    }
    return sum_all(*edges.back());
  }

  template <class Item>
  static answer serial(std::size_t k, std::uint64_t n) {
    return line<Item>(k, 1, n);
  }

  static answer parallel(std::size_t k, std::size_t workers, std::uint64_t n) {
    return line<std::uint64_t>(k, workers, n);
  }

  /// `split` puts what it is given into one branch, or both.
  template <class Split>
  static answer two_branches(std::uint64_t n, Split split) {
    using item = std::uint64_t;
    edge<item> whole(capacity), left(capacity), right(capacity), again(capacity), out(capacity);
    std::atomic<std::size_t> branches{2};
    std::vector<std::jthread> threads;
    threads.emplace_back([&] { make_all(whole, n); });
    threads.emplace_back([&] {
      std::vector<item> some, to_left, to_right;
      while (whole.take_all(some)) {
        for (const auto v : some) split(v, to_left, to_right);
        left.put_all(to_left);
        right.put_all(to_right);
      }
      left.close();
      right.close();
    });
    threads.emplace_back([&] {
      step_all(left, out);
      close_after_last(out, branches);
    });
    threads.emplace_back([&] {
      step_all(right, again);
      again.close();
    });
    threads.emplace_back([&] {
      step_all(again, out);
      close_after_last(out, branches);
    });
    return sum_all(out);
  }

  static answer tee(std::uint64_t n) {
    return two_branches(n, [](std::uint64_t v, auto& left, auto& right) {
      left.push_back(v);
      right.push_back(v);
    });
  }

  static answer route(std::uint64_t n) {
    return two_branches(n,
                        [](std::uint64_t v, auto& left, auto& right) { (goes_first(v) ? left : right).push_back(v); });
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
