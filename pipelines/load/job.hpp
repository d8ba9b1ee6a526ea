// What the stages of one load share. Made by main, it outlives the run.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include <penstock/connectors/files.hpp>

#include "continuation.hpp"
#include "destination.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "rejects.hpp"

namespace load {

/// Rows. Each is written by one stage and read by any thread; none guards anything else, so their order is relaxed.
struct tally {
  std::atomic<std::uint64_t> read{0};      ///< by the read stage
  std::atomic<std::uint64_t> inserted{0};  ///< and committed; by the insert stage
  std::atomic<std::uint64_t> rejected{0};  ///< by the insert stage
};

/// Rows of earlier runs of the same load.
struct earlier {
  std::uint64_t inserted = 0;
  std::uint64_t rejected = 0;
};

class job {
 public:
  explicit job(options asked);

  /// Decides where the load begins, and leaves that in `done`. May wait for the disk and for another program; fails as
  /// `decide` and `destination` do. Called by the read stage, once.
  beginning begin();

  /// Unless anew, when the bytes before that place are proven: makes the load this run's own, then the file of rejected
  /// rows. May wait; fails as `destination` and `rejects_file` do.
  void go_on();

  /// Keeps off the file of rejected rows if another unfinished load has claimed it. The answer holds while the file is
  /// held. May wait; fails as `destination` does.
  void see_whose_rejects();

  /// After `if_changed`, if a byte is another.
  void begin_anew();

  /// Where `done` says that the reading begins.
  [[nodiscard]] penstock::files::position place() const noexcept;

  const options how;
  const inputs from;
  const std::unique_ptr<destination> to;
  rejects_file rejects;
  tally rows;

  // Written by the read stage before its first block, read by the insert stage after that and by main after the run.
  earlier before;
  bool already_loaded = false;  ///< these inputs, to their end, and so nothing was done
  bool replaced = false;        ///< inputs of these names, with other contents, were loaded before
  bool comes_once = false;      ///< an input is a pipe
  checkpoint done;              ///< what is recorded of this load; then the insert stage's

  std::shared_ptr<penstock::files::progress> bytes = std::make_shared<penstock::files::progress>();

 private:
  checkpoint begin_anew_;
};

}  // namespace load
