// What the suites on a run share: the two machines that a typed suite is run with, and what must be true of every end.
#pragma once

#include "waiters.hpp"

namespace conformance {

using all_machines = testing::Types<adapter::thread_machine, adapter::coroutine_machine>;

/// The law of items, on the numbers of a run that has ended.
inline void expect_adds_up(const adapter::outcome& r) {
  EXPECT_TRUE(r.over);
  EXPECT_TRUE(r.adds_up);
  for (std::size_t i = 0; i < r.stages.size(); ++i) {
    const auto& s = r.stages[i];
    EXPECT_EQ(s.in, s.done + s.failed + s.dropped) << "stage " << s.name;
    if (i > 0) {
      EXPECT_EQ(r.stages[i - 1].emitted, s.in + s.dropped_before) << "before stage " << s.name;
    }
  }
  EXPECT_EQ(r.error != nullptr, r.how == ended::failed);
}

/// Waits for the end, and checks the law.
template <class Running>
adapter::outcome finish(const Running& run, std::source_location where = std::source_location::current()) {
  if (!run.wait_for(penstock_tests::patience)) penstock_tests::hung(where);
  auto r = run.wait();
  expect_adds_up(r);
  return r;
}
template <class Machine>
adapter::outcome finish(Machine& machine, const adapter::job& job,
                        std::source_location where = std::source_location::current()) {
  const auto run = machine.start(job);
  return finish(run, where);
}

/// 0, 1, 2, … without an end.
inline auto endless() {
  return [n = 0]() mutable -> std::optional<int> { return n++; };
}

inline std::vector<int> numbers(int from, int to) {
  std::vector<int> all;
  for (int i = from; i < to; ++i) all.push_back(i);
  return all;
}

}  // namespace conformance
