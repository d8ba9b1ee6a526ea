// From the plan of a run to its pipeline.
#pragma once

#include <penstock/penstock.hpp>

#include "stress/bodies.hpp"

namespace penstock_tests::stress {

/// The queues around a run.
struct queues_of_a_run {
  explicit queues_of_a_run(const run_plan& p)
      : input(1 + p.seed % 20), output(1 + p.seed / 20 % 20), letters(1 + p.seed / 400 % 8) {}

  penstock::queue<token> input;
  penstock::queue<token> output;
  penstock::queue<penstock::dead<token>> letters;
};

/// The pipeline for the plan of `on_stage`, which outlives it, as do the queues.
[[nodiscard]] penstock::pipeline make_line(scene& on_stage, queues_of_a_run& queues);

}  // namespace penstock_tests::stress
