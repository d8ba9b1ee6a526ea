// What a watchdog has told so far.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include <penstock/penstock.hpp>

#include "support/waiting.hpp"

namespace penstock_tests {

class told_stalls {
 public:
  /// To be given as a hook; this must outlive the run.
  auto hook() {
    return [this](const penstock::stall& s) {
      {
        const std::lock_guard lock(lock_);
        all_.push_back(s);
      }
      count_.add();
    };
  }

  [[nodiscard]] std::size_t count() { return static_cast<std::size_t>(count_.value()); }

  /// Waits for the stall of that number, from 0.
  penstock::stall wait_for(std::size_t number, std::source_location where = std::source_location::current()) {
    count_.wait_for(static_cast<long>(number) + 1, where);
    const std::lock_guard lock(lock_);
    return all_[number];
  }

 private:
  std::mutex lock_;
  std::vector<penstock::stall> all_;
  count_up count_;
};

}  // namespace penstock_tests
