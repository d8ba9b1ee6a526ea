// The files to load, looked at before anything is loaded.
#pragma once

#include <string>
#include <vector>

#include <penstock/connectors/csv.hpp>
#include <penstock/connectors/files.hpp>

#include "options.hpp"

namespace load {

struct inputs {
  file_format format = file_format::csv;
  penstock::csv::dialect dialect{};
  std::vector<penstock::files::source> sources;  ///< those that are compressed give their plain bytes

  /// For people.
  [[nodiscard]] std::string name(std::size_t source) const;
};

/// The name without the ending of a compressed file: what it will be called when it is unpacked.
std::string unpacked_name(const std::string& file);

/// Decides on the format, and refuses what cannot be loaded as a whole: a file that is missing, unreadable, a directory
/// or empty, files of two formats, a header that is malformed or differs from that of the first file. Pipes are looked
/// at when their turn comes, because their bytes come only once. Blocks; throws `failure`, `std::system_error` or
/// `csv::malformed_row`.
inputs look_at_inputs(const options& how);

/// Throws `failure` (other columns) unless the header of a further CSV file is that of the first, and `failure`
/// (nothing usable) if there is none: null.
void require_same_header(const inputs& from, std::size_t source, const penstock::csv::names* header,
                         const penstock::csv::names& first);

/// The same for a header that is the first.
void require_header(const inputs& from, std::size_t source, const penstock::csv::names* header);

}  // namespace load
