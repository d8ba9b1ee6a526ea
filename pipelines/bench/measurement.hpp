// One run of a shape: for a time or to its last item, with signals heard and a live line drawn meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <penstock/pipeline/report.hpp>
#include <penstock/runtime/run.hpp>

#include "histogram.hpp"
#include "live_line.hpp"
#include "options.hpp"
#include "shape.hpp"
#include "verdict.hpp"

namespace bench {

struct measurement {
  variant of;
  penstock::report measured;  ///< when the time was over or a signal came, or at the end of the items; what the
                              ///< figures are from
  penstock::report last;      ///< after the items on their way
  histogram latency;          ///< empty unless asked for
  machine on;
  verdict limited;

  [[nodiscard]] std::uint64_t items() const { return measured.stage(consume_stage).done; }
  [[nodiscard]] double seconds() const;
  /// Items that were made and not consumed.
  [[nodiscard]] std::uint64_t dropped() const;
  [[nodiscard]] double per_second() const { return seconds() > 0 ? static_cast<double>(items()) / seconds() : 0; }
};

/// Hears SIGINT and SIGTERM from when it is made, for ever: after the run they must not cut off the report. The first
/// drains the run that goes on, the second cancels it. One thread, that which measures.
class conductor {
 public:
  conductor();

  /// Runs it to its end. Throws `failure` if items are wrong or missing, and what failed the run.
  measurement measure(const options& how, const variant& which, live_line& live);

  /// How many signals have come.
  [[nodiscard]] int signals();

 private:
  void hear();

  boost::asio::io_context loop_;
  boost::asio::signal_set set_{loop_};
  int signals_ = 0;
  const penstock::run* run_ = nullptr;  ///< that goes on
  penstock::duration drain_within_{};
  penstock::report at_stop_;
  double cpu_before_ = 0;  ///< seconds of the process
  double cpu_at_stop_ = 0;
  bool stopped_ = false;  ///< and the two are what was there then

  void stop(const penstock::run& run);
};

}  // namespace bench
