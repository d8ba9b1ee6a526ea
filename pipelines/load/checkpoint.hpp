// How far a load has got: the row that each batch's transaction writes beside the rows of the table.
//
// A database keeps them in two tables of ours, with columns named as here: `penstock_loads`, what a load is, and
// `penstock_progress`, what changes with every batch. When a load goes on is decided in continuation.hpp.
#pragma once

#include <cstdint>
#include <string>

namespace load {

enum class load_state : std::uint8_t {
  loading,  ///< not at its end: running, killed or failed
  stopped,  ///< by a signal, and all that was read is committed
  loaded,   ///< to the end of its inputs
};

struct checkpoint {
  std::int64_t id = 0;   ///< given by the database; a larger one is a later load
  std::string inputs;    ///< their names, as a JSON array
  std::string contents;  ///< their sizes and fingerprints, as a JSON array
  load_state state = load_state::loading;

  // All before this position is committed or rejected.
  std::uint64_t source = 0;  ///< index in `inputs`
  std::uint64_t offset = 0;  ///< in the plain bytes of that source
  std::uint64_t line = 1;    ///< of that source, on which the next record begins
  std::uint64_t record = 1;  ///< the number of that record
  std::uint64_t digest = 0;  ///< of the plain bytes of all sources before the position

  // A load that ended at a bad row has committed the rows between the position and that row too.
  std::uint64_t done_source = 0;
  std::uint64_t done_line = 0;  ///< rows of `done_source` that begin before it are committed or rejected

  std::uint64_t inserted = 0;        ///< rows
  std::uint64_t rejected = 0;        ///< rows
  std::string rejects;               ///< the file of rejected rows, as an absolute path
  std::uint64_t rejects_bytes = 0;   ///< how long it is
  std::uint64_t rejects_digest = 0;  ///< of these bytes
};

}  // namespace load
