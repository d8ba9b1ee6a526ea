// The table that is loaded.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <penstock/base/stop.hpp>
#include <penstock/connectors/sqlite.hpp>

#include "columns.hpp"
#include "options.hpp"

namespace load {

class page;

/// May wait for the disk and, up to the lock timeout, for another program's lock. Fails with `sqlite::error` or
/// `failure`. One thread at a time.
class destination {
 public:
  /// Opens the database, and makes it if there is none.
  explicit destination(const options& how);

  /// How the names of a table that exists must agree with those of the input.
  enum class match : std::uint8_t {
    in_order,  ///< the same names in the same order (CSV)
    by_name,   ///< the table has each of them; what an input lacks stays null (NDJSON)
  };

  /// Makes the table, or looks whether the one there is fits, and returns how its columns take their values. `file` is
  /// named in the refusal: `failure` (other columns).
  layout prepare(layout wanted, match how_strict, const std::string& file);

  /// One transaction. Returns the rows that broke a rule of the table, when such are to be rejected; else such a row
  /// undoes the page and is thrown.
  std::vector<penstock::sqlite::bad_row> insert(const page& rows);

  /// Ends a wait for a lock, now and from now on. Any thread.
  void give_up_waiting() noexcept { patience_.request_stop(); }

  /// Leaves one plain file, unless another program has it open.
  void close() { database_.close(); }

 private:
  layout fit(const std::vector<penstock::sqlite::column>& existing, const layout& wanted, match how_strict,
             const std::string& file) const;

  penstock::stop_source patience_;
  penstock::sqlite::database database_;
  std::string table_;
  typing types_;
  penstock::sqlite::inserter insert_;
};

}  // namespace load
