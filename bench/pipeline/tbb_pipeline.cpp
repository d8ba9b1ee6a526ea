// oneTBB's parallel_pipeline, item by item. The number of tokens was tried out: 8, 16, 32 and 64 cost the same within
// the noise, 256 and 1024 a little more. Where stages may run several at a time nobody keeps an order, as everywhere
// else in that case, so source and sink are serial without one.
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <utility>

#include "pipeline/workload.hpp"

namespace {

using namespace pipelines;

struct contender {
  static constexpr bool many_stages = true;
  static constexpr std::size_t tokens = 64;

  template <class Item>
  static answer line(std::size_t k, tbb::filter_mode ends, tbb::filter_mode mode, std::uint64_t n) {
    answer all;
    std::uint64_t i = 0;
    tbb::filter<void, Item> chain = tbb::make_filter<void, Item>(ends, [&i, n](tbb::flow_control& control) -> Item {
      if (i == n) {
        control.stop();
        return Item();
      }
      return make<Item>(i++);
    });
    for (std::size_t s = 0; s < k; ++s) {
      chain = chain & tbb::make_filter<Item, Item>(mode, [](Item item) { return step(std::move(item)); });
    }
    tbb::parallel_pipeline(
        tokens, chain & tbb::make_filter<Item, void>(ends, [&all](const Item& item) { all.add(carried(item)); }));
    return all;
  }

  template <class Item>
  static answer serial(std::size_t k, std::uint64_t n) {
    return line<Item>(k, tbb::filter_mode::serial_in_order, tbb::filter_mode::serial_in_order, n);
  }

  static answer parallel(std::size_t k, std::size_t /*workers: as many as there are*/, std::uint64_t n) {
    return line<std::uint64_t>(k, tbb::filter_mode::serial_out_of_order, tbb::filter_mode::parallel, n);
  }

  static answer scaled(std::size_t k, std::size_t threads, std::uint64_t n) {
    tbb::task_arena arena(static_cast<int>(threads));
    return arena.execute([&] { return parallel(k, threads, n); });
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
