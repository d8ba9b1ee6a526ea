// What a worker of a stage is doing, as it looks from outside.
#pragma once

#include <cstdint>

namespace penstock {

/// In the order of what says most about a stage: a stage with several workers does what comes first here.
enum class activity : std::uint8_t {
  running,  ///< a body is under way, or items are being moved
  queued,   ///< there is something to do, and no thread has come to it
  pausing,  ///< parked until a time that is still to come: a token, the end of a batch's `within`, a back-off
  putting,  ///< parked in the line of a queue that it puts into, which is full
  getting,  ///< parked in the line of a queue that it takes from, which is empty
  blocked,  ///< parked for want of room on the edge after it
  starved,  ///< parked for want of input
  idle,     ///< parked for another reason, such as a slow neighbour's turn
  left,     ///< has finished
};

constexpr const char* to_string(activity what) noexcept {
  switch (what) {
    case activity::running: return "running";
    case activity::queued: return "queued";
    case activity::pausing: return "pausing";
    case activity::putting: return "waits to put into its queue";
    case activity::getting: return "waits to get from its queue";
    case activity::blocked: return "blocked";
    case activity::starved: return "starved";
    case activity::idle: return "idle";
    case activity::left: return "left";
  }
  return "?";
}

}  // namespace penstock
