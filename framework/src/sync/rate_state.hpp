// A rate, the line before it, and the alarm for who stands first.
#pragma once

#include <memory>
#include <mutex>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
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

class rate_state;

/// Where the alarm is: on one context, with a strand of its own. Its functions are called on that strand.
class rate_home final : public context_watcher, public std::enable_shared_from_this<rate_home> {
 public:
  rate_home(std::weak_ptr<rate_state> of, boost::asio::execution_context& context);
  rate_home(const rate_home&) = delete;
  rate_home& operator=(const rate_home&) = delete;
  ~rate_home();

  /// Call once, when it is shared; the executor is one of the context.
  void settle_in(const boost::asio::any_io_executor& executor);

  [[nodiscard]] bool is_on(const boost::asio::any_io_executor& executor) const noexcept;

  /// Any thread: has the alarm set, or taken away.
  void ask_for_alarm() noexcept;

 private:
  using strand = boost::asio::strand<boost::asio::any_io_executor>;
  using alarm_type = alarm<strand>;

  struct place final : context_belongings {
    explicit place(const boost::asio::any_io_executor& executor) : on(boost::asio::make_strand(executor)) {}
    strand on;
    std::unique_ptr<alarm_type> alarm;
  };

  void context_goes_down() noexcept override;
  void set_alarm();

  const std::weak_ptr<rate_state> of_;
  boost::asio::execution_context& context_;  // touched while it is not down
  const std::shared_ptr<context_waits> waits_;
  place* place_ = nullptr;  // there while the context is not down
  time_point armed_ = never;
};

class rate_state final : public std::enable_shared_from_this<rate_state> {
 public:
  rate_state(rate at_most, std::size_t burst) noexcept : rules_(at_most, burst) {}

  [[nodiscard]] bool try_acquire();

  /// True: in line. False: decided, see its outcome.
  bool line_up(rate_waiter& waiter, const boost::asio::any_io_executor& executor);

  /// True: out of the line, with `why` as its outcome.
  bool withdraw(rate_waiter& waiter, state why) noexcept;

  /// The permit given last counts from now on.
  void renew();

  [[nodiscard]] std::size_t waiting() const;

  /// Nobody waits, and a whole burst could go.
  [[nodiscard]] bool idle() const;

  // For the home.

  /// When it has to ring; never: nobody waits, or it is somebody else's task by now.
  [[nodiscard]] time_point due(const rate_home& at) const;

  /// Lets go whom the rate allows.
  void ring();

  /// Its context goes down.
  void lost(const rate_home& at) noexcept;

 private:
  /// `first` is the first of the line, and decides where the alarm is.
  void settle_down(const rate_waiter& first, const boost::asio::any_io_executor& executor);

  mutable small_lock lock_;
  smooth_rate rules_;  // guarded by lock_, as the line
  waiter_line line_;
  mutable std::mutex home_mutex_;    // before the lock, and before the mutex of the waits
  std::shared_ptr<rate_home> home_;  // guarded by home_mutex_; none: nobody has waited yet
};

}  // namespace penstock::detail
