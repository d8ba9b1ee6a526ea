#include "penstock/runtime/runtime.hpp"

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include "penstock/base/thread_role.hpp"
#include "runtime/run_core.hpp"
#include "runtime/runtime_core.hpp"

namespace penstock {

namespace detail {

namespace {
std::size_t workers_for(std::size_t asked) {
  return asked != 0 ? asked : std::max<std::size_t>(1, std::thread::hardware_concurrency());
}
}  // namespace

runtime_core::runtime_core(const runtime_options& options)
    : borrowed_io_(options.io),
      borrows_arena_(options.arena != nullptr),
      cpu_(workers_for(options.cpu_workers), options.arena) {}

runtime_core::~runtime_core() {
  std::vector<std::shared_ptr<run_core>> live;
  {
    const std::lock_guard lock(lock_);
    live.assign(runs_.begin(), runs_.end());
  }
  for (auto& run : live) run->cancel();
  live.clear();
  {
    std::unique_lock lock(lock_);
    forgotten_.wait(lock, [this] { return runs_.empty(); });
  }
  work_.reset();
  if (io_thread_.joinable()) io_thread_.join();
}

std::shared_ptr<run_core> runtime_core::start(std::shared_ptr<const plan> what, run_options options) {
  what->check();
  auto run = std::make_shared<run_core>(*this, std::move(what), std::move(options));
  {
    const std::lock_guard lock(lock_);
    runs_.insert(run);
  }
  try {
    run->start();
  } catch (...) {
    forget(*run);
    throw;
  }
  return run;
}

boost::asio::io_context& runtime_core::io() {
  if (borrowed_io_ != nullptr) return *borrowed_io_;
  const std::lock_guard lock(lock_);
  if (!io_thread_.joinable()) {
    work_.emplace(own_io_.get_executor());
    io_thread_ = std::thread([this] {
      const thread_role_scope role(thread_role::io_worker);
      own_io_.run();
    });
  }
  return own_io_;
}

bool runtime_core::apart(const flow::executor& from, const flow::executor& to) const noexcept {
  return &from != &to || &to == &blocking_ || borrows_arena_;
}

void runtime_core::refuse_to_wait_in_a_borrowed_handler() const {
  if (!in_a_borrowed_handler()) return;
  throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                          "waiting for a run in a handler of the I/O context that it may need");
}

void runtime_core::refuse_to_wait_here() const {
  refuse_to_block_a_worker("waiting for a run");
  refuse_to_wait_in_a_borrowed_handler();
}

bool runtime_core::may_help_here(const flow::run_services* outer) const noexcept {
  return outer != nullptr && outer == flow::run_of_this_thread && cpu_.on_a_worker();
}

void runtime_core::help(run_core& run, bool (*over)(const flow::run_services&) noexcept, time_point) {
  cpu_.help(run, over);
}

void runtime_core::set_alarm(run_core& run, time_point when) noexcept {
  try {
    alarms_.set(run, when);
  } catch (const std::exception&) {
    // A drain that ends too soon is better than one that never ends.
    run.alarm_rings(when);
  }
}

void runtime_core::run_ended(run_core& run) noexcept {
  alarms_.drop(run);
  watches_.drop(run);
  cpu_.run_ended(run);
}

void runtime_core::join_surplus(const run_core& run) noexcept {
  blocking_.join_surplus();
  alarms_.join_surplus(run);
  watches_.join_surplus(run);
}

void runtime_core::forget(run_core& run) noexcept {
  std::shared_ptr<run_core> last;  // destroyed without the lock
  const std::lock_guard lock(lock_);
  if (const auto found = runs_.find(run.shared_from_this()); found != runs_.end()) {
    last = *found;
    runs_.erase(found);
  }
  forgotten_.notify_all();
}

}  // namespace detail

runtime::runtime(runtime_options options) : core_(std::make_unique<detail::runtime_core>(options)) {}
runtime::~runtime() = default;

report runtime::run(const pipeline& p, run_options options) {
  // An I/O worker that waited would keep the very handlers from running that the run needs.
  if (current_thread_role() == thread_role::io_worker) refuse_to_block_a_worker("penstock::runtime::run");
  core_->refuse_to_wait_in_a_borrowed_handler();
  auto handle = start_handle(p, std::move(options));
  return handle->wait();
}

run runtime::start(const pipeline& p, run_options options) {
  return penstock::run(start_handle(p, std::move(options)));
}

std::size_t runtime::cpu_workers() const noexcept { return core_->workers(); }

boost::asio::io_context& runtime::io() { return core_->io(); }

std::shared_ptr<detail::run_handle> runtime::start_handle(const pipeline& p, run_options options) {
  return core_->start(p.shared_plan(), std::move(options));
}

}  // namespace penstock
