// A limit that several stages, runs and runtimes share: at most so many of their bodies run at a time.
//
//   penstock::shared_limit gpu("gpu", 2);
//   … transform({.name = "render", .workers = 8}, limited(gpu, render)) …
//
// A handle is small and may be copied; copies stand for the same limit, which lives as long as any of them, or any
// pipeline that was declared with it. Permits are had first come, first served. See `limited` for what a stage does
// with it. All calls may come from any thread and never wait.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <penstock/base/error.hpp>
#include <penstock/core/outcome.hpp>
#include <penstock/core/permit_rules.hpp>
#include <penstock/sync/detail/small_lock.hpp>

namespace penstock {

/// What a limit looks like at one instant.
struct limit_snapshot {
  std::string name;
  std::size_t permits = 0;
  std::size_t in_use = 0;
  std::size_t waiting = 0;  ///< in line now
};

namespace detail {

class limit_state {
 public:
  limit_state(std::string name, std::size_t permits) : name_(std::move(name)), rules_(permits) {}

  /// True: in line; `complete()` will be called once, on the thread that gives a permit back, unless `withdraw` returns
  /// true first. False: the waiter has a permit, `complete()` is not called.
  bool line_up(permit_waiter& waiter) noexcept {
    const std::lock_guard hold(lock_);
    return rules_.line_up(waiter);
  }

  /// True: out of the line, without a permit; `complete()` is not called.
  bool withdraw(permit_waiter& waiter, state) noexcept {
    const std::lock_guard hold(lock_);
    return rules_.withdraw(waiter);
  }

  void give_back() noexcept {
    decided_waiters decided;
    {
      const std::lock_guard hold(lock_);
      rules_.give_back(decided);
    }
    decided.complete_all();
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  [[nodiscard]] limit_snapshot snapshot() const {
    limit_snapshot copy{name_};
    const std::lock_guard hold(lock_);
    copy.permits = rules_.permits();
    copy.in_use = rules_.in_use();
    copy.waiting = rules_.waiting();
    return copy;
  }

 private:
  const std::string name_;
  mutable small_lock lock_;
  permit_rules rules_;  // guarded by lock_
};

struct limit_access;

}  // namespace detail

class shared_limit {
 public:
  /// Throws `declaration_error` for 0 permits. The name is for drawings and snapshots; it need not be unique.
  shared_limit(std::string name, std::size_t permits) {
    if (permits == 0) throw declaration_error("the limit '" + name + "' has 0 permits; it needs 1 at least");
    state_ = std::make_shared<detail::limit_state>(std::move(name), permits);
  }

  // A handle: a move copies, so that every handle is one.
  shared_limit(const shared_limit&) = default;
  shared_limit& operator=(const shared_limit&) = default;
  ~shared_limit() = default;

  [[nodiscard]] const std::string& name() const noexcept { return state_->name(); }

  /// Bodies that run under it now, and permits that were just handed to somebody who waited.
  [[nodiscard]] std::size_t in_use() const { return state_->snapshot().in_use; }

  [[nodiscard]] limit_snapshot snapshot() const { return state_->snapshot(); }

 private:
  friend struct detail::limit_access;
  std::shared_ptr<detail::limit_state> state_;
};

namespace detail {

struct limit_access {
  static const std::shared_ptr<limit_state>& state(const shared_limit& limit) noexcept { return limit.state_; }
};

}  // namespace detail
}  // namespace penstock
