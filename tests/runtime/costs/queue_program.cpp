// A fixed number of puts and gets by one thread, so that neither waits. `queue_program N` takes N items through;
// instructions_test.py counts the instructions that it takes. Exit code 1 when the sum is wrong.
#include <cstdint>
#include <cstdlib>
#include <utility>

#include <penstock/penstock.hpp>

int main(int argc, char** argv) {
  const std::uint64_t items = argc == 2 ? std::strtoull(argv[1], nullptr, 10) : 0;
  penstock::queue<std::uint64_t> line(64);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < items; ++i) {
    auto item = i;
    if (!line.put(std::move(item))) return 1;
    const auto got = line.get();
    if (!got) return 1;
    sum += *got;
  }
  return sum == items * (items - 1) / 2 ? 0 : 1;
}
