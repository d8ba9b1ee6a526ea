// The signals that a run was asked to listen to, until it has ended: the first one stops it, the second one cancels it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include "penstock/runtime/detail/run_handle.hpp"

namespace penstock::detail {

/// Shared with the handler that waits for the next signal, which may outlive the run for a moment.
class run_signals : public std::enable_shared_from_this<run_signals> {
 public:
  explicit run_signals(boost::asio::io_context& io) : set_(io) {}

  /// Throws `boost::system::system_error` for a signal that cannot be caught.
  void begin(std::weak_ptr<run_handle> run, const std::vector<int>& numbers);

  /// The signals do again what they did before. Any thread.
  void end() noexcept;

 private:
  void wait();
  void came();

  std::mutex lock_;
  // Guarded by lock_.
  boost::asio::signal_set set_;
  std::weak_ptr<run_handle> run_;
  bool asked_ = false;
  bool ended_ = false;
};

}  // namespace penstock::detail
