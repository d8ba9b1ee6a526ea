// Whether a load goes on where an earlier one ended, so that every row is loaded once however often it was killed.
//
// A load is known by the table and by its inputs: their absolute paths, in their order; where no load has these, an
// unfinished one of files with the same contents is meant, which were moved. Of the loads with one list of names only
// the latest counts. The rules are those of docs/decisions/0040.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "checkpoint.hpp"
#include "destination.hpp"
#include "options.hpp"

namespace load {

/// What a load is known by. The texts are what a checkpoint holds.
struct identity {
  std::string inputs;            ///< absolute paths, as a JSON array
  std::string contents;          ///< sizes and fingerprints, as a JSON array
  bool can_be_repeated = false;  ///< all are regular files
};

/// Of these files. May wait for the disk; throws `std::system_error`.
identity identity_of(const std::vector<std::string>& files);

enum class beginning : std::uint8_t {
  anew,        ///< a load of its own, from the first row
  going_on,    ///< behind a checkpoint, if the bytes before it are the same; else the input has changed
  if_changed,  ///< these were loaded to their end: anew if a byte of that is another, else what has come since, if any
};

struct decision {
  beginning how = beginning::anew;
  checkpoint from{};  ///< what is recorded; for `anew` with id 0
};

/// Throws `failure` (changed) where neither is right without a word of the user's: the names were given in another
/// list, the table was emptied, or an input that comes but once has to come again. `table` is for the sentence.
decision decide(const load_history& known, const identity& wanted, resume_choice choice, const std::string& table);

}  // namespace load
