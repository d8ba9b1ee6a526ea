// The shape of the pipeline that is measured: what main asks for and pipeline.hpp declares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <penstock/base/clock.hpp>
#include <penstock/core/token_bucket.hpp>
#include <penstock/stages/options.hpp>

namespace bench {

struct shape {
  std::size_t producers = 1;
  std::size_t consumers = 1;
  std::size_t stages = 0;       ///< between producers and consumers
  std::size_t workers = 1;      ///< of each stage in between
  std::size_t capacity = 1024;  ///< of each queue, in items
  std::size_t item_bytes = 0;   ///< that producers write and consumers read; 0: only a number goes through
  std::size_t threads = 0;      ///< CPU workers of the runtime; 0: one per core

  std::optional<penstock::rate> produce_rate{};  ///< of each producer; none: as fast as it goes
  std::optional<penstock::rate> consume_rate{};  ///< of each consumer

  penstock::duration work{};  ///< for an item in each stage in between
  penstock::duration produce_work{};
  penstock::duration consume_work{};

  penstock::order order = penstock::order::any;  ///< of the stages in between
  penstock::place place = penstock::place::cpu;  ///< of the stages in between; blocking: `work` is waited for
  std::uint64_t items = std::numeric_limits<std::uint64_t>::max();  ///< then the input ends
  bool latency = false;                                             ///< each item carries when it was made
};

// The names of the stages in the report.
inline constexpr const char* turns_stage = "turns";  ///< gives each producer the number of the item to make
inline constexpr const char* produce_rate_stage = "produce rate";
inline constexpr const char* produce_stage = "produce";
inline constexpr const char* consume_rate_stage = "consume rate";
inline constexpr const char* consume_stage = "consume";
inline std::string middle_stage(std::size_t number) { return "stage " + std::to_string(number); }

/// One producer without a rate is itself the beginning of the pipeline; otherwise turns come first.
inline bool has_turns(const shape& s) { return s.producers > 1 || s.produce_rate; }

/// "2 producers (2/s each) -> 1 stage x 4 -> 3 consumers, queues of 5". Without the figure of the option that is swept.
std::string words_for(const shape& s, std::string_view swept = "");

}  // namespace bench
