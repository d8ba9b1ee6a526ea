// What a runtime is made of.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <unordered_set>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "penstock/runtime/runtime.hpp"
#include "runtime/blocking_executor.hpp"
#include "runtime/cpu_workers.hpp"

namespace penstock::detail {

class run_core;

class runtime_core {
 public:
  explicit runtime_core(const runtime_options& options);
  ~runtime_core();

  std::shared_ptr<run_core> start(std::shared_ptr<const plan> what, run_options options);

  [[nodiscard]] cpu_workers& cpu() noexcept { return cpu_; }
  [[nodiscard]] blocking_executor& blocking() noexcept { return blocking_; }

  /// Starts the I/O thread if there is none and the context is our own.
  boost::asio::io_context& io();

  /// True in handlers of a borrowed context: waiting there would keep the very handlers from running that a run needs.
  [[nodiscard]] bool in_a_borrowed_handler() const noexcept {
    return borrowed_io_ != nullptr && borrowed_io_->get_executor().running_in_this_thread();
  }

  void refuse_to_wait_in_a_borrowed_handler() const {
    if (!in_a_borrowed_handler()) return;
    throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                            "waiting for a run in a handler of the I/O context that it may need");
  }

  [[nodiscard]] bool borrows_arena() const noexcept { return borrows_arena_; }

  /// The run has ended: it need not be kept alive any more. The last thing a run does with its runtime.
  void forget(run_core& run) noexcept;

 private:
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
};

}  // namespace penstock::detail
