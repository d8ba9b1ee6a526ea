// How many further attempts there may be in all: each first attempt earns a part of one, and each further one costs
// one. So when everything fails, retries add a fixed part to the load instead of multiplying it. The idea is that of
// Finagle's RetryBudget and gRPC's retry throttling.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>

namespace penstock {

struct retry_budget_options {
  double ratio = 0.2;     ///< further attempts that each first one earns. More recovers from more faults, less spares
                          ///< what is failing
  unsigned reserve = 20;  ///< there at the beginning, and the most that can be saved
};

/// A handle; copies stand for the same budget. Any thread; never waits; nothing throws but the constructor (no memory).
class retry_budget {
 public:
  explicit retry_budget(retry_budget_options options = {})
      : state_(std::make_shared<state>(static_cast<std::int64_t>(std::clamp(options.ratio, 0.0, 1e6) * one),
                                       std::int64_t{options.reserve} * one)) {}

  /// A first attempt is made.
  void earn() noexcept {
    // Relaxed, here and below: the balance guards nothing but itself.
    auto balance = state_->balance.load(std::memory_order_relaxed);
    while (balance < state_->most &&
           !state_->balance.compare_exchange_weak(balance, std::min(balance + state_->earned, state_->most),
                                                  std::memory_order_relaxed)) {
    }
  }

  /// True: there may be a further attempt, and it is paid for.
  [[nodiscard]] bool spend() noexcept {
    auto balance = state_->balance.load(std::memory_order_relaxed);
    while (balance >= one)
      if (state_->balance.compare_exchange_weak(balance, balance - one, std::memory_order_relaxed)) return true;
    return false;
  }

 private:
  static constexpr std::int64_t one = 1'000'000;  ///< parts of an attempt

  struct state {
    state(std::int64_t e, std::int64_t m) noexcept : earned(e), most(m), balance(m) {}
    const std::int64_t earned;
    const std::int64_t most;
    std::atomic<std::int64_t> balance;
  };
  std::shared_ptr<state> state_;
};

}  // namespace penstock
