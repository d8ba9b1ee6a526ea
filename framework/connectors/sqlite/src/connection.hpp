// The handle that a database, its transactions and its inserters share, so that each may go first.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <penstock/base/clock.hpp>
#include <penstock/base/stop.hpp>

#include <penstock/connectors/sqlite/error.hpp>

namespace penstock::sqlite::detail {

/// Holds statements or modules of a connection, which must go before it does.
class guest {
 public:
  virtual void release() noexcept = 0;

 protected:
  ~guest() = default;
};

struct connection {
  sqlite3* handle = nullptr;  // null once closed
  std::string path;
  std::vector<guest*> guests;
  std::vector<std::shared_ptr<void>> kept_until_closed;  // what SQLite may still call, though its guest has gone
  std::chrono::milliseconds busy_timeout{};
  stop_token stop;
  time_point busy_deadline{};
  std::uint64_t guests_made = 0;

  /// The handle; throws `misuse` if closed.
  sqlite3* open_handle(const char* doing) const;
};

/// The cause behind a result code of SQLite. `system_errno` tells a full disk from a broken one.
errc cause_of(int native, int system_errno) noexcept;

/// Throws what the last call on the connection failed with.
[[noreturn]] void fail(const connection& c, int native, const std::string& doing);

/// The error that `fail` would throw.
error describe(const connection& c, int native, const std::string& doing, std::optional<std::size_t> row = {});

}  // namespace penstock::sqlite::detail
