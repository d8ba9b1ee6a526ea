// What limits a pipeline, by its report. No thread, no clock: a function of what happened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <penstock/pipeline/report.hpp>

#include "shape.hpp"

namespace bench {

enum class limit : std::uint8_t {
  nothing_measured,  ///< no item came through
  produce_rate,      ///< as fast as --produce-rate allows
  consume_rate,      ///< as fast as --consume-rate allows
  stage,             ///< one stage works nearly all the time, and the others wait for it
  one_core,          ///< cheap stages take turns on one core, which is busy nearly all the time
  cores,             ///< the CPU workers are busy nearly all the time, each with several stages
  hand_over,         ///< no stage and no core is busy: the time goes into handing over, waking up and waiting
};

/// For --json.
const char* to_string(limit what) noexcept;

struct verdict {
  limit what = limit::nothing_measured;
  std::string stage{};  ///< by its name in the report: the bottleneck, or what takes most of the cores; may be empty
  double busy = 0;    ///< share of the time, 0 to 1: of the workers of `stage`, of the cores, or of a rate's allowance
  std::string why{};  ///< a sentence
  std::string advice{};   ///< what to change
  std::string caution{};  ///< a sentence: why this may be wrong; empty: nothing speaks against it
};

struct machine {
  std::size_t cpu_workers = 1;  ///< of the runtime
  std::size_t cores = 1;
  double cpu_seconds = 0;  ///< of the process, within the time that the report covers; 0: not known
};

/// From the first of these that holds: a rate that was asked for and used to 90 % (of two, the lower); a stage whose
/// workers are busy for 80 % of the time; stages of one worker each that are busy for 85 to 120 % of one core, all
/// together, when an item costs less than 500 ns in all of them; CPU workers that are busy, all together, for 85 %. A
/// stage's busy time includes moving its items, and time in which another program had its core.
verdict what_limits(const penstock::report& r, const shape& s, const machine& on);

/// Adds to the busy times what bodies have been at until now, which a report counts when they come back: of the first
/// body of a stage it is known, of its others taken to be half of that. Of a run that goes on.
void count_what_is_under_way(penstock::report& r);

}  // namespace bench
