// The machinery that runs pipelines: CPU workers, an I/O context, threads for blocking bodies.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include <oneapi/tbb/task_arena.h>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>

#include <penstock/base/clock.hpp>
#include <penstock/base/stop.hpp>
#include <penstock/pipeline/pipeline.hpp>
#include <penstock/pipeline/report.hpp>
#include <penstock/pipeline/stall.hpp>
#include <penstock/runtime/run.hpp>

namespace penstock {

struct runtime_options {
  std::size_t cpu_workers = 0;            ///< threads for plain bodies; 0: one per core. More than cores gains nothing
  boost::asio::io_context* io = nullptr;  ///< borrow this context for async stages; it must be run by its owner while
                                          ///< runs go on, and outlive them. Null: an own one with one thread, on demand
  tbb::task_arena* arena = nullptr;       ///< borrow this arena: plain bodies are enqueued there instead of running on
                                          ///< threads of ours (`cpu_workers` is then ignored); it must outlive the
                                          ///< runtime. Null: own threads
};

struct run_options {
  stop_token stop = {};  ///< a parent: when it asks to stop, so does this; when to cancel, so does this
  duration drain_within = duration::max();  ///< how long a stop may take before it becomes a cancel
  std::size_t in_flight = std::numeric_limits<std::size_t>::max();
  ///< items in the run, at most: no source takes a new one while so many are there. Less holds less memory and keeps
  ///< items young, more keeps stages busy; max(): only the edges bound them. Items count as declared: a batch is one,
  ///< and what a stage makes many of counts as many, which may exceed the bound and then holds back the sources.
  ///< A source counts one while it waits for its input. Refused where nothing could move: fewer than there are
  ///< sources and what stages keep that wait for more without a limit of time (a batch without `within`, a resequence)
  std::vector<int> signals = {};  ///< opt-in (`{SIGINT, SIGTERM}`): the first such signal stops, the second
                                  ///< cancels; after the run the signals are as before
  std::function<void(const stage_error&)> on_error = {};  ///< sees every error as it happens, on the thread where it
                                                          ///< happened; must not throw
  std::function<void(const report&)> on_left_behind =
      {};                          ///< sees how things stood when the run's handle was destroyed
                                   ///< where it could not wait, so that the runtime waits for
                                   ///< the run instead; on that thread; must not throw
  watchdog_options watchdog = {};  ///< tells when nothing moves; off while it has no hook
};

namespace detail {
class runtime_core;
}

class runtime {
 public:
  /// Starts the CPU workers; throws `std::system_error` when threads cannot be had.
  explicit runtime(runtime_options options = {});

  /// Cancels what still runs and waits for it, then joins every thread of ours. Not on one of them.
  ~runtime();

  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  /// Runs `p` to its end, blocking the calling thread, and reports. A failed run is reported, not thrown; throws
  /// `declaration_error` for a declaration that cannot work, and what a factory of the user's throws. Inside a body on
  /// a CPU worker the worker itself runs the inner run; on an I/O worker, and in a handler of a borrowed context, it
  /// is refused (`resource_deadlock_would_occur`): use `async_run` there.
  report run(const pipeline& p, run_options options = {});

  /// Starts `p` and returns at once. Throws as `run` does; then nothing runs and nothing is left. Any thread.
  [[nodiscard]] penstock::run start(const pipeline& p, run_options options = {});

  /// Starts `p` and completes with its report: `void(report)`. A refused declaration is thrown from the initiation
  /// (with `use_awaitable`: from the `co_await`). Cancelling the operation cancels the run; it completes when that has
  /// ended.
  template <boost::asio::completion_token_for<void(report)> Token>
  auto async_run(const pipeline& p, run_options options, Token&& token) {
    return boost::asio::async_initiate<Token, void(report)>(
        [this](auto handler, pipeline what, run_options how) {
          auto handle = start_handle(what, std::move(how));
          if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
            slot.assign([handle](boost::asio::cancellation_type type) {
              if (type != boost::asio::cancellation_type::none) handle->cancel();
            });
          }
          handle->on_end(detail::completion<report>(std::move(handler)));
        },
        token, p, std::move(options));
  }

  /// CPU workers, or the concurrency of a borrowed arena.
  [[nodiscard]] std::size_t cpu_workers() const noexcept;

  /// The I/O context that async stages use. The first call may start the I/O thread.
  [[nodiscard]] boost::asio::io_context& io();

 private:
  std::shared_ptr<detail::run_handle> start_handle(const pipeline& p, run_options options);

  std::unique_ptr<detail::runtime_core> core_;
};

}  // namespace penstock
