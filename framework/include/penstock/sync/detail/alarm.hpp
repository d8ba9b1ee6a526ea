// A timer on an executor that goes by `clock`: where time is virtual, it rings when that has come so far.
#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/basic_waitable_timer.hpp>

#include <penstock/sync/detail/virtual_clock.hpp>

namespace penstock::detail {

template <class Executor>
class alarm {
  using steady = std::chrono::steady_clock;

 public:
  using timer_type = boost::asio::basic_waitable_timer<steady, boost::asio::wait_traits<steady>, Executor>;

  /// Throws what the timer throws.
  alarm(const Executor& executor, time_point when)
      : timer_(executor, virtual_clock::of_this_thread() == nullptr ? when : never) {
    if (auto* const clock = virtual_clock::of_this_thread()) {
      rang_ = std::make_shared<bool>(false);
      wish_ = clock->call_at(when, [this] {
        *rang_ = true;
        timer_.cancel();
      });
    }
  }
  alarm(const alarm&) = delete;
  alarm& operator=(const alarm&) = delete;

  /// To be waited for; ask `rang` how the wait ended.
  [[nodiscard]] timer_type& timer() noexcept { return timer_; }

  /// Says, as long as it is kept, whether a wait that ended with `error` ended because it was time.
  [[nodiscard]] auto rang() const {
    return [rang = rang_](const boost::system::error_code& error) { return !error || (rang && *rang); };
  }

 private:
  timer_type timer_;
  std::shared_ptr<bool> rang_;  ///< null where time goes on by itself
  virtual_clock::wish wish_;
};

}  // namespace penstock::detail
