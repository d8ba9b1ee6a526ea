// Vectors of 256 items, filled and emptied by hand, through oneTBB's parallel_pipeline: the rival that has paid for its
// speed with batching in every body. 4, 16 and 64 tokens cost the same. Order is kept as in tbb_pipeline.cpp.
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <utility>
#include <vector>

#include "pipeline/workload.hpp"

namespace {

using namespace pipelines;

struct contender {
  static constexpr bool many_stages = true;
  static constexpr std::size_t batch = 256;
  static constexpr std::size_t tokens = 16;

  template <class Item>
  static answer line(std::size_t k, tbb::filter_mode ends, tbb::filter_mode mode, std::uint64_t n) {
    using items = std::vector<Item>;
    answer all;
    std::uint64_t i = 0;
    tbb::filter<void, items> chain = tbb::make_filter<void, items>(ends, [&i, n](tbb::flow_control& control) -> items {
      items some;
      if (i == n) {
        control.stop();
        return some;
      }
      some.reserve(batch);
      for (; some.size() < batch && i < n; ++i) some.push_back(make<Item>(i));
      return some;
    });
    for (std::size_t s = 0; s < k; ++s) {
      chain = chain & tbb::make_filter<items, items>(mode, [](items some) {
                for (auto& item : some) item = step(std::move(item));
                return some;
              });
    }
    tbb::parallel_pipeline(tokens, chain & tbb::make_filter<items, void>(ends, [&all](const items& some) {
                                     for (const auto& item : some) all.add(carried(item));
                                   }));
    return all;
  }

  template <class Item>
  static answer serial(std::size_t k, std::uint64_t n) {
    return line<Item>(k, tbb::filter_mode::serial_in_order, tbb::filter_mode::serial_in_order, n);
  }

  static answer parallel(std::size_t k, std::size_t /*workers*/, std::uint64_t n) {
    return line<std::uint64_t>(k, tbb::filter_mode::serial_out_of_order, tbb::filter_mode::parallel, n);
  }

  static answer scaled(std::size_t k, std::size_t threads, std::uint64_t n) {
    tbb::task_arena arena(static_cast<int>(threads));
    return arena.execute([&] { return parallel(k, threads, n); });
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
