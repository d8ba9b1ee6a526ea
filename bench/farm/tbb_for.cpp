// oneTBB's parallel_for with its automatic partitioner: no stream, all items are there beforehand and all results are
// kept until the end. What a library reaches that may cut the work as it likes.
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>

#include <vector>

#include "farm/workload.hpp"

namespace {

using namespace farms;

struct contender {
  static answer run(order o, const work& w, std::uint64_t n) {
    const tbb::global_control bound(tbb::global_control::max_allowed_parallelism, threads());
    std::vector<std::uint64_t> done(n);
    tbb::parallel_for(tbb::blocked_range<std::uint64_t>(0, n), [&](const tbb::blocked_range<std::uint64_t>& part) {
      for (auto i = part.begin(); i != part.end(); ++i) done[i] = w(i);
    });
    results all(o == order::kept);
    for (const auto v : done) all.add(v);
    return all;
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
