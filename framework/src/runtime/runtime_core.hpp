// What a runtime is made of.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "penstock/runtime/runtime.hpp"
#include "runtime/alarm_thread.hpp"
#include "runtime/blocking_executor.hpp"
#include "runtime/cpu_workers.hpp"
#include "runtime/machine.hpp"
#include "runtime/run_core.hpp"

namespace penstock::detail {

class runtime_core final : public machine {
 public:
  explicit runtime_core(const runtime_options& options);
  ~runtime_core() override;

  std::shared_ptr<run_core> start(std::shared_ptr<const plan> what, run_options options);

  /// CPU workers, or the concurrency of a borrowed arena.
  [[nodiscard]] std::size_t workers() const noexcept { return cpu_.count(); }

  void refuse_to_wait_in_a_borrowed_handler() const;

  // machine
  [[nodiscard]] flow::executor& cpu() noexcept override { return cpu_; }
  [[nodiscard]] flow::executor& blocking() noexcept override { return blocking_; }
  [[nodiscard]] boost::asio::io_context& io() override;
  void reserve_blocking(std::size_t workers) override { blocking_.reserve(workers); }
  void release_blocking(std::size_t workers) noexcept override { blocking_.release(workers); }
  [[nodiscard]] bool apart(const flow::executor& from, const flow::executor& to) const noexcept override;
  [[nodiscard]] std::size_t most_at_once() noexcept override { return 1024; }
  void notify_at(flow::actor& a, time_point when) noexcept override { cpu_.notify_at(a, when); }
  void set_alarm(run_core& run, time_point when) noexcept override;
  void set_watch(run_core& run, time_point when) override { watches_.set(run, when); }
  [[nodiscard]] boost::asio::io_context* borrowed_io() noexcept override { return borrowed_io_; }
  [[nodiscard]] bool arena_is_idle() noexcept override { return cpu_.arena_is_idle(); }
  void refuse_to_wait_here() const override;
  [[nodiscard]] bool may_help_here(const flow::run_services* outer) const noexcept override;
  [[nodiscard]] bool is_alone() const noexcept override { return false; }
  void help(run_core& run, bool (*over)(const flow::run_services&) noexcept, time_point) override;
  void run_ended(run_core& run) noexcept override;
  void join_surplus(const run_core& run) noexcept override;
  void forget(run_core& run) noexcept override;

 private:
  /// True in handlers of a borrowed context: waiting there would keep the very handlers from running that a run needs.
  [[nodiscard]] bool in_a_borrowed_handler() const noexcept {
    return borrowed_io_ != nullptr && borrowed_io_->get_executor().running_in_this_thread();
  }

  boost::asio::io_context* const borrowed_io_;
  const bool borrows_arena_;
  std::mutex lock_;
  std::condition_variable forgotten_;
  // Guarded by lock_.
  std::unordered_set<std::shared_ptr<run_core>> runs_;
  boost::asio::io_context own_io_{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::thread io_thread_;

  blocking_executor blocking_;
  cpu_workers cpu_;
  alarm_thread alarms_{&run_core::alarm_rings};
  alarm_thread watches_{&run_core::watch_rings};  ///< apart: a hook of a watchdog that takes long delays no drain
};

}  // namespace penstock::detail
