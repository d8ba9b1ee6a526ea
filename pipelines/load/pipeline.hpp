// How files become a table: three stages, and blocks of a few thousand rows between them.
//
//   read     cuts the files into blocks of whole rows, on a thread that may block
//   parse    finds the fields, decides on their values; any number of workers, results in input order
//   insert   one transaction for each block, on a thread that may block: the bottleneck
//
// Few blocks are under way at once, whatever the size of the files: the edges are short and the window of the ordered
// stage is small, so a slow disk stops the reader, not the machine. `penstock-load --help` says what can be chosen.
#pragma once

#include <fmt/format.h>

#include <penstock/penstock.hpp>

#include "job.hpp"
#include "page_writer.hpp"

namespace load {

/// `Format` is csv_format or ndjson_format. The job must outlive every run.
template <class Format>
penstock::pipeline load_table(job& work) {
  using namespace penstock;
  return {fmt::format("load '{}', counted in batches", work.how.table),
          producer({.name = "read", .on = place::blocking}, typename Format::reader(work)),
          transform({.name = "parse",
                     .workers = work.how.workers,
                     .capacity = 2,
                     .order = order::kept,
                     .window = work.how.workers + 1},
                    typename Format::parser(work)),
          consumer({.name = "insert", .capacity = 2, .on = place::blocking}, page_writer(work))};
}

}  // namespace load
