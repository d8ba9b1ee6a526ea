// What the handle of a run can ask, whatever the runtime behind it.
#pragma once

#include <penstock/base/clock.hpp>
#include <penstock/pipeline/report.hpp>
#include <penstock/sync/detail/handler.hpp>

namespace penstock::detail {

class run_handle {
 public:
  virtual ~run_handle() = default;
  virtual void stop(duration drain_within) noexcept = 0;
  virtual void cancel() noexcept = 0;
  [[nodiscard]] virtual bool stop_requested() const noexcept = 0;
  virtual penstock::report wait() = 0;
  virtual bool wait_for(duration d) = 0;
  virtual void on_end(completion<penstock::report> done) = 0;
  virtual penstock::report report() = 0;
  /// The user's handle is gone: cancel, and wait where that is possible.
  virtual void abandon() noexcept = 0;
};

}  // namespace penstock::detail
