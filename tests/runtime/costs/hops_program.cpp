// A fixed pipeline on one CPU worker: a source, 16 trivial serial stages, a sink. `hops_program N` takes N items
// through; instructions_test.py counts the instructions that it takes. Exit code 1 when the sum is wrong.
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <penstock/penstock.hpp>

int main(int argc, char** argv) {
  using namespace penstock;
  constexpr long stage_count = 16;
  const long items = argc == 2 ? std::atol(argv[1]) : 0;
  const auto body = [](long n) { return n + 1; };
  std::vector<decltype(transform({}, body))> stages;
  for (int i = 0; i < stage_count; ++i) stages.push_back(transform({.name = "stage " + std::to_string(i)}, body));
  long sum = 0;
  const pipeline line{"hops",
                      producer({.name = "count"},
                               [n = 0L, items]() mutable -> std::optional<long> {
                                 return n == items ? std::nullopt : std::optional(n++);
                               }),
                      sequence(std::move(stages)), consumer({.name = "sum"}, [&sum](long n) { sum += n; })};
  runtime machinery({.cpu_workers = 1});
  machinery.run(line).rethrow();
  return sum == items * (items - 1) / 2 + items * stage_count ? 0 : 1;
}
