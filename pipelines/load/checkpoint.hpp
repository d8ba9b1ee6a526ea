// How far a load has got: the row that each batch's transaction writes beside the rows of the table.
//
// A database keeps them in two tables of ours, with columns named as here: `penstock_loads`, what a load is, and
// `penstock_progress`, what changes with every batch. When a load goes on is decided in continuation.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace load {

enum class load_state : std::uint8_t {
  loading,  ///< not at its end: running, killed or failed
  stopped,  ///< by a signal, and all that was read is committed
  loaded,   ///< to the end of its inputs
};

struct checkpoint {
  std::int64_t id = 0;   ///< given by the database; a larger one is a later load
  std::string inputs;    ///< their names, as absolute paths in a JSON array
  std::string contents;  ///< their sizes and fingerprints when the load began, as a JSON array
  load_state state = load_state::loading;

  // All before this position is committed or rejected.
  std::uint64_t source = 0;  ///< index in `inputs`
  std::uint64_t offset = 0;  ///< in the plain bytes of that source
  std::uint64_t line = 1;    ///< of that source, on which the next record begins
  std::uint64_t record = 1;  ///< the number of that record
  std::uint64_t digest = 0;  ///< of the plain bytes of all sources before the position

  std::uint64_t inserted = 0;        ///< rows
  std::uint64_t rejected = 0;        ///< rows
  std::string rejects;               ///< the file of rejected rows, as an absolute path
  std::uint64_t rejects_bytes = 0;   ///< how long it is
  std::uint64_t rejects_digest = 0;  ///< of these bytes, also when there are none; 0: the file is not claimed yet

  std::uint64_t owner = 0;  ///< one more with every run: of two that go on with a load the later one has it
};

/// What changes with every batch, beside the state and `rejects`: the columns of `penstock_progress`, as SQL writes
/// their names.
struct progress_number {
  std::string_view column;
  std::uint64_t checkpoint::* value;
};
inline constexpr progress_number progress_numbers[] = {{"source", &checkpoint::source},
                                                       {"\"offset\"", &checkpoint::offset},
                                                       {"line", &checkpoint::line},
                                                       {"record", &checkpoint::record},
                                                       {"digest", &checkpoint::digest},
                                                       {"inserted", &checkpoint::inserted},
                                                       {"rejected", &checkpoint::rejected},
                                                       {"rejects_bytes", &checkpoint::rejects_bytes},
                                                       {"rejects_digest", &checkpoint::rejects_digest},
                                                       {"owner", &checkpoint::owner}};

/// "state, rejects" and these columns, with commas between.
std::string progress_columns();

/// The statements that make our two tables. `id` is how the database declares a number that it gives itself, `text` how
/// it declares the table's name, `number` an integer of 64 bits.
std::string progress_tables(std::string_view id, std::string_view text, std::string_view number);

/// As a database holds a state. A word of somebody else's is `loading`.
std::string_view word_of(load_state state);
load_state state_of(std::string_view word);

/// A database counts in signed numbers of 64 bits; a digest uses all of them.
std::int64_t as_signed(std::uint64_t value) noexcept;
std::uint64_t as_unsigned(std::int64_t value) noexcept;

}  // namespace load
