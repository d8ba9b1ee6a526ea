// What became of a task, and of all the tasks of a group.
#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "penstock/base/clock.hpp"
#include "penstock/base/error.hpp"
#include "penstock/core/task_rules.hpp"

namespace penstock {

/// One task's end. `state` is never `waiting` or `running` in what a wait gives.
struct task_outcome {
  std::string name;
  task_state state = task_state::waiting;
  /// From its start to its end, by `clock`; zero for a task that never began.
  duration took{};
  /// What its body threw, unchanged; null unless `failed`.
  std::exception_ptr error = {};

  [[nodiscard]] bool ok() const noexcept { return state == task_state::done; }

  /// Throws the task's own exception if it failed, `error(cancelled)` or `error(timed_out)` if it was ended so.
  void rethrow() const {
    if (error) std::rethrow_exception(error);
    if (state == task_state::cancelled) throw penstock::error(errc::cancelled, name);
    if (state == task_state::timed_out) throw penstock::error(errc::timed_out, name);
  }
};

template <class T>
struct task_result : task_outcome {
  /// There if `done`.
  std::optional<T> value = std::nullopt;

  /// The value, which may be moved out; throws what `rethrow` throws. Like `std::future::get`.
  T& get() & {
    this->rethrow();
    return *value;
  }
  const T& get() const& {
    this->rethrow();
    return *value;
  }
  T get() && {
    this->rethrow();
    return std::move(*value);
  }
};

template <>
struct task_result<void> : task_outcome {
  void get() const { rethrow(); }
};

template <class T>
class task_group;

namespace detail {
template <class T>
using task_list = std::deque<task_result<T>>;
}

/// One result for each task, in the order of spawning. A cheap handle: copies show the same results, which outlive the
/// group as long as one is kept. To be read, and moved from, like a container: by one thread at a time if one changes
/// it.
template <class T>
class [[nodiscard]] task_results {
 public:
  using value_type = task_result<T>;
  using iterator = typename detail::task_list<T>::iterator;

  /// No results.
  task_results() : list_(std::make_shared<detail::task_list<T>>()) {}

  [[nodiscard]] std::size_t size() const noexcept { return list_->size(); }
  [[nodiscard]] bool empty() const noexcept { return list_->empty(); }
  [[nodiscard]] iterator begin() const noexcept { return list_->begin(); }
  [[nodiscard]] iterator end() const noexcept { return list_->end(); }
  [[nodiscard]] task_result<T>& operator[](std::size_t which) const noexcept { return (*list_)[which]; }

  /// The first that was spawned with this name; null if none was.
  [[nodiscard]] task_result<T>* find(std::string_view name) const noexcept {
    for (auto& result : *list_) {
      if (result.name == name) return &result;
    }
    return nullptr;
  }

  /// Are all of them done?
  [[nodiscard]] bool ok() const noexcept {
    for (const auto& result : *list_) {
      if (!result.ok()) return false;
    }
    return true;
  }

  /// Throws the exception of the task that was first to fail, unchanged; nothing if none failed. Tasks that were
  /// cancelled or timed out have not failed.
  void rethrow_first() const {
    if (first_failed_ != task_rules::none) std::rethrow_exception((*list_)[first_failed_].error);
  }

 private:
  friend class task_group<T>;
  task_results(std::shared_ptr<detail::task_list<T>> list, std::size_t first_failed) noexcept
      : list_(std::move(list)), first_failed_(first_failed) {}

  std::shared_ptr<detail::task_list<T>> list_;
  std::size_t first_failed_ = task_rules::none;
};

/// The task that a `wait_first` was about; null if there is none. Keeps the group's results.
template <class T>
using first_result = std::shared_ptr<task_result<T>>;

}  // namespace penstock
