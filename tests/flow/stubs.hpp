// A run, an executor and an actor that do nothing by themselves: the test decides who is activated when.
#pragma once

#include <boost/asio/system_executor.hpp>

#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

#include "penstock/flow/run_services.hpp"

namespace penstock::flow::testing {

class stub_run final : public run_services {
 public:
  explicit stub_run(std::size_t inside = 1) { begin_with(inside); }

  void request_stop() noexcept override {}
  void request_cancel() noexcept override {}
  [[nodiscard]] const stop_token& cancel_token() const noexcept override { return token_; }
  [[nodiscard]] const stop_token& input_token() const noexcept override { return token_; }
  [[nodiscard]] boost::asio::any_io_executor io_executor() override { return boost::asio::system_executor(); }
  void record_error(std::size_t, std::uint64_t, std::exception_ptr, error_effect) noexcept override {}
  [[nodiscard]] time_point now() const noexcept override { return clock::now(); }
  void notify_at(actor&, time_point when) noexcept override { alarms.push_back(when); }

  std::atomic<bool> ended{false};
  std::vector<time_point> alarms;  ///< what was asked for, in order

 private:
  void everybody_left() noexcept override { ended = true; }
  stop_token token_;
};

/// Remembers who was enqueued.
class stub_executor final : public executor {
 public:
  void enqueue(actor& a) noexcept override { queued.push_back(&a); }

  /// Activates everybody who is enqueued now, once.
  void activate_all() {
    for (auto* a : std::exchange(queued, {})) {
      turn t{this, {}, nullptr};
      if (activate_once(*a, t)) enqueue(*a);
    }
  }

  std::vector<actor*> queued;
};

class stub_actor final : public actor {
 public:
  using actor::actor;
  step activate(turn&) noexcept override { return ++activations, step::idle; }
  void nudge() noexcept override {}
  int activations = 0;
};

}  // namespace penstock::flow::testing
