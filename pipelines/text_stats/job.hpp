// What the stages of one run share. Made by main, it outlives the run.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "options.hpp"
#include "results.hpp"

namespace text_stats {

struct job {
  explicit job(options asked) : how(std::move(asked)), into(how) {}

  const options how;
  std::atomic<std::uint64_t> found{0};  ///< files, with those that could not be looked at; by the find stage, relaxed
  results into;
};

}  // namespace text_stats
