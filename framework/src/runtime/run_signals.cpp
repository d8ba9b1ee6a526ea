#include "runtime/run_signals.hpp"

#include <utility>

namespace penstock::detail {

void run_signals::begin(std::weak_ptr<run_handle> run, const std::vector<int>& numbers) {
  const std::lock_guard hold(lock_);
  run_ = std::move(run);
  for (const int number : numbers) set_.add(number);
  wait();
}

void run_signals::end() noexcept {
  const std::lock_guard hold(lock_);
  ended_ = true;
  boost::system::error_code ignored;
  set_.clear(ignored);
  set_.cancel(ignored);
}

void run_signals::wait() {
  set_.async_wait([self = shared_from_this()](boost::system::error_code error, int) {
    if (!error) self->came();
  });
}

void run_signals::came() {
  std::unique_lock hold(lock_);
  if (ended_) return;
  wait();
  const bool first = !std::exchange(asked_, true);
  const auto target = run_.lock();
  hold.unlock();  // what follows may end the run, which calls `end`
  if (target == nullptr) return;
  if (first) {
    target->stop(duration::max());
  } else {
    target->cancel();
  }
}

}  // namespace penstock::detail
