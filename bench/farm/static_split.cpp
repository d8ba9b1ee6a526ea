// The limit: each core gets one range of items beforehand, all ranges cost the same, and nobody talks to anybody until
// the end. With skewed work that takes knowing what each item costs, so nobody can do that; it is the ideal.
#include <thread>
#include <vector>

#include "farm/workload.hpp"

namespace {

using namespace farms;

/// The ends of the ranges.
std::vector<std::uint64_t> split(const work& w, std::uint64_t n) {
  std::uint64_t total = 0;
  for (std::uint64_t i = 0; i < n; ++i) total += w.cost(i);
  std::vector<std::uint64_t> ends;
  std::uint64_t so_far = 0;
  for (std::uint64_t i = 0; i < n && ends.size() + 1 < threads(); ++i) {
    so_far += w.cost(i);
    if (so_far >= total * (ends.size() + 1) / threads()) ends.push_back(i + 1);
  }
  ends.resize(threads(), n);
  return ends;
}

struct contender {
  static inline std::vector<std::uint64_t> ends;

  static void prepare(const work& w, std::uint64_t n) { ends = split(w, n); }

  static answer run(order o, const work& w, std::uint64_t n) {
    results all(o == order::kept);
    std::vector<results> parts(ends.size(), results(false));
    std::vector<std::uint64_t> done(o == order::kept ? n : 0);
    {
      std::vector<std::jthread> team;
      for (std::size_t t = 0; t < ends.size(); ++t) {
        team.emplace_back([&, t] {
          const auto begin = t == 0 ? 0 : ends[t - 1];
          if (o == order::kept) {
            for (auto i = begin; i < ends[t]; ++i) done[i] = w(i);
          } else {
            results mine(false);
            for (auto i = begin; i < ends[t]; ++i) mine.add(w(i));
            parts[t] = mine;
          }
        });
      }
    }
    for (const auto& part : parts) all += part;
    for (const auto v : done) all.add(v);
    return all;
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
