// Where the read stage begins, for every format.
#pragma once

#include <optional>

#include <penstock/base/stop.hpp>
#include <penstock/connectors/files.hpp>

#include "job.hpp"

namespace load {

/// The blocks of the job, from where it goes on. `make` returns a reading that begins at a position. Nothing: all of it
/// was loaded before (`already_loaded`), or a stop came first. Fails as `job::begin` does.
template <class Make>
auto begin_reading(job& work, Make make, const penstock::stop_token& stop)
    -> std::optional<decltype(make(work.place()))> {
  const auto how = work.begin();
  auto blocks = make(work.place());
  if (how != beginning::if_changed) return blocks;
  try {
    const auto* rest = blocks.peek(stop);
    for (; rest != nullptr && rest->records == 0 && !stop.stop_requested(); rest = blocks.peek(stop)) blocks.next(stop);
    if (stop.stop_requested()) {
      work.done = {};
      return std::nullopt;
    }
    work.already_loaded = rest == nullptr;
  } catch (const penstock::files::changed_source&) {  // the fingerprint does not see the middle of a file
  }
  if (work.already_loaded) return std::nullopt;
  work.begin_anew();
  return make(work.place());
}

}  // namespace load
