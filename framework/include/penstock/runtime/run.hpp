// One execution of a pipeline: watch it, end it, wait for it.
#pragma once

#include <memory>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <penstock/base/clock.hpp>
#include <penstock/pipeline/report.hpp>
#include <penstock/runtime/detail/run_handle.hpp>

namespace penstock {

/// Made by `runtime::start`. Movable; a run is used once. The runtime must outlive it.
///
/// `stop`, `cancel` and `drain` are requests: they never wait, and any thread, body or handler may make them, many
/// times.
class run {
 public:
  run() = default;  ///< no run: only assign to it
  run(run&&) noexcept = default;
  run& operator=(run&& other) noexcept {
    if (this != &other) {
      end();
      handle_ = std::move(other.handle_);
    }
    return *this;
  }

  /// Cancels and waits until everything of the run has ended; a body that never returns keeps it waiting. On a worker
  /// of the runtime, or in a handler of a context that it borrowed, it cannot wait: there it cancels, tells
  /// `run_options::on_left_behind`, and the runtime waits in its destructor.
  ~run() { end(); }

  /// Take no new input and finish what was accepted. With `run_options::drain_within` the stop becomes a cancel when
  /// that time has passed.
  void stop() const noexcept { handle_->stop(duration::max()); }

  /// End soon: bodies under way finish or see their stop token, everything else is dropped and counted.
  void cancel() const noexcept { handle_->cancel(); }

  /// Stop now, and cancel when `d` has passed.
  void drain(duration d) const noexcept { handle_->stop(d); }

  /// True from the first request to end, of whatever kind.
  [[nodiscard]] bool stop_requested() const noexcept { return handle_->stop_requested(); }

  /// Blocks until the run has ended, then throws what failed it, unchanged, or gives the report; again and again the
  /// same. Nothing of the run runs any more when it returns. On a worker of a runtime, and in a handler of a context
  /// that the runtime borrowed, it throws `std::system_error(resource_deadlock_would_occur)`; except in a body on a CPU
  /// worker for a run that was started in that body: then the worker runs the inner run's stages itself.
  penstock::report wait() const {
    auto result = handle_->wait();
    result.rethrow();
    return result;
  }

  /// Blocks at most for `d`, without the report: true when the run has ended. Does not throw what failed it. On a
  /// worker of a runtime, also for a run started in that body, and in a handler of a borrowed context that the run may
  /// need, it throws `std::system_error(resource_deadlock_would_occur)`.
  [[nodiscard]] bool wait_for(duration d) const { return handle_->wait_for(d); }

  /// For any completion token, `void(report)`: called when the run has ended; a failed run's report is given, not
  /// thrown. The handler needs an executor of its own and is called by `post`.
  template <boost::asio::completion_token_for<void(penstock::report)> Token>
  auto async_wait(Token&& token) const {
    return boost::asio::async_initiate<Token, void(penstock::report)>(
        [](auto handler, std::shared_ptr<detail::run_handle> handle) {
          handle->on_end(detail::completion<penstock::report>(std::move(handler)));
        },
        token, handle_);
  }

  /// Suspends until the run has ended; like `wait`, throws what failed it. Cancelling the wait does not end the run.
  [[nodiscard]] boost::asio::awaitable<penstock::report> async_wait() const {
    auto result = co_await async_wait(boost::asio::use_awaitable);
    result.rethrow();
    co_return result;
  }

  /// How things stand; final once the run has ended. Never waits for a body.
  [[nodiscard]] penstock::report report() const { return handle_->report(); }

 private:
  friend class runtime;
  friend class manual_runtime;
  explicit run(std::shared_ptr<detail::run_handle> handle) noexcept : handle_(std::move(handle)) {}

  void end() noexcept {
    if (auto handle = std::exchange(handle_, nullptr)) handle->abandon();
  }

  std::shared_ptr<detail::run_handle> handle_;
};

}  // namespace penstock
