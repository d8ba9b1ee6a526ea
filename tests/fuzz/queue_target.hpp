// What the bytes of a fuzzer mean to the rules of the queue: calls, done to them and to the naive model.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/queue_model.hpp"
#include "support/operations.hpp"

namespace penstock_tests {

/// What differs and the calls that show it; empty if nothing does.
inline std::string wrong_with_queue(std::span<const std::uint8_t> bytes) {
  auto play = queue_player::play;
  return shortest_failure(play, operations_of(bytes));
}

}  // namespace penstock_tests
