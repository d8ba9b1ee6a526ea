// What the stages of one load share. Made by main, it outlives the run.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include <penstock/connectors/files.hpp>

#include "destination.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "rejects.hpp"

namespace load {

/// Rows. Each is written by one stage and read by any thread; none guards anything else, so their order is relaxed.
struct tally {
  std::atomic<std::uint64_t> read{0};      ///< by the read stage
  std::atomic<std::uint64_t> inserted{0};  ///< and committed; by the insert stage
  std::atomic<std::uint64_t> rejected{0};  ///< by the insert stage
};

struct job {
  explicit job(options asked)
      : how(std::move(asked)), from(look_at_inputs(how)), to(open_destination(how)), rejects(how.rejects) {}

  const options how;
  const inputs from;
  const std::unique_ptr<destination> to;
  rejects_file rejects;
  tally rows;
  checkpoint done;  ///< what is recorded of this load; written by one stage at a time, read by main after the run
  std::shared_ptr<penstock::files::progress> bytes = std::make_shared<penstock::files::progress>();
};

}  // namespace load
