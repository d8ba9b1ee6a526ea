// The lower limit: one thread makes 256 items, copies them away with memcpy and adds them up. What is left is the cost
// of the question itself.
#include <cstring>

#include "handoff/threads.hpp"

namespace {

using namespace bench;
using namespace bench::handoff;

template <std::size_t Bytes>
answer copy(std::uint64_t n) {
  std::vector<item<Bytes>> from(batch);
  std::vector<item<Bytes>> to(batch);
  answer seen;
  for (std::uint64_t i = 0; i < n;) {
    const auto some = std::min<std::size_t>(batch, n - i);
    for (auto& one : std::span(from).first(some)) one = make_item<Bytes>(i++);
    benchmark::DoNotOptimize(from.data());
    std::memcpy(to.data(), from.data(), some * sizeof(item<Bytes>));
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
    for (const auto& one : std::span(to).first(some)) add(seen, one);
  }
  return seen;
}

}  // namespace

int main(int argc, char** argv) {
  add_case("handoff/threads/1x1/8B/batch256", copy<8>, expected);
  add_case("handoff/threads/1x1/64B/batch256", copy<64>, expected);
  return run_cases(argc, argv);
}
