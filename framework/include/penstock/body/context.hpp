// What a body may ask of the run it is part of, by taking a trailing `penstock::context&`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include <penstock/base/stop.hpp>

namespace penstock {

/// What a run offers to bodies; implemented by the runtime.
class run_control {
 public:
  virtual void request_stop() noexcept = 0;
  virtual void request_cancel() noexcept = 0;
  [[nodiscard]] virtual const stop_token& cancel_token() const noexcept = 0;
  [[nodiscard]] virtual const stop_token& input_token() const noexcept = 0;
  [[nodiscard]] virtual boost::asio::any_io_executor io_executor() = 0;

 protected:
  ~run_control() = default;
};

/// Handed to a body for the length of one call. It belongs to the worker: do not keep a reference to it beyond the call
/// (a coroutine body may use it until it ends), and do not hand it to another thread.
class context {
 public:
  context(run_control& run, std::string_view stage, std::size_t worker, bool is_producer) noexcept
      : run_(&run), stage_(stage), worker_(worker), is_producer_(is_producer) {}

  /// A level that a long body should look at: it stops when the run is cancelled, and in a producer already when the
  /// run is asked to stop. A body that ignores it delays the end of the run.
  [[nodiscard]] const penstock::stop_token& stop_token() const noexcept {
    return is_producer_ ? run_->input_token() : run_->cancel_token();
  }

  /// Which of the stage's workers this is, from 0.
  [[nodiscard]] std::size_t worker() const noexcept { return worker_; }

  /// The number of the item in its stage, from 0, in the order in which items were taken.
  [[nodiscard]] std::uint64_t item() const noexcept { return item_; }

  /// The number of this attempt at the item, from 1.
  [[nodiscard]] unsigned attempt() const noexcept { return attempt_; }

  /// The name of the stage.
  [[nodiscard]] std::string_view stage() const noexcept { return stage_; }

  /// Asks the run to take no new input and to finish what was accepted. Never waits; may be called many times.
  void stop() noexcept { run_->request_stop(); }

  /// Asks the run to end soon: what is left is dropped and counted. Never waits; may be called many times.
  void cancel() noexcept { run_->request_cancel(); }

  /// The executor of the runtime's I/O context; the first call may start the I/O thread.
  [[nodiscard]] boost::asio::any_io_executor io_executor() { return run_->io_executor(); }

  /// For the stages of the library.
  void begin_item(std::uint64_t number, unsigned attempt = 1) noexcept {
    item_ = number;
    attempt_ = attempt;
  }

 private:
  run_control* run_;
  std::string_view stage_;
  std::size_t worker_;
  std::uint64_t item_ = 0;
  unsigned attempt_ = 1;
  bool is_producer_;
};

}  // namespace penstock
