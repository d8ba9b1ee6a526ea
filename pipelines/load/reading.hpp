// Where the read stage begins, for every format.
#pragma once

#include <optional>
#include <stop_token>

#include <penstock/base/stop.hpp>
#include <penstock/connectors/files.hpp>

#include "job.hpp"

namespace load {

/// The blocks of the job, from where it goes on. `make` returns a reading that begins at a position. Nothing: all of it
/// was loaded before (`already_loaded`), or a stop came first, which also ends a wait for another program. Fails as
/// `job::begin` and `job::go_on` do.
template <class Make>
auto begin_reading(job& work, Make make, const penstock::stop_token& stop)
    -> std::optional<decltype(make(work.place()))> {
  // False: a stop came, and nothing was begun.
  const auto unless_stopped = [&](auto&& call) {
    try {
      const std::stop_callback on_stop(stop.std_token(), [&work] { work.to->give_up_waiting(); });
      call();
    } catch (const gave_up_waiting&) {
      if (!stop.stop_requested()) throw;
    }
    if (stop.stop_requested()) work.done = {};
    return !stop.stop_requested();
  };
  beginning how = beginning::anew;
  if (!unless_stopped([&] { how = work.begin(); })) return std::nullopt;
  auto blocks = make(work.place());
  if (how == beginning::anew) return blocks;
  try {  // the first block proves the bytes before it
    const auto* rest = blocks.peek(stop);
    if (how == beginning::if_changed) {
      while (rest != nullptr && rest->records == 0 && !stop.stop_requested()) {
        blocks.next(stop);
        rest = blocks.peek(stop);
      }
      work.already_loaded = rest == nullptr && !stop.stop_requested();
    }
  } catch (const penstock::files::changed_source&) {
    if (how == beginning::going_on) throw;
    work.begin_anew();
    return make(work.place());
  }
  if (work.already_loaded || !unless_stopped([&] { work.go_on(); })) return std::nullopt;
  return blocks;
}

}  // namespace load
