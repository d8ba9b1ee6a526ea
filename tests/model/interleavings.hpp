// All ways in which a few actors can take turns, one atomic step at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace penstock::model {

/// `World` is made anew for every interleaving and gives `actors()`, `ready(i)`, `step(i)` and, when nobody is ready
/// any more, `at_rest()`. Returns how many interleavings there are.
template <class Make>
std::uint64_t play_all(Make make) {
  struct choice {
    std::size_t taken;
    std::vector<std::size_t> among;
  };
  std::vector<choice> path;
  std::uint64_t count = 0;
  for (;;) {
    auto world = make();
    for (std::size_t depth = 0;; ++depth) {
      if (depth == path.size()) {
        std::vector<std::size_t> among;
        for (std::size_t i = 0; i < world.actors(); ++i) {
          if (world.ready(i)) among.push_back(i);
        }
        if (among.empty()) break;
        path.push_back({0, std::move(among)});
      }
      world.step(path[depth].among[path[depth].taken]);
    }
    world.at_rest();
    ++count;
    while (!path.empty() && path.back().taken + 1 == path.back().among.size()) path.pop_back();
    if (path.empty()) return count;
    ++path.back().taken;
  }
}

}  // namespace penstock::model
