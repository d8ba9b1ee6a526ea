// Bulk loading: one call, one batch, one transaction.
//
// A prepared INSERT per row spends most of its time on entering and leaving SQLite. Here a whole batch enters at once:
// as a table of its own that SQLite copies record by record (`write_path::image`, for tables without index, rule or
// trigger), or as a virtual table over the batch (`write_path::rows`, for all others). Which one is SQLite's decision,
// made anew when the schema changes; the stored rows are the same.
//
// May wait: for the disk, and for another writer up to the connection's busy timeout. Cancelled: between batches only;
// a batch is all or nothing. Fails: with `sqlite::error`; the batch is then undone and those before it stay. Thread:
// one at a time, so a stage of one worker on a blocking thread. Lifetime: refused once the database is closed.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <penstock/base/clock.hpp>
#include <penstock/connectors/sqlite/database.hpp>
#include <penstock/connectors/sqlite/value.hpp>

namespace penstock::sqlite {

/// A batch of rows that can be seen in place, such as a page of parsed CSV. What a cell points to lives as long as the
/// batch.
template <class B>
concept row_batch = requires(const B& batch, std::size_t i) {
  { batch.rows() } -> std::convertible_to<std::size_t>;
  { batch.columns() } -> std::convertible_to<std::size_t>;
  { batch.cell(i, i) } -> std::convertible_to<value_view>;
};

namespace detail {

template <class T>
concept tuple_like = requires { std::tuple_size<T>::value; };

// True if a view of the element outlives the tuple it came in: a reference, or something that is a view itself.
template <class E>
inline constexpr bool seen_in_place = std::is_lvalue_reference_v<E> || std::is_arithmetic_v<E> ||
                                      std::is_same_v<E, std::string_view> || std::is_same_v<E, value_view>;

template <class Tuple, std::size_t... I>
consteval bool all_storable(std::index_sequence<I...>) {
  return (std::convertible_to<const std::remove_cvref_t<std::tuple_element_t<I, Tuple>>&, value_view> && ...);
}
template <class Tuple, std::size_t... I>
consteval bool all_seen_in_place(std::index_sequence<I...>) {
  return (seen_in_place<std::tuple_element_t<I, Tuple>> && ...);
}
template <class Tuple>
using indices_of = std::make_index_sequence<std::tuple_size_v<Tuple>>;

/// A batch without its type: the one indirect call is per row, not per cell.
struct row_source {
  const void* batch;
  std::size_t rows;
  std::size_t columns;
  void (*read)(const void* batch, std::size_t row, value_view* out);
};

class loader;

}  // namespace detail

/// A row whose cells are the elements of a tuple, pair or array.
template <class T>
concept tuple_row = detail::tuple_like<T> && detail::all_storable<T>(detail::indices_of<T>{});

/// A type of one's own with a function `sqlite_row(const T&)` beside it that returns its cells, e.g.
/// `std::tie(v.prefix, v.name)`; elements are references, numbers or views, so that nothing dangles.
template <class T>
concept own_row = !detail::tuple_like<T> && requires(const T& row) {
  { sqlite_row(row) } -> detail::tuple_like;
  requires detail::all_storable<decltype(sqlite_row(row))>(detail::indices_of<decltype(sqlite_row(row))>{});
  requires detail::all_seen_in_place<decltype(sqlite_row(row))>(detail::indices_of<decltype(sqlite_row(row))>{});
};

enum class bad_row_policy : std::uint8_t {
  fail,     ///< a row that breaks a rule of the table undoes its batch and is thrown, with its number
  collect,  ///< such rows are left out and kept aside with their reasons; the rest of the batch is committed
};
// A row that the table leaves out by itself (ON CONFLICT IGNORE, RAISE(IGNORE)) is such a row too: none is lost unseen.

enum class write_path : std::uint8_t {
  automatic,  ///< the fastest that is right for the table
  rows,       ///< always through the virtual table; for comparing
};

struct insert_options {
  /// Columns in the order of the batch; empty: all columns of the table, in its order.
  std::vector<std::string> columns = {};
  bad_row_policy on_bad_row = bad_row_policy::fail;
  write_path path = write_path::automatic;
};

/// A row that was left out.
struct bad_row {
  std::size_t row;     ///< within its batch, from 0
  std::string reason;  ///< SQLite's words, e.g. "UNIQUE constraint failed: vendors.prefix"
  int native;          ///< SQLite's extended result code
};

/// Called inside the transaction of a batch, when all its rows are in but for those it is told of. What it writes
/// through the same database is committed with them; what it throws undoes the batch and passes through.
using before_commit = std::function<void(std::span<const bad_row>)>;

/// How far a load got. Rows inside a `transaction` of the caller's are counted when inserted; it is for the caller to
/// commit them.
struct insert_counts {
  std::uint64_t rows = 0;           ///< inserted and committed
  std::uint64_t bad_rows = 0;       ///< left out under `collect`
  std::uint64_t batches = 0;        ///< committed
  std::uint64_t image_batches = 0;  ///< of these, by the faster path
  time_point last_commit = {};      ///< when the last batch was committed; the epoch if none was
};

/// The body of a consumer stage. Copies share one state, which belongs to the connection, not to a run: counts go on
/// over several runs, and a run that needs its own makes its own inserter (`per_worker` with a factory does that). Two
/// calls at once are refused with `misuse`.
class inserter {
 public:
  inserter(database& db, std::string table, insert_options options = {});

  template <row_batch B>
  void operator()(const B& batch) const {
    keep(insert(batch));
  }
  template <class T>
    requires tuple_row<T> || own_row<T>
  void operator()(const std::vector<T>& rows) const {
    keep(insert(rows));
  }

  /// The same, and gives the rows that were left out to the caller at once, where row numbers still mean something.
  /// Empty under `fail`. They are counted but not kept for `take_bad_rows`.
  template <row_batch B>
  std::vector<bad_row> insert(const B& batch) const {
    return write(seen(batch), {});
  }
  /// The same, and one change with what `also` writes: a batch and the note that it was loaded. A batch without rows
  /// calls it too.
  template <row_batch B>
  std::vector<bad_row> insert(const B& batch, const before_commit& also) const {
    return write(seen(batch), also);
  }
  template <class T>
    requires tuple_row<T> || own_row<T>
  std::vector<bad_row> insert(const std::vector<T>& rows) const {
    constexpr auto read = [](const void* b, std::size_t row, value_view* out) {
      const auto fill = [&](const auto&... cells) { ((*out++ = value_view(cells)), ...); };
      const T& from = static_cast<const T*>(b)[row];
      if constexpr (own_row<T>) {
        std::apply(fill, sqlite_row(from));
      } else {
        std::apply(fill, from);
      }
    };
    return write({rows.data(), rows.size(), width<T>(), read}, {});
  }

  [[nodiscard]] insert_counts counts() const;

  /// The rows left out by `operator()` since the last call, in order; numbers are within their batches.
  std::vector<bad_row> take_bad_rows() const;

 private:
  template <class T>
  static consteval std::size_t width() {
    if constexpr (own_row<T>) {
      return std::tuple_size_v<decltype(sqlite_row(std::declval<const T&>()))>;
    } else {
      return std::tuple_size_v<T>;
    }
  }
  template <row_batch B>
  static detail::row_source seen(const B& batch) {
    return {&batch, batch.rows(), batch.columns(), [](const void* b, std::size_t row, value_view* out) {
              const B& from = *static_cast<const B*>(b);
              for (std::size_t c = 0, n = from.columns(); c < n; ++c) out[c] = value_view(from.cell(row, c));
            }};
  }
  std::vector<bad_row> write(const detail::row_source& rows, const before_commit& also) const;
  void keep(std::vector<bad_row> rows) const;

  std::shared_ptr<detail::loader> loader_;
};

/// `consumer({.name = "insert", .on = place::blocking}, sqlite::insert_into(db, "vendors"))`. The table need not exist
/// before the first batch.
inline inserter insert_into(database& db, std::string table, insert_options options = {}) {
  return {db, std::move(table), std::move(options)};
}

}  // namespace penstock::sqlite
