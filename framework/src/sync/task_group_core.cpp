#include "penstock/sync/detail/task_group_core.hpp"

#include <atomic>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "penstock/base/clock.hpp"
#include "penstock/base/error.hpp"
#include "penstock/base/thread_role.hpp"
#include "penstock/sync/detail/handler.hpp"
#include "penstock/sync/detail/thread_waiter.hpp"
#include "penstock/sync/detail/virtual_clock.hpp"

namespace penstock::detail {

namespace {

using namespace std::chrono_literals;

/// The innermost of those on this thread.
thread_local const body_scope* innermost = nullptr;

/// As the context's `get_executor` gives it: with other properties it is of another type.
asio::any_io_executor plain(const asio::any_io_executor& any) {
  const auto untracked = asio::prefer(any, asio::execution::outstanding_work.untracked);
  const auto forked = asio::prefer(untracked, asio::execution::relationship.fork);
  return asio::prefer(forked, asio::execution::blocking.possibly);
}

/// Asks `question` of the executor inside `any`, as far as it is one that knows the threads which run it; false
/// otherwise. Strands are asked for what is inside them too.
template <class Question>
bool ask(const asio::any_io_executor& given, const Question& question) {
  const auto any = plain(given);
  const auto one = [&](const auto* executor) { return executor && question(*executor); };
  if (one(any.target<asio::io_context::executor_type>())) return true;
  if (one(any.target<asio::thread_pool::executor_type>())) return true;
  if (const auto* s = any.target<asio::strand<asio::io_context::executor_type>>())
    return question(*s) || question(s->get_inner_executor());
  if (const auto* s = any.target<asio::strand<asio::thread_pool::executor_type>>())
    return question(*s) || question(s->get_inner_executor());
  if (const auto* s = any.target<asio::strand<asio::any_io_executor>>())
    return question(*s) || ask(s->get_inner_executor(), question);
  return false;
}

bool runs_here(const asio::any_io_executor& any) {
  return ask(any, [](const auto& executor) { return executor.running_in_this_thread(); });
}

/// Only an `io_context` can say so.
bool is_stopped(const asio::any_io_executor& any) {
  return ask(any, []<class Executor>(const Executor& executor) {
    if constexpr (std::is_same_v<Executor, asio::io_context::executor_type>)
      return asio::query(executor, asio::execution::context).stopped();
    else
      return false;
  });
}

}  // namespace

body_scope::body_scope(task_group_core& group) noexcept : group_(&group), outer_(innermost) {
  innermost = this;
  // Relaxed: a hint for a destructor that looks once a second.
  group_->plain_bodies_.fetch_add(1, std::memory_order_relaxed);
}
body_scope::~body_scope() {
  innermost = outer_;
  group_->plain_bodies_.fetch_sub(1, std::memory_order_relaxed);
}

bool body_scope::inside(const task_group_core& group) noexcept {
  for (const body_scope* scope = innermost; scope; scope = scope->outer_) {
    if (scope->group_ == &group) return true;
  }
  return false;
}

std::shared_ptr<task_group_core> task_group_core::make(asio::any_io_executor executor, task_failure on_failure) {
  if (!executor) throw declaration_error("a task group needs an executor");
  auto core = std::make_shared<task_group_core>(std::move(executor), on_failure);
  const std::lock_guard hold(core->context_->mutex);
  core->down_ = core->context_->down;
  if (!core->down_) core->context_->watchers.emplace(core.get(), core);
  return core;
}

task_group_core::task_group_core(asio::any_io_executor executor, task_failure on_failure)
    : context_(waits_of(context_of(executor))), rules_(on_failure), executor_(std::move(executor)) {}

task_group_core::~task_group_core() {
  const std::lock_guard hold(context_->mutex);
  context_->watchers.erase(this);
}

void task_group_core::refuse_if_sealed() const {
  if (rules_.sealed()) throw error(errc::closed, "penstock::task_group::spawn after the group has ended");
}

bool task_group_core::begin(std::size_t number) noexcept {
  const auto now = clock::now();
  const std::lock_guard hold(mutex_);
  return rules_.begin(number, now);
}

std::optional<task_rules::end_result> task_group_core::end(std::size_t number, task_end how) noexcept {
  const auto now = clock::now();
  const std::lock_guard hold(mutex_);
  return rules_.end(number, how, now);
}

void task_group_core::leave(std::size_t number) noexcept {
  // Those told may let go of everything else that keeps this.
  const auto keep = shared_from_this();
  std::shared_ptr<group_task> left;
  decided_waiters over;
  {
    const std::lock_guard hold(mutex_);
    left = std::move(tasks_[number]);
    if (rules_.leave()) {
      while (queue_waiter* const waiter = waiters_.front()) {
        waiters_.remove(*waiter);
        over.push_back(*waiter);
      }
    }
  }
  left.reset();
  over.complete_all();
}

void task_group_core::cancel(task_state cause) noexcept {
  std::vector<std::shared_ptr<group_task>> never_begun, running;
  {
    const std::lock_guard hold(mutex_);
    const auto hit = rules_.cancel(cause);
    for (const auto number : hit.never_begun) never_begun.push_back(tasks_[number]);
    // One that has had its end and not left is gone from the rules' running ones.
    for (const auto number : hit.running) running.push_back(tasks_[number]);
    if (rules_.cause() != cause) return;
  }
  // A second call that found the cause set has nobody in its lists, and the request is made once.
  stop_.request_stop(cause == task_state::timed_out ? stop_reason::deadline : stop_reason::cancel);
  for (const auto& task : running) task->hear_cancel();
  for (const auto& task : never_begun) task->skip(cause);
}

void task_group_core::refuse_to_wait_here(const char* call) const {
  refuse_to_block_a_worker(call);
  const std::unique_lock hold(mutex_);
  if (look_around() == outlook::must_not)
    throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur), call);
}

/// Under the lock.
task_group_core::outlook task_group_core::look_around() const noexcept {
  if (down_) return outlook::went_down;
  if (current_thread_role() != thread_role::foreign || virtual_clock::of_this_thread() != nullptr ||
      body_scope::inside(*this) || runs_here(executor_))
    return outlook::must_not;
  return is_stopped(executor_) ? outlook::nobody_runs_it : outlook::may_wait;
}

bool task_group_core::line_up(queue_waiter& waiter, task_wait what) {
  task_rules::wait_result result{};
  {
    const std::lock_guard hold(mutex_);
    result = rules_.wait(what);
    if (!result.over) waiters_.push_back(waiter);
  }
  if (result.cancel_rest) cancel(task_state::cancelled);
  return result.over;
}

bool task_group_core::withdraw(queue_waiter& waiter) noexcept {
  const std::lock_guard hold(mutex_);
  if (!waiter.in_line()) return false;
  waiters_.remove(waiter);
  rules_.give_up_wait();
  return true;
}

void task_group_core::wait(task_wait what, duration timeout) {
  const auto keep = shared_from_this();
  const auto until = after(clock::now(), timeout);
  thread_waiter<queue_waiter> waiter;
  if (line_up(waiter, what)) return;
  if (until != never) {
    if (waiter.wait_until(until)) return;
    cancel(task_state::timed_out);
  }
  waiter.wait();
}

std::vector<std::string> task_group_core::close() noexcept {
  cancel(task_state::cancelled);
  const auto view = [this] {
    const std::lock_guard hold(mutex_);
    rules_.seal_when_empty();
    return rules_.live() == 0 ? outlook::went_down : look_around();
  }();
  if (view == outlook::went_down || (view == outlook::may_wait && wait_while_it_runs())) return {};
  std::vector<std::string> left;
  const std::lock_guard hold(mutex_);
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[i]) left.push_back(names_[i]);
  }
  return left;
}

/// Nothing says whether anybody will run an executor; so it is asked to run something, again and again.
bool task_group_core::wait_while_it_runs() noexcept {
  constexpr auto patience = 1s;
  thread_waiter<queue_waiter> waiter;
  if (line_up(waiter, task_wait::all)) return true;
  for (;;) {
    const auto answered = std::make_shared<std::atomic<bool>>(false);
    {
      std::unique_lock hold(mutex_);
      if (auto executor = executor_) {
        hold.unlock();
        asio::post(executor, [answered] { answered->store(true, std::memory_order_relaxed); });
      }
    }
    if (waiter.wait_until(std::chrono::steady_clock::now() + patience)) return true;
    // Relaxed: nothing but the fact matters. A plain body under way keeps its thread from answering, and ends.
    if (answered->load(std::memory_order_relaxed) || plain_bodies_.load(std::memory_order_relaxed) > 0) continue;
    if (withdraw(waiter)) return false;
    waiter.wait();
    return true;
  }
}

std::size_t task_group_core::first(task_wait what) const {
  const std::lock_guard hold(mutex_);
  return rules_.first(what);
}
std::size_t task_group_core::first_failed() const {
  const std::lock_guard hold(mutex_);
  return rules_.first_failed();
}
std::size_t task_group_core::size() const {
  const std::lock_guard hold(mutex_);
  return rules_.size();
}
std::size_t task_group_core::live() const {
  const std::lock_guard hold(mutex_);
  return rules_.live();
}

std::vector<task_snapshot> task_group_core::snapshot() const {
  const auto now = clock::now();
  const std::lock_guard hold(mutex_);
  std::vector<task_snapshot> tasks;
  tasks.reserve(rules_.size());
  for (std::size_t i = 0; i < rules_.size(); ++i) tasks.push_back({names_[i], rules_.state(i), rules_.took(i, now)});
  return tasks;
}

void task_group_core::context_goes_down() noexcept {
  asio::any_io_executor last;
  {
    const std::lock_guard hold(mutex_);
    down_ = true;
    last = std::exchange(executor_, {});
  }
  cancel(task_state::cancelled);
}

}  // namespace penstock::detail
