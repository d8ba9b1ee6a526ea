// Near the limit: vectors of 256 items handed from function to function on one thread, as a careful person writes it by
// hand. The functions are called through pointers, as stages are that do not know each other.
#include <functional>
#include <utility>
#include <vector>

#include "pipeline/workload.hpp"

namespace {

using namespace pipelines;

constexpr std::size_t batch = 256;

struct contender {
  static constexpr bool many_stages = true;

  template <class Item>
  static answer serial(std::size_t k, std::uint64_t n) {
    using items = std::vector<Item>;
    const std::vector<std::function<void(items&)>> stages(k, [](items& all) {
      for (auto& item : all) item = step(std::move(item));
    });
    answer sum;
    items hand;
    hand.reserve(batch);
    for (std::uint64_t i = 0; i < n;) {
      hand.clear();
      for (; hand.size() < batch && i < n; ++i) hand.push_back(make<Item>(i));
      for (const auto& stage : stages) stage(hand);
      for (const auto& item : hand) sum.add(carried(item));
    }
    return sum;
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
