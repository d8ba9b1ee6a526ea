// A pipeline whose middle stage waits: as many bodies under way as there may be waits.
#include <penstock/penstock.hpp>

#include <optional>

#include "waits/waits.hpp"

namespace {

bench::answer wait_in_a_stage(const bench::waits::question& asked) {
  bench::answer seen;
  const penstock::pipeline items{
      "waits",
      penstock::producer({.name = "number"},
                         [i = std::uint64_t{0}, n = asked.n]() mutable -> std::optional<std::uint64_t> {
                           if (i == n) return std::nullopt;
                           return bench::value(i++);
                         }),
      penstock::async_transform(
          {.name = "wait", .workers = asked.waits},
          [pause = asked.pause](std::uint64_t item) { return bench::waits::wait_and_pass(item, pause); }),
      penstock::consumer({.name = "add up"}, [&seen](std::uint64_t item) { seen.add(item); })};
  penstock::runtime machine({.cpu_workers = 1});
  machine.run(items).rethrow();
  return seen;
}

}  // namespace

int main(int argc, char** argv) { return bench::waits::compete(argc, argv, wait_in_a_stage); }
