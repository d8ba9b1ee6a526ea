// What a manual runtime is made of.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "penstock/runtime/runtime.hpp"
#include "penstock/sync/detail/virtual_clock.hpp"
#include "runtime/deadlines.hpp"
#include "runtime/machine.hpp"

namespace penstock::detail {

class manual_core final : public machine {
 public:
  explicit manual_core(std::uint64_t seed);
  ~manual_core() override;

  std::shared_ptr<run_core> start(std::shared_ptr<const plan> what, run_options options);

  bool step();
  void advance(duration d);
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

  // machine
  [[nodiscard]] flow::executor& cpu() noexcept override { return cpu_; }
  [[nodiscard]] flow::executor& blocking() noexcept override { return blocking_; }
  [[nodiscard]] boost::asio::io_context& io() noexcept override { return io_; }
  void reserve_blocking(std::size_t) override {}
  void release_blocking(std::size_t) noexcept override {}
  [[nodiscard]] bool apart(const flow::executor& from, const flow::executor& to) const noexcept override;
  [[nodiscard]] std::size_t most_at_once() noexcept override;
  void notify_at(flow::actor& a, time_point when) noexcept override;
  void set_alarm(run_core& run, time_point when) noexcept override;
  void set_watch(run_core& run, time_point when) override;
  [[nodiscard]] boost::asio::io_context* borrowed_io() noexcept override { return nullptr; }
  [[nodiscard]] bool arena_is_idle() noexcept override { return false; }
  void refuse_to_wait_here() const override;
  [[nodiscard]] bool may_help_here(const flow::run_services* outer) const noexcept override;
  [[nodiscard]] bool is_alone() const noexcept override { return true; }
  void help(run_core& run, bool (*over)(const flow::run_services&) noexcept, time_point until) override;
  void run_ended(run_core& run) noexcept override;
  void join_surplus(const run_core&) noexcept override {}
  void forget(run_core& run) noexcept override;

 private:
  /// Both plain executors: actors wait here until they are chosen.
  struct waiting_room final : flow::executor {
    explicit waiting_room(manual_core& owner) noexcept : core(owner) {}
    void enqueue(flow::actor& a) noexcept override { core.ready_.push_back(&a); }
    manual_core& core;
  };

  /// Lets go of its handlers, and with them of coroutines, before it is destroyed.
  struct context final : boost::asio::io_context {
    context() : io_context(1) {}
    using io_context::shutdown;
  };

  [[nodiscard]] std::uint64_t throw_dice(std::uint64_t sides) noexcept;
  void activate(std::size_t which);
  bool handle_one();
  [[nodiscard]] time_point next_deadline() noexcept;
  /// The same with the looks of watchdogs.
  [[nodiscard]] time_point next_event() noexcept;
  /// When a watchdog looks who may still tell something of a run that is stuck.
  [[nodiscard]] time_point next_news() const noexcept;
  void move_to(time_point when);

  const std::uint64_t seed_;
  std::uint64_t dice_;
  virtual_clock clock_;
  waiting_room cpu_{*this};
  waiting_room blocking_{*this};
  std::vector<flow::actor*> ready_;
  deadlines deadlines_;
  std::unordered_map<const run_core*, virtual_clock::wish> alarms_;
  std::vector<std::pair<run_core*, time_point>> watches_;  ///< in the order in which the runs were started
  std::unordered_set<std::shared_ptr<run_core>> runs_;
  context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
};

}  // namespace penstock::detail
