// What a pool and its connections share. See pool.hpp.
#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <penstock/connectors/postgres/pool.hpp>
#include <penstock/sync/queue.hpp>

#include "session.hpp"

namespace penstock::postgres::detail {

boost::asio::awaitable<std::shared_ptr<session>> open_for_pool(std::string conninfo, wait_limits limits);

/// A place in the pool: whoever has it may have a connection.
struct place {};

struct pool_state {
  pool_state(std::string with, pool_options how)
      : conninfo(std::move(with)), options(how), places(std::max<std::size_t>(how.max, 1)) {}

  /// Any thread; never waits for anything but the mutex.
  void take_back(std::shared_ptr<session> from) noexcept;
  void give_place_back() noexcept { [[maybe_unused]] const auto always = places.try_put(place{}); }

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
};

}  // namespace penstock::postgres::detail
