#include "penstock/sync/rate_limiter.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <map>
#include <utility>

#include "penstock/base/error.hpp"
#include "penstock/core/outcome.hpp"
#include "penstock/sync/detail/async_wait.hpp"
#include "penstock/sync/detail/handler.hpp"
#include "penstock/sync/detail/queue_coroutines.hpp"
#include "sync/rate_state.hpp"

namespace penstock {
namespace detail {

rate_home::rate_home(std::weak_ptr<rate_state> of, boost::asio::execution_context& context)
    : of_(std::move(of)), context_(context), waits_(waits_of(context)) {}

rate_home::~rate_home() {
  const std::lock_guard hold(waits_->mutex);
  waits_->watchers.erase(this);
  waits_->belongings.erase(this);
}

void rate_home::settle_in(const boost::asio::any_io_executor& executor) {
  auto made = std::make_unique<place>(executor);
  const std::lock_guard hold(waits_->mutex);
  if (waits_->down) return;
  place_ = made.get();
  waits_->belongings.emplace(this, std::move(made));
  waits_->watchers.emplace(this, weak_from_this());
}

bool rate_home::is_on(const boost::asio::any_io_executor& executor) const noexcept {
  return &context_of(executor) == &context_;
}

void rate_home::ask_for_alarm() noexcept {
  const std::lock_guard hold(waits_->mutex);
  if (!waits_->down) boost::asio::post(place_->on, [self = shared_from_this()] { self->set_alarm(); });
}

void rate_home::context_goes_down() noexcept {
  if (const auto of = of_.lock()) of->lost(*this);
}

void rate_home::set_alarm() {
  const auto of = of_.lock();
  const auto when = of ? of->due(*this) : never;
  if (when == armed_) return;
  armed_ = when;
  place_->alarm.reset();
  if (when == never) return;
  place_->alarm = std::make_unique<alarm_type>(place_->on, when);
  place_->alarm->timer().async_wait(
      [self = shared_from_this(), rang = place_->alarm->rang()](boost::system::error_code error) {
        if (!rang(error)) return;
        self->armed_ = never;
        if (const auto of_it = self->of_.lock()) of_it->ring();
        self->set_alarm();
      });
}

bool rate_state::try_acquire() {
  const std::lock_guard hold(lock_);
  return line_.empty() && rules_.take(clock::now(), false);
}

bool rate_state::line_up(rate_waiter& waiter, const boost::asio::any_io_executor& executor) {
  {
    const std::lock_guard hold(lock_);
    if (waiter.outcome != state::ok) return false;  // withdrawn before it came here
    if (line_.empty() && rules_.take(clock::now(), false)) return false;
    line_.push_back(waiter);
    if (line_.front() != &waiter) return true;
  }
  settle_down(waiter, executor);
  return true;
}

bool rate_state::withdraw(rate_waiter& waiter, state why) noexcept {
  {
    const std::lock_guard hold(lock_);
    if (!waiter.in_line()) {
      if (waiter.outcome == state::ok) waiter.outcome = why;
      return false;
    }
    line_.remove(waiter);
    waiter.outcome = why;
    if (!line_.empty()) return true;
  }
  std::shared_ptr<rate_home> home;
  {
    const std::lock_guard hold(home_mutex_);
    home = home_;
  }
  if (home) home->ask_for_alarm();  // nobody needs it any more
  return true;
}

void rate_state::renew() {
  const std::lock_guard hold(lock_);
  rules_.renew(clock::now());
}

std::size_t rate_state::waiting() const {
  const std::lock_guard hold(lock_);
  return line_.size();
}

bool rate_state::idle() const {
  const std::lock_guard hold(lock_);
  return line_.empty() && rules_.full(clock::now());
}

void rate_state::lost(const rate_home& at) noexcept {
  decided_waiters decided;
  {
    const std::lock_guard hold_home(home_mutex_);
    if (home_.get() != &at) return;
    home_.reset();  // not the last: the caller has one
    const std::lock_guard hold(lock_);
    while (auto* const first = line_.front()) {
      line_.remove(*first);
      static_cast<rate_waiter*>(first)->outcome = state::cancelled;
      decided.push_back(*first);
    }
  }
  decided.complete_all();
}

void rate_state::settle_down(const rate_waiter& first, const boost::asio::any_io_executor& executor) {
  std::shared_ptr<rate_home> home, before;
  {
    const std::lock_guard hold_home(home_mutex_);
    if (!home_ || !home_->is_on(executor)) {
      {
        const std::lock_guard hold(lock_);
        if (line_.front() != &first) return;  // it has gone already, and who came after it decides
      }
      auto made = std::make_shared<rate_home>(weak_from_this(), context_of(executor));
      made->settle_in(executor);
      before = std::exchange(home_, std::move(made));
    }
    home = home_;
  }
  if (before) before->ask_for_alarm();  // it keeps its context busy no longer
  home->ask_for_alarm();
}

time_point rate_state::due(const rate_home& at) const {
  const std::lock_guard hold_home(home_mutex_);
  if (home_.get() != &at) return never;
  const std::lock_guard hold(lock_);
  return line_.empty() ? never : rules_.due();
}

void rate_state::ring() {
  decided_waiters decided;
  {
    const std::lock_guard hold(lock_);
    const auto now = clock::now();
    while (auto* const first = line_.front()) {
      if (!rules_.take(now, true)) break;
      line_.remove(*first);
      decided.push_back(*first);
    }
  }
  decided.complete_all();
}

namespace {

class rate_wait final : public rate_waiter, public async_waiter {
 public:
  rate_wait(std::shared_ptr<rate_state> limiter, completion<state> handler)
      : limiter_(std::move(limiter)), handler_(std::move(handler)) {}

  /// Call once, on a waiter made by `new` whose only reference is the caller's: it passes to the line. The executor is
  /// the handler's. It is not kept: who completes the wait lets go of what is left of it when the context may be gone.
  void start(const wait_limits& limits, const boost::asio::any_io_executor& executor) {
    struct rollback {
      rate_wait* waiter;
      ~rollback() {
        if (!waiter) return;
        completion<state> unused;
        waiter->with_handler([&] { unused = std::move(waiter->handler_); });
        waiter->drop_reference();
      }
    } unless_started{this};
    if (!enlist(handler_.context())) return;
    if (limits.until != never)
      handler_.arm(limits.until, [self = async_waiter_reference(*this)] { self->cancel(state::timed_out); });
    watch(limits.stop);
    unless_started.waiter = nullptr;
    // Once in line, this may be gone at any time.
    const auto limiter = limiter_;
    if (!limiter->line_up(*this, executor)) settle();
  }

  void complete() noexcept override { settle(); }

 private:
  bool withdraw(state why) noexcept override { return limiter_->withdraw(*this, why); }
  void settle() noexcept override {
    with_handler([&] { handler_.post(outcome); });
    drop_reference();
  }
  void destroy_handler() noexcept override { const completion<state> gone = std::move(handler_); }

  const std::shared_ptr<rate_state> limiter_;
  completion<state> handler_;  // whose it is: see async_waiter.hpp
};

struct initiate_acquire {
  template <class Handler>
  void operator()(Handler&& handler, std::shared_ptr<rate_state> limiter, const wait_limits& limits) const {
    auto slot = asio::get_associated_cancellation_slot(handler);
    const boost::asio::any_io_executor executor = asio::get_associated_executor(handler);
    auto* const wait = new rate_wait(std::move(limiter), completion<state>(std::forward<Handler>(handler)));
    if (slot.is_connected())
      slot.assign([self = async_waiter_reference(*wait)](asio::cancellation_type type) {
        if (type != asio::cancellation_type::none) self->cancel(state::cancelled);
      });
    wait->start(limits, executor);
  }
};

asio::awaitable<void> acquire(std::shared_ptr<rate_state> limiter, wait_limits limits) {
  if (streak_is_over()) co_await asio::post(asio::use_awaitable);
  const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none || stopped_before(limits)) throw error(errc::cancelled);
  if (limiter->try_acquire()) {
    prolong_streak();
    co_return;
  }
  if (expired(limits)) throw error(errc::timed_out);
  end_streak();
  auto wait = asio::async_initiate<const asio::deferred_t&, void(state)>(initiate_acquire(), asio::deferred,
                                                                         std::move(limiter), std::move(limits));
  const state outcome = co_await std::move(wait);
  if (outcome != state::ok) throw error(code_of(outcome));
}

}  // namespace

class keyed_rates {
 public:
  keyed_rates(rate at_most, std::size_t burst) : rate_(at_most), burst_(burst) {}

  std::shared_ptr<rate_state> of(std::string_view key) {
    const std::lock_guard hold(mutex_);
    auto at = rates_.find(key);
    if (at == rates_.end()) {
      if (rates_.size() >= look_at_) forget();
      at = rates_.emplace(std::string(key), std::make_shared<rate_state>(rate_, burst_)).first;
    }
    return at->second;
  }

 private:
  void forget() {
    std::erase_if(rates_, [](const auto& entry) { return entry.second.use_count() == 1 && entry.second->idle(); });
    look_at_ = std::max(least_, 2 * rates_.size());
  }

  static constexpr std::size_t least_ = 1024;
  const rate rate_;
  const std::size_t burst_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<rate_state>, std::less<>> rates_;  // guarded by mutex_
  std::size_t look_at_ = least_;                                           // guarded by mutex_
};

namespace {
void check(rate at_most, std::size_t burst) {
  if (at_most.count < 1 || at_most.per <= duration::zero())
    throw declaration_error("a rate limiter needs a rate above 0");
  if (static_cast<std::uint64_t>(at_most.count) > token_bucket::most)
    throw declaration_error("the rate of a rate limiter is 2^32 in its period at most");
  if (burst < 1) throw declaration_error("a rate limiter has a burst of 0; it needs 1 at least");
}
}  // namespace

}  // namespace detail

rate_limiter::rate_limiter(rate at_most, std::size_t burst)
    : state_((detail::check(at_most, burst), std::make_shared<detail::rate_state>(at_most, burst))) {}

rate_limiter::rate_limiter(std::shared_ptr<detail::rate_state> state) : state_(std::move(state)) {}

bool rate_limiter::try_acquire() { return state_->try_acquire(); }

boost::asio::awaitable<void> rate_limiter::async_acquire(wait_limits limits) {
  return detail::acquire(state_, std::move(limits));
}

void rate_limiter::renew() { state_->renew(); }

std::size_t rate_limiter::waiting() const { return state_->waiting(); }

keyed_rate_limiter::keyed_rate_limiter(rate at_most, std::size_t burst)
    : state_((detail::check(at_most, burst), std::make_shared<detail::keyed_rates>(at_most, burst))) {}

rate_limiter keyed_rate_limiter::of(std::string_view key) { return rate_limiter(state_->of(key)); }

}  // namespace penstock
