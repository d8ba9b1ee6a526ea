// What goes from stage to stage: batches of files, and pieces of large ones.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <penstock/base/stop.hpp>
#include <penstock/connectors/files.hpp>

#include "counts.hpp"

namespace text_stats {

/// What one look at a file gave.
struct looked_at {
  counts sum;                          ///< of a file that was counted at once
  std::optional<std::uint64_t> large;  ///< the size of one that is to be counted in pieces
};

using file_counts = penstock::files::file_result<counts>;

/// A large file while its pieces are counted, each by whichever worker takes it. It is open from when its first piece
/// is begun until its last is counted, so that only files that are worked on are open.
class large_file {
 public:
  large_file(std::string path, std::uint64_t size, std::uint64_t bytes_each);

  [[nodiscard]] std::size_t pieces() const noexcept { return counted_.size(); }

  /// Counts a piece; each once. A failure to open or read is kept as the file's. Several threads at once. `buffer` is
  /// the caller's, for all its calls. False: it was given up because of a stop request, and the file has no result.
  bool count_piece(std::size_t number, std::vector<char>& buffer, const penstock::stop_token& stop);

  /// After a piece was counted: what the whole has, for the caller that counted its last one.
  std::optional<file_counts> result();

 private:
  std::shared_ptr<const penstock::files::opened_file> file();

  const std::string path_;
  const std::uint64_t size_;
  const std::uint64_t piece_bytes_;
  std::vector<piece_counts> counted_;  // each written by who counts it
  std::atomic<std::size_t> left_;
  std::mutex mutex_;
  std::shared_ptr<const penstock::files::opened_file> file_;  // guarded by mutex_
  std::optional<penstock::files::file_failure> failure_;      // guarded by mutex_; the first
};

struct piece {
  std::shared_ptr<large_file> of;
  std::size_t number = 0;
};

/// Results that are ready, or a piece to be counted.
using task = std::variant<std::vector<file_counts>, piece>;

}  // namespace text_stats
