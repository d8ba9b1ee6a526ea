// How URLs become lines.
//
//   urls     reads them, on a thread that may block, and leaves out what an earlier run has done
//   fetch    requests, as many under way as asked for: coroutines on one thread, with one client
//   page     results that come together, so that they are written together
//   write    the lines, the bodies, and then the note that they are done, on a thread that may block
//
// Whatever their number, few URLs are under way: the edges are short. Results are in the order in which they come.
#pragma once

#include <utility>
#include <vector>

#include <penstock/penstock.hpp>

#include "job.hpp"

namespace fetch {

/// The job must outlive every run.
inline penstock::pipeline fetch_urls(job& work) {
  using namespace penstock;
  using namespace std::chrono_literals;
  const auto next = [&work](context& c) -> std::optional<target> {
    for (;;) {
      auto one = work.from.next(c.stop_token());
      if (!one) return std::nullopt;
      if (work.noted->done(*one)) continue;
      work.found.fetch_add(1, std::memory_order_relaxed);
      return one;
    }
  };
  // Bodies are as large as they are, so that few of them are held; lines are short.
  const std::size_t together = work.how.output_is_directory ? 1 : 64;
  const auto write = [&work](const std::vector<fetched>& batch) { work.into.add(batch); };
  return {"fetch URLs", producer({.name = "urls", .on = place::blocking}, next),
          async_transform({.name = "fetch", .workers = work.how.concurrency, .capacity = 64}, work.fetch),
          batch({.name = "page", .count = together, .within = 50ms, .capacity = together}),
          consumer({.name = "write", .capacity = 2, .on = place::blocking}, write)};
}

}  // namespace fetch
