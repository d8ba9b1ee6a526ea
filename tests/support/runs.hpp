// Runs as tests see them: every one must end, and what its report says must add up.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <source_location>
#include <string>
#include <utility>

#include <penstock/penstock.hpp>

#include "support/waiting.hpp"

namespace penstock_tests {

/// The law of items, on a final report.
inline void expect_adds_up(const penstock::report& r) {
  EXPECT_TRUE(r.ended);
  EXPECT_TRUE(r.balanced()) << r;
  for (const auto& s : r.stages) {
    EXPECT_EQ(s.in, s.done + s.failed + s.dropped) << "stage " << s.name << "\n" << r;
  }
  for (const auto& e : r.edges) {
    EXPECT_EQ(e.emitted, e.taken + e.dropped) << "edge from " << e.from << "\n" << r;
    EXPECT_EQ(e.size, 0U) << "edge from " << e.from << "\n" << r;
    EXPECT_LE(e.peak, e.capacity) << "edge from " << e.from << "\n" << r;
  }
  EXPECT_EQ(r.first_failure != nullptr, r.outcome == penstock::end_state::failed);
}

/// A final report that was looked at, so a test may leave it at that.
struct checked_report : penstock::report {};

/// Waits for the end of a run, and checks it; a failed run is reported, not thrown.
inline checked_report finish(const penstock::run& run, std::source_location where = std::source_location::current()) {
  if (!run.wait_for(patience)) {
    std::cerr << run.report() << std::endl;
    hung(where);
  }
  checked_report r{run.report()};
  expect_adds_up(r);
  return r;
}

/// Runs `p` to its end.
inline checked_report finish(penstock::runtime& rt, const penstock::pipeline& p, penstock::run_options options = {},
                             std::source_location where = std::source_location::current()) {
  const auto run = rt.start(p, std::move(options));
  return finish(run, where);
}

/// A producer's body that never ends by itself: 0, 1, 2, …
inline auto endless() {
  return [n = 0]() mutable -> std::optional<int> { return n++; };
}

/// Waits inside a plain body until the run asks it to end. True when it did.
inline void wait_until_told(penstock::context& c, std::source_location where = std::source_location::current()) {
  std::mutex lock;
  std::condition_variable_any changed;
  std::unique_lock hold(lock);
  changed.wait_for(hold, c.stop_token().std_token(), patience, [] { return false; });
  if (!c.stop_token().stop_requested()) hung(where);
}

}  // namespace penstock_tests
