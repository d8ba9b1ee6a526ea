// The bodies of the stages that count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <penstock/penstock.hpp>

#include "tasks.hpp"

namespace text_stats {

/// Memory of a worker for what it reads: small enough to stay in its processor's cache, where it is counted.
inline constexpr std::size_t buffer_bytes = std::size_t{256} << 10;

/// What is counted in pieces: pieces are large enough that taking one costs nothing beside counting it.
inline constexpr std::uint64_t piece_bytes = std::uint64_t{4} << 20;

/// Counts a file that is small, and says of a large one how large it is. For `files::open_each`; a copy has a buffer of
/// its own.
class small_file_counter {
 public:
  looked_at operator()(penstock::files::opened_file& file);

 private:
  std::vector<char> buffer_;
};

/// Makes pieces of the large files of a batch. The others go on together, first.
std::vector<task> split(std::vector<penstock::files::file_result<looked_at>> batch);

/// Counts a piece and returns the file's result with its last one, else nothing; passes on what is ready.
class piece_counter {
 public:
  std::vector<file_counts> operator()(task item, penstock::context& run);

 private:
  std::vector<char> buffer_;
};

}  // namespace text_stats
