// One run: its workers and edges, how it is asked to end, how it ends, and who is told.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "penstock/pipeline/plan.hpp"
#include "penstock/runtime/detail/run_handle.hpp"
#include "penstock/runtime/runtime.hpp"
#include "runtime/edge_of_run.hpp"
#include "runtime/machine.hpp"
#include "runtime/run_signals.hpp"
#include "runtime/watchdog.hpp"

namespace penstock::detail {

class run_core final : public run_handle,
                       public flow::run_services,
                       public flow::surroundings,
                       public std::enable_shared_from_this<run_core> {
 public:
  run_core(machine& runtime, std::shared_ptr<const plan> what, run_options options);

  /// Makes edges and workers, then starts them. Throws what a factory throws; then nothing has started.
  void start();

  /// The alarm of a drain, due at `when`.
  void alarm_rings(time_point when) noexcept;

  /// It is time for the watchdog to look.
  void watch_rings(time_point when) noexcept;

  /// A stall was told, and nothing has moved since as far as the watchdog saw.
  [[nodiscard]] bool has_told() const noexcept { return watchdog_ && watchdog_->has_told(); }

  /// The run as somebody finds it who knows that it is stuck; it has not ended.
  [[nodiscard]] stall picture();

  // run_handle
  void stop(duration drain_within) noexcept override;
  void cancel() noexcept override;
  [[nodiscard]] bool stop_requested() const noexcept override;
  penstock::report wait() override;
  bool wait_for(duration d) override;
  void on_end(completion<penstock::report> done) override;
  penstock::report report() override;
  void abandon() noexcept override;

  // run_services and run_control
  void record_error(std::size_t stage, std::uint64_t item, std::exception_ptr error,
                    flow::error_effect effect) noexcept override;
  [[nodiscard]] time_point now() const noexcept override { return clock::now(); }
  void notify_at(flow::actor& a, time_point when) noexcept override;
  void request_stop() noexcept override;
  void request_cancel() noexcept override;
  [[nodiscard]] const stop_token& cancel_token() const noexcept override { return cancel_token_; }
  [[nodiscard]] const stop_token& input_token() const noexcept override { return input_token_; }
  [[nodiscard]] boost::asio::any_io_executor io_executor() override;

  // surroundings
  [[nodiscard]] flow::executor& cpu() override;
  [[nodiscard]] flow::executor& blocking() override;
  [[nodiscard]] flow::io_home& strand() override;
  [[nodiscard]] flow::run_services& services() noexcept override { return *this; }

 private:
  void everybody_left() noexcept override;
  void make_parts();
  void make_inputs(std::size_t to);
  void apply(const drain_rules::verdict& v, std::unique_lock<std::mutex>& lock) noexcept;
  [[nodiscard]] penstock::report snapshot() const;
  void refuse_to_wait_here() const;
  void tell_left_behind() const noexcept;
  [[nodiscard]] static bool is_retired(const flow::run_services& run) noexcept;

  machine& runtime_;
  std::shared_ptr<const plan> plan_;  ///< let go of, like the options, when the run has ended
  run_options options_;
  const time_point began_;
  const flow::run_services* const started_in_;  ///< the run in whose body this was started; null: in none
  std::size_t blocking_workers_ = 0;

  stop_source cancel_source_;
  stop_source input_source_;
  const stop_token cancel_token_;
  const stop_token input_token_;

  std::deque<flow::io_home> strands_;
  std::vector<edge_of_run> edges_;  ///< in the order of the stages they lead to
  std::vector<std::unique_ptr<flow::stage_instance>> stages_;
  std::vector<flow::actor*> actors_;

  struct forward_stop {
    run_core* run;
    void operator()() const noexcept;
  };
  std::optional<std::stop_callback<forward_stop>> on_parent_;
  struct forward_cancel {
    run_core* run;
    void operator()() const noexcept { run->cancel(); }
  };
  std::optional<std::stop_callback<forward_cancel>> on_outer_run_;
  std::shared_ptr<run_signals> signals_;
  std::unique_ptr<watchdog> watchdog_;  ///< null: nobody asked for one

  mutable std::mutex lock_;
  std::condition_variable changed_;
  // Guarded by lock_.
  drain_rules rules_;
  std::vector<stage_error> errors_;
  std::vector<std::size_t> errors_of_stage_;
  std::exception_ptr first_failure_;
  std::optional<penstock::report> final_;  ///< set: the run has ended
  std::vector<completion<penstock::report>> to_tell_;

  std::atomic<bool> retired_{false};  ///< nothing of the run runs any more
  std::atomic<bool> asked_{false};
};

}  // namespace penstock::detail
