// A rate, the line before it, and the alarm for who stands first.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/strand.hpp>

#include <penstock/core/smooth_rate.hpp>
#include <penstock/core/waiter.hpp>
#include <penstock/sync/detail/alarm.hpp>
#include <penstock/sync/detail/async_waiter.hpp>
#include <penstock/sync/detail/small_lock.hpp>

namespace penstock::detail {

/// Stands in line for a permit.
class rate_waiter : public queue_waiter {
 public:
  state outcome = state::ok;

 protected:
  ~rate_waiter() = default;
};

class rate_state final : public context_watcher, public std::enable_shared_from_this<rate_state> {
 public:
  rate_state(rate at_most, std::size_t burst) noexcept : rules_(at_most, burst) {}
  ~rate_state();

  [[nodiscard]] bool try_acquire();

  /// True: in line. False: decided, see its outcome.
  bool line_up(rate_waiter& waiter, const boost::asio::any_io_executor& executor);

  /// True: out of the line, with `why` as its outcome.
  bool withdraw(rate_waiter& waiter, state why) noexcept;

  [[nodiscard]] std::size_t waiting() const;

  /// Nobody waits, and a whole burst could go.
  [[nodiscard]] bool idle() const;

 private:
  using strand = boost::asio::strand<boost::asio::any_io_executor>;
  using alarm_type = alarm<strand>;

  void context_goes_down() noexcept override;

  /// Has the alarm looked at, on the strand.
  void ask_for_alarm(const boost::asio::any_io_executor& executor);
  void ask_for_alarm() noexcept;
  // On the strand only.
  void set_alarm();
  void ring();

  mutable small_lock lock_;
  smooth_rate rules_;  // guarded by lock_, as the line
  waiter_line line_;
  std::mutex home_mutex_;       // before the mutex of the waits
  std::optional<strand> home_;  // guarded by home_mutex_, as its waits; none: nobody has waited yet
  std::shared_ptr<context_waits> home_waits_;
  std::unique_ptr<alarm_type> alarm_;  // touched on the strand only, as the next
  time_point armed_ = never;
};

}  // namespace penstock::detail
