// What a pool and its connections share. See pool.hpp.
#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <penstock/connectors/postgres/pool.hpp>
#include <penstock/sync/queue.hpp>

#include "session.hpp"

namespace penstock::postgres::detail {

boost::asio::awaitable<std::shared_ptr<session>> open_for_pool(std::string conninfo, wait_limits limits);

struct pool_state;

/// A place in the pool: whoever has it may have a connection. It gives itself back, also when it is destroyed on its
/// way to somebody whose context goes down. What is in the line of a pool that is gone belongs to nobody.
class place {
 public:
  explicit place(std::weak_ptr<pool_state> of) noexcept : pool_(std::move(of)) {}
  place(place&& other) noexcept : pool_(std::exchange(other.pool_, {})) {}
  place& operator=(place&& other) noexcept {
    place gone(std::move(*this));
    pool_.swap(other.pool_);
    return *this;
  }
  ~place();

  /// Somebody else gives it back.
  void forget() noexcept { pool_.reset(); }

 private:
  std::weak_ptr<pool_state> pool_;
};

struct pool_state : std::enable_shared_from_this<pool_state> {
  pool_state(std::string with, pool_options how)
      : conninfo(std::move(with)), options(how), places(std::max<std::size_t>(how.max, 1)) {}

  /// Any thread; never waits for anything but the mutex.
  void take_back(std::shared_ptr<session> from) noexcept;
  void give_place_back() noexcept {
    place free(weak_from_this());
    // Refused where the pool is closed, and nobody takes places any more; what is refused stays here.
    // NOLINTNEXTLINE(bugprone-use-after-move)
    if (!places.try_put(std::move(free))) free.forget();
  }

  /// The one that was used last, so that those that are not needed grow old; null if none is there.
  std::shared_ptr<session> take_idle() noexcept;
  void close_old() noexcept;

  const std::string conninfo;
  const pool_options options;
  queue<place> places;  ///< those that are free; waiting for one is waiting in line

  mutable std::mutex mutex;
  std::vector<std::shared_ptr<session>> idle;  // guarded by mutex, as all below; the last was used last
  bool closed = false;
  std::size_t in_use = 0;
  std::size_t made = 0;
  std::size_t failed = 0;
  unsigned failures_in_a_row = 0;
  time_point not_before = time_point::min();  ///< nobody tries to connect sooner
  std::optional<error> last_failure;          ///< of attempts, since the last that did not
};

inline place::~place() {
  if (const auto pool = pool_.lock()) pool->give_place_back();
}

}  // namespace penstock::postgres::detail
