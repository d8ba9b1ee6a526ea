// What a group of tasks is without their types: the rules under a lock, who waits, and how bodies hear of a cancel.
//
// Shared by the group's handle, its waits and its tasks. Nothing of the user's is in it but names and the executor:
// bodies, values and exceptions belong to tasks and to the list of results, and have left the task before the group
// hears that it left. So whoever was told that all have left finds nothing of the user's still used or destroyed
// elsewhere.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "penstock/base/stop.hpp"
#include "penstock/core/task_rules.hpp"
#include "penstock/core/waiter.hpp"
#include "penstock/sync/detail/async_waiter.hpp"

namespace penstock {

/// One task of a group, at one instant.
struct task_snapshot {
  std::string name;
  task_state state = task_state::waiting;
  /// Since its start, up to now or to its end.
  duration took{};
};

namespace detail {

/// A task as its group sees it.
class group_task {
 public:
  group_task(const group_task&) = delete;
  group_task& operator=(const group_task&) = delete;

  /// It will never begin: destroy the body, write the result, leave. Any thread.
  virtual void skip(task_state end) noexcept = 0;
  /// It runs and is to end. Any thread; it may have ended meanwhile.
  virtual void hear_cancel() noexcept = 0;

 protected:
  group_task() = default;
  ~group_task() = default;
};

class task_group_core final : public context_watcher, public std::enable_shared_from_this<task_group_core> {
 public:
  /// Throws `declaration_error` for an executor that is none.
  static std::shared_ptr<task_group_core> make(boost::asio::any_io_executor executor, task_failure on_failure);
  task_group_core(boost::asio::any_io_executor executor, task_failure on_failure);
  ~task_group_core();
  task_group_core(const task_group_core&) = delete;
  task_group_core& operator=(const task_group_core&) = delete;

  // ---- tasks ----

  /// Gives a new task its number: `prepare(number)` makes it, under the lock. Where its body may run, returns the
  /// executor to post it to; else the task has had its end. Throws `error(closed)` when the group has ended.
  template <class Prepare>
  std::optional<boost::asio::any_io_executor> add(const std::string& name, Prepare&& prepare) {
    std::unique_lock hold(mutex_);
    refuse_if_sealed();
    const std::size_t number = tasks_.size();
    tasks_.push_back(nullptr);
    std::shared_ptr<group_task> task;
    try {
      names_.push_back(name);
      task = prepare(number);
      rules_.add();
    } catch (...) {
      tasks_.resize(number);
      names_.resize(number);
      throw;
    }
    tasks_[number] = task;
    if (!rules_.cause()) return executor_;
    const task_state end = rules_.state(number);
    hold.unlock();
    task->skip(end);
    return std::nullopt;
  }

  bool begin(std::size_t number) noexcept;
  std::optional<task_rules::end_result> end(std::size_t number, task_end how) noexcept;
  void leave(std::size_t number) noexcept;

  // ---- the group ----

  /// Any thread; never waits.
  void cancel(task_state cause) noexcept;
  [[nodiscard]] stop_token token() const noexcept { return stop_.token(); }

  /// Throws `resource_deadlock_would_occur` where a wait could wait for itself.
  void refuse_to_wait_here(const char* call) const;
  /// Blocks until all tasks have left.
  void wait(task_wait what, duration timeout);
  /// True: over already. Else `waiter` is in line, and is told, unless it leaves.
  bool line_up(queue_waiter& waiter, task_wait what);
  bool withdraw(queue_waiter& waiter) noexcept;

  /// For the destructor of the handle: cancels, then waits where it can. What is left otherwise.
  std::vector<std::string> close() noexcept;

  [[nodiscard]] std::size_t first(task_wait what) const;
  [[nodiscard]] std::size_t first_failed() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t live() const;
  [[nodiscard]] std::vector<task_snapshot> snapshot() const;

  void context_goes_down() noexcept override;

 private:
  friend class body_scope;
  enum class outlook { may_wait, must_not, nobody_runs_it, went_down };

  void refuse_if_sealed() const;
  [[nodiscard]] outlook look_around() const noexcept;
  bool wait_while_it_runs() noexcept;

  const std::shared_ptr<context_waits> context_;
  stop_source stop_;
  std::atomic<std::size_t> plain_bodies_{0};  ///< under way

  mutable std::mutex mutex_;
  task_rules rules_;  // guarded by mutex_, as all below
  std::vector<std::string> names_;
  std::vector<std::shared_ptr<group_task>> tasks_;  ///< null: has left
  waiter_line waiters_;
  boost::asio::any_io_executor executor_;  ///< empty once its context went down
  bool down_ = false;
};

/// While a plain body of `group` runs on this thread, a wait for the group must not.
class body_scope {
 public:
  explicit body_scope(task_group_core& group) noexcept;
  ~body_scope();
  body_scope(const body_scope&) = delete;
  body_scope& operator=(const body_scope&) = delete;

  static bool inside(const task_group_core& group) noexcept;

 private:
  task_group_core* group_;
  const body_scope* outer_;
};

}  // namespace detail
}  // namespace penstock
