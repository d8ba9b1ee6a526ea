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
  /// Opens the database if there is one; else `prepare` makes it, so that an input that cannot be loaded leaves none.
  explicit destination(const options& how);

  /// How the names of a table that exists must agree with those of the input.
  enum class match : std::uint8_t {
    in_order,  ///< the same names in the same order (CSV)
    by_name,   ///< the table has each of them; what an input lacks stays null (NDJSON)
  };

  /// Makes the table, or looks whether the one there is fits, and returns how its columns take their values. `file` is
  /// named in the refusal: `failure` (other columns). Nothing: a stop was requested, and ended the wait for a lock.
  std::optional<layout> prepare(layout wanted, match how_strict, const std::string& file,
                                const penstock::stop_token& stop);

  /// One transaction. Returns the rows that broke a rule of the table, when such are to be rejected; else such a row
  /// undoes the page and is thrown.
  std::vector<penstock::sqlite::bad_row> insert(const page& rows);

  /// Ends a wait for a lock, now and from now on. Any thread.
  void give_up_waiting() noexcept { patience_.request_stop(); }

  /// Leaves one plain file, unless another program has it open.
  void close() {
    if (database_) database_->close();
  }

 private:
  void open();
  layout made_or_fitting(layout wanted, match how_strict, const std::string& file);
  layout fit(const std::vector<penstock::sqlite::column>& existing, const layout& wanted, match how_strict,
             const std::string& file) const;

  penstock::stop_source patience_;
  const options& how_;
  std::optional<penstock::sqlite::database> database_;
  std::optional<penstock::sqlite::inserter> insert_;
};

}  // namespace load
