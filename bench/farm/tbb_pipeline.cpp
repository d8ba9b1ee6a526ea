// oneTBB's parallel_pipeline, item by item: a serial source, a parallel filter, a serial sink. 4, 16 and 64 tokens per
// thread made no difference.
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_pipeline.h>

#include "farm/workload.hpp"

namespace {

using namespace farms;

struct contender {
  static answer run(order o, const work& w, std::uint64_t n) {
    const tbb::global_control bound(tbb::global_control::max_allowed_parallelism, threads());
    results all(o == order::kept);
    const auto mode = o == order::kept ? tbb::filter_mode::serial_in_order : tbb::filter_mode::serial_out_of_order;
    std::uint64_t next = 0;
    tbb::parallel_pipeline(
        16 * threads(),
        tbb::make_filter<void, std::uint64_t>(mode, [&](tbb::flow_control& control) -> std::uint64_t {
          if (next == n) {
            control.stop();
            return 0;
          }
          return next++;
        }) & tbb::make_filter<std::uint64_t, std::uint64_t>(tbb::filter_mode::parallel, [&](std::uint64_t i) {
          return w(i);
        }) & tbb::make_filter<std::uint64_t, void>(mode, [&](std::uint64_t v) { all.add(v); }));
    return all;
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
