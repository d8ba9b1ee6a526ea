// The table that is loaded, whatever kind of database holds it.
//
// A further kind is a class derived from `destination` in files of its own, as sqlite_destination is; its scheme in the
// list of options.cpp (`database_kind`), its line in `open_destination` (destination.cpp), and what its failures mean
// in `explain` (exit_code.cpp). Nothing else knows which kind it is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <penstock/base/stop.hpp>

#include "checkpoint.hpp"
#include "columns.hpp"
#include "exit_code.hpp"
#include "options.hpp"

namespace load {

class page;

/// A row of a page that broke a rule of the table.
struct refused_row {
  std::size_t row;     ///< within the page, from 0
  std::string reason;  ///< the database's words
};

/// Thrown where such a row is not to be left out; its page is undone.
class row_refused : public std::runtime_error {
 public:
  row_refused(std::size_t row, const std::string& sentence) : std::runtime_error(sentence), row_(row) {}
  [[nodiscard]] std::size_t row() const noexcept { return row_; }

 private:
  std::size_t row_;
};

/// Thrown when `give_up_waiting` ended a wait for another program.
struct gave_up_waiting : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What a database knows of the loads into a table.
struct load_history {
  std::vector<checkpoint> loads;  ///< the oldest first; none if the table is not there (any more)
  bool table_is_empty = true;
};

/// Called in the transaction of a page, when all its rows are in but for those that were left out, in order. Returns
/// what to record in the same transaction. What it throws undoes the page.
using page_end = std::function<checkpoint(std::span<const refused_row>)>;

/// Every call but `give_up_waiting` may wait: for the disk or the network, and up to the lock timeout for another
/// program. Fails with `failure`, `gave_up_waiting`, or an error of the database that `explain` knows. One thread at a
/// time, any one.
class destination {
 public:
  destination() = default;
  virtual ~destination() = default;
  destination(const destination&) = delete;
  destination& operator=(const destination&) = delete;

  /// How the names of a table that exists must agree with those of the input.
  enum class match : std::uint8_t {
    in_order,  ///< the same names in the same order (CSV)
    by_name,   ///< the table has each of them; what an input lacks stays null (NDJSON)
  };

  /// The loads into the table so far. Makes nothing. `inputs` are those of the load that is about to begin, as in a
  /// checkpoint.
  virtual load_history history(const std::string& inputs) = 0;

  /// The files that unfinished loads other than `mine` have claimed for their rejected rows, of which only the id and
  /// the inputs are looked at.
  virtual std::vector<std::string> rejects_in_use(const checkpoint& mine) = 0;

  /// Makes the table, or looks whether the one there is fits, and returns how its columns take their values. `file` is
  /// named in the refusal: `failure` (other columns). In the same transaction a load without an id is recorded, and
  /// gets one; `failure` (locked) if since `history` another program has begun a load of the same inputs, but for
  /// --fresh. Nothing: a stop was requested, and ended the wait for a lock.
  virtual std::optional<layout> prepare(layout wanted, match how_strict, const std::string& file,
                                        checkpoint& as_recorded, const penstock::stop_token& stop) = 0;

  /// One transaction: the rows, and the checkpoint that `at_end` returns in place of `last`. If `last` is not what is
  /// recorded any more, another program goes on with the same load: `failure` (locked). A row that breaks a rule of the
  /// table is left out, or throws `row_refused`, as --on-bad-row says.
  virtual void insert(const page& rows, const checkpoint& last, const page_end& at_end) = 0;

  /// Records a checkpoint without rows; `last` as above. This is also how a run makes a load its own.
  virtual void record(const checkpoint& last, const checkpoint& now) = 0;

  /// Ends a wait for another program, now and from now on. Any thread.
  virtual void give_up_waiting() noexcept = 0;

  /// No call but this one afterwards. A database in a file is left as one plain file, unless another program has it
  /// open.
  virtual void close() = 0;

  /// For people, without secrets.
  [[nodiscard]] virtual std::string name() const = 0;
};

/// What `prepare` throws where another program was faster, and what `insert` and `record` do. `table` as SQL writes it.
failure begun_by_another(const std::string& database, const std::string& table);
failure taken_by_another(const std::string& database, const std::string& table);

/// As `how` says. May wait for the disk or the network. Makes nothing: an input that cannot be loaded leaves no trace.
/// `how` must outlive it.
std::unique_ptr<destination> open_destination(const options& how);

}  // namespace load
