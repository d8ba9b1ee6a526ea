// A runtime for tests: one thread, virtual time, and a schedule that a seed decides. Nothing happens unless asked for,
// and the same seed always does the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

#include <penstock/base/clock.hpp>
#include <penstock/pipeline/pipeline.hpp>
#include <penstock/pipeline/report.hpp>
#include <penstock/pipeline/stall.hpp>
#include <penstock/runtime/run.hpp>
#include <penstock/runtime/runtime.hpp>

namespace penstock {

namespace detail {
class manual_core;
}

/// Somebody waits for a run, and nothing is ready, now or at any time: the run is stuck. `what()` shows its stages, and
/// `picture()` holds them. Watchdogs whose time has not come are given it before this is thrown.
class stuck_error : public std::logic_error {
 public:
  stuck_error(const std::string& what, stall picture)
      : std::logic_error(what), picture_(std::make_shared<const stall>(std::move(picture))) {}

  [[nodiscard]] const stall& picture() const noexcept { return *picture_; }

 private:
  std::shared_ptr<const stall> picture_;  ///< shared, so that copying an exception never throws
};

/// Runs any pipeline. Which of the ready stages goes next is chosen by the seed, and so is how much each may take at
/// once. `clock::now()`, `within(…)`, `async_sleep`, drains and deadlines of queues go by virtual time on this thread,
/// from when the runtime is made until it is destroyed; Asio's own timers do not.
///
/// All bodies run on the thread that made the runtime, inside the calls below, also those of `place::blocking`: so none
/// may block. Blocking calls of queues are refused (`resource_deadlock_would_occur`), as on every worker. Only to be
/// used, with everything that touches its runs, on that thread; one at a time.
class manual_runtime {
 public:
  /// Throws `std::logic_error` if there is one already on this thread.
  explicit manual_runtime(std::uint64_t seed = 1);

  /// Cancels what still runs and does its work until it has ended.
  ~manual_runtime();

  manual_runtime(const manual_runtime&) = delete;
  manual_runtime& operator=(const manual_runtime&) = delete;

  /// Starts `p`; nothing of it runs yet. Waiting for the run, or destroying it, does the work meanwhile and moves the
  /// time where nothing is ready; a wait for a run that is stuck throws `stuck_error`. Throws as `runtime::start` does.
  [[nodiscard]] penstock::run start(const pipeline& p, run_options options = {});

  /// Runs `p` to its end and reports. Throws as `runtime::run` does, and `stuck_error`.
  report run(const pipeline& p, run_options options = {});

  /// One activation of a stage, or one handler of the I/O context. False: nothing is ready at this time.
  bool step();

  /// Steps until nothing is ready; how many. An endless producer whose items are consumed is always ready.
  std::size_t run_until_idle();

  /// Lets `d` pass: does what is ready, moves the time to the next deadline, does what has become ready, and so on.
  void advance(duration d);

  /// The same as `clock::now()`.
  [[nodiscard]] time_point now() const noexcept;

  [[nodiscard]] std::uint64_t seed() const noexcept;

  /// The context of the async stages, for coroutines of the test's own. `step` runs its handlers; do not run it.
  [[nodiscard]] boost::asio::io_context& io() noexcept;

 private:
  std::unique_ptr<detail::manual_core> core_;
};

}  // namespace penstock
