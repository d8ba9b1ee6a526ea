#include <penstock/connectors/postgres/pool.hpp>

#include <poll.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <optional>
#include <utility>

#include "operation.hpp"
#include "pool_state.hpp"
#include "send_statement.hpp"

namespace asio = boost::asio;

namespace penstock::postgres {
namespace detail {
namespace {

// What the server has told since: mostly that it has gone.
bool has_ended(session& s) noexcept {
  pollfd one{PQsocket(s.handle), POLLIN, 0};
  if (one.fd < 0) return true;
  if (::poll(&one, 1, 0) <= 0) return false;
  if (PQconsumeInput(s.handle) == 0 || PQstatus(s.handle) != CONNECTION_OK) return true;
  // Its last words come before the end of the stream, which the next read meets.
  one.revents = 0;
  return ::poll(&one, 1, 0) > 0 && (PQconsumeInput(s.handle) == 0 || PQstatus(s.handle) != CONNECTION_OK);
}

}  // namespace

void pool_state::take_back(std::shared_ptr<session> from) noexcept {
  std::shared_ptr<session> ended = from;  // closed outside the lock
  {
    const std::lock_guard hold(mutex);
    --in_use;
    if (!closed && from->is_sound()) {
      from->idle_since = clock::now();
      idle.push_back(std::move(from));  // has room: see the constructor of pool
      ended.reset();
    }
  }
  if (ended) ended->close();
  close_old();
  give_place_back();
}

std::shared_ptr<session> pool_state::take_idle() noexcept {
  const std::lock_guard hold(mutex);
  if (idle.empty()) return nullptr;
  auto last = std::move(idle.back());
  idle.pop_back();
  return last;
}

void pool_state::close_old() noexcept {
  for (;;) {
    std::shared_ptr<session> old;
    const std::lock_guard hold(mutex);
    if (idle.size() + in_use <= options.min || idle.empty()) return;
    if (clock::now() < after(idle.front()->idle_since, options.idle_for)) return;
    old = std::move(idle.front());  // closed by its destructor, without the lock
    idle.erase(idle.begin());
  }
}

namespace {

// Counts as in use from here on; gives the place back unless a connection took it over.
struct held_place {
  held_place(std::shared_ptr<pool_state> from, place&& taken) noexcept : pool(std::move(from)), own(std::move(taken)) {
    const std::lock_guard hold(pool->mutex);
    ++pool->in_use;
  }
  held_place(const held_place&) = delete;
  held_place& operator=(const held_place&) = delete;
  ~held_place() {
    if (!pool) return;
    const std::lock_guard hold(pool->mutex);
    --pool->in_use;
  }
  /// To a connection, which gives it back.
  void pass_on() noexcept {
    own.forget();
    pool.reset();
  }
  std::shared_ptr<pool_state> pool;
  place own;
};

std::string describe(const pool_state& pool) {
  return "the pool of " + std::to_string(pool.options.max) + (pool.options.max == 1 ? " connection" : " connections");
}

asio::awaitable<place> wait_in_line(pool_state& pool, const wait_limits& limits) {
  got<place> mine = co_await pool.places.async_get(limits);
  if (mine) co_return std::move(*mine);
  if (mine.state() == state::timed_out) throw error(errc::exhausted, describe(pool) + ": waiting for one");
  const std::lock_guard hold(pool.mutex);
  if (pool.closed) throw error(errc::misuse, describe(pool) + " is closed");
  throw error(errc::cancelled, describe(pool) + ": waiting for one");
}

// True: it answers.
asio::awaitable<bool> answers(std::shared_ptr<session> asked, const wait_limits& limits, duration timeout) {
  const auto ask_until = std::min(limits.until, after(clock::now(), timeout));
  try {
    operation op(asked, "asking whether it lives", stopped_by(limits.stop, ask_until));
    co_await op.begin();
    if (PQsendQuery(op.handle(), "") == 0) op.fail();
    co_await op.flush();
    const result_ptr empty = co_await op.finish();
  } catch (const error& e) {
    if (e.cause() == errc::cancelled) throw;
    co_return false;
  }
  co_return true;
}

asio::awaitable<void> pause_until(time_point when, const wait_limits& limits) {
  if (clock::now() >= when) co_return;
  queue<int> nothing(1);
  const got<int> none = co_await nothing.async_get(stopped_by(limits.stop, std::min(when, limits.until)));
  if (none.state() != state::timed_out) throw error(errc::cancelled, "waiting to connect again");
}

// Tries until the deadline, with a pause after each failure that all share. An attempt that a caller's own deadline
// cuts short says nothing of the server: others need not wait for it.
asio::awaitable<std::shared_ptr<session>> make(std::shared_ptr<pool_state> pool, wait_limits limits) {
  const retry_rules rules(pool->options.reconnect);
  for (;;) {
    time_point not_before;
    std::optional<error> last_failure;
    {
      const std::lock_guard hold(pool->mutex);
      not_before = pool->not_before;
      last_failure = pool->last_failure;
    }
    co_await pause_until(not_before, limits);
    const auto begun = clock::now();
    if (begun >= limits.until) {
      if (last_failure) throw error(*last_failure);
      throw error(errc::cannot_connect, describe(*pool) + ": no time is left to connect");
    }
    const auto attempt_until = after(begun, pool->options.connect_timeout);
    const auto try_until = std::min(limits.until, attempt_until);
    std::optional<error> failed;
    try {
      std::shared_ptr<session> made = co_await open_for_pool(pool->conninfo, stopped_by(limits.stop, try_until));
      const std::lock_guard hold(pool->mutex);
      ++pool->made;
      pool->failures_in_a_row = 0;
      pool->not_before = time_point::min();
      pool->last_failure.reset();
      co_return made;
    } catch (const error& e) {
      if (e.cause() != errc::cannot_connect && e.cause() != errc::timed_out && e.cause() != errc::connection_lost)
        throw;
      failed.emplace(errc::cannot_connect, e.what(), e.sqlstate());
      if (e.cause() == errc::timed_out && try_until < attempt_until) throw error(*failed);
    }
    const auto now = clock::now();
    {
      const std::lock_guard hold(pool->mutex);
      ++pool->failed;
      pool->last_failure = failed;
      const unsigned failures = ++pool->failures_in_a_row;
      pool->not_before = after(now, rules.delay(failures, retry_rules::chance(now, 0, pool->failed, failures)));
    }
    if (now >= limits.until) throw error(*failed);
  }
}

asio::awaitable<std::shared_ptr<session>> acquire(std::shared_ptr<pool_state> pool, wait_limits limits) {
  limits.until = std::min(limits.until, after(clock::now(), pool->options.acquire_timeout));
  place taken = co_await wait_in_line(*pool, limits);
  held_place mine(pool, std::move(taken));
  for (;;) {
    auto idle = pool->take_idle();
    pool->close_old();
    if (!idle) break;
    if (!idle->is_sound() || has_ended(*idle)) continue;
    const bool ask = clock::now() >= after(idle->idle_since, pool->options.check_after);
    if (ask) {
      const bool lives = co_await answers(idle, limits, pool->options.check_timeout);
      if (!lives) continue;
    }
    mine.pass_on();
    co_return idle;
  }
  auto made = co_await make(pool, limits);
  mine.pass_on();
  co_return made;
}

}  // namespace
}  // namespace detail

pool::pool(std::string conninfo, pool_options options) {
  if (options.max == 0) throw declaration_error("a pool of 0 connections gives none; it needs 1 at least");
  if (options.min > options.max)
    throw declaration_error("a pool cannot keep " + std::to_string(options.min) + " connections of " +
                            std::to_string(options.max) + " at most");
  state_ = std::make_shared<detail::pool_state>(std::move(conninfo), options);
  state_->idle.reserve(options.max);
  for (std::size_t i = 0; i < options.max; ++i) state_->give_place_back();
}

pool::~pool() { close(); }

asio::awaitable<connection> pool::async_acquire(wait_limits limits) {
  const auto state = state_;
  auto session = co_await detail::with_own_cancellation(detail::acquire(state, std::move(limits)));
  co_return connection(std::move(session), state);
}

asio::awaitable<void> pool::async_open(wait_limits limits) {
  return detail::with_own_cancellation(open_ahead(state_, std::move(limits)));
}

asio::awaitable<void> pool::open_ahead(std::shared_ptr<detail::pool_state> state, wait_limits limits) {
  std::vector<connection> opened;
  while (opened.size() < state->options.min) {
    auto session = co_await detail::acquire(state, limits);
    opened.push_back(connection(std::move(session), state));
  }
}

void pool::close() noexcept {
  std::vector<std::shared_ptr<detail::session>> ended;
  {
    const std::lock_guard hold(state_->mutex);
    state_->closed = true;
    ended.swap(state_->idle);
  }
  for (auto& one : ended) one->close();
  state_->places.cancel();
}

pool_snapshot pool::snapshot() const {
  const std::lock_guard hold(state_->mutex);
  return {.idle = state_->idle.size(), .in_use = state_->in_use, .made = state_->made, .failed = state_->failed};
}

}  // namespace penstock::postgres
