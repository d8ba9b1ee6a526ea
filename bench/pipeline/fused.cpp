// The limit: one loop on one thread, each item taken through all its steps before the next one is made. Nothing is
// handed from anyone to anyone.
#include <cstdlib>
#include <utility>

#include "pipeline/workload.hpp"

namespace {

using namespace pipelines;

struct contender {
  /// The number of steps is known when it is compiled, as in a loop written by hand.
  template <class Item, std::size_t K>
  static answer loop(std::uint64_t n) {
    answer all;
    for (std::uint64_t i = 0; i < n; ++i) {
      auto item = make<Item>(i);
      [&]<std::size_t... S>(std::index_sequence<S...>) {
        ((static_cast<void>(S), item = step(std::move(item))), ...);
      }(std::make_index_sequence<K>());
      all.add(carried(item));
    }
    return all;
  }

  template <class Item>
  static answer serial(std::size_t k, std::uint64_t n) {
    switch (k) {
      case 1: return loop<Item, 1>(n);
      case 4: return loop<Item, 4>(n);
      case 16: return loop<Item, 16>(n);
      default: std::abort();
    }
  }

  static answer tee(std::uint64_t n) {
    answer all;
    for (std::uint64_t i = 0; i < n; ++i) {
      const auto item = make<std::uint64_t>(i);
      all.add(step(item));
      all.add(step(step(item)));
    }
    return all;
  }

  static answer route(std::uint64_t n) {
    answer all;
    for (std::uint64_t i = 0; i < n; ++i) {
      const auto item = make<std::uint64_t>(i);
      all.add(goes_first(item) ? step(item) : step(step(item)));
    }
    return all;
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
