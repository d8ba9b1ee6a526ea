// How the files of directories are counted: batches of small files, and large files in pieces.
//
//   find     walks the directories and hands on the names as it comes upon them, up to 256 at a time
//   count    opens, reads and counts each file of a batch; one that is large it makes pieces of
//   pieces   counts the pieces, several of one file at once, and puts their counts together after the last
//   report   adds up, and writes a line, a row and an entry for each file
//
// Batches of results go past `pieces` as they are.
// All of them wait for the file system, on threads that may. Whatever the number of files and their size, few batches
// and few buffers are under way: the edges are short, and what is large is never held whole.
#pragma once

#include <utility>
#include <vector>

#include <penstock/penstock.hpp>

#include "counting.hpp"
#include "job.hpp"
#include "own_files.hpp"

namespace text_stats {

/// The job must outlive every run.
inline penstock::pipeline count_files(job& work) {
  using namespace penstock;
  const auto workers = work.how.concurrency;
  const auto find = [&work, walk = files::walk(work.how.roots, {.glob = work.how.glob}),
                     ours = own_files(work.how)]() mutable {
    auto batch = walk();
    if (batch) {
      std::erase_if(*batch, [&](const files::found& file) { return ours(file.path); });
      work.found.fetch_add(batch->size(), std::memory_order_relaxed);
    }
    return batch;
  };
  const auto count = [each = files::open_each(small_file_counter())](std::vector<files::found> batch) mutable {
    return split(each(std::move(batch)));
  };
  const auto report = [&work](const std::vector<file_counts>& batch) {
    for (const auto& file : batch) work.into.add(file);
  };
  return {"lines, words and characters of files, counted in batches and in pieces",
          producer({.name = "find", .on = place::blocking}, find),
          flat_map({.name = "count", .workers = workers, .capacity = 8, .on = place::blocking}, count),
          transform({.name = "pieces", .workers = workers, .capacity = 8, .on = place::blocking}, piece_counter()),
          consumer({.name = "report", .capacity = 8, .on = place::blocking}, report)};
}

}  // namespace text_stats
