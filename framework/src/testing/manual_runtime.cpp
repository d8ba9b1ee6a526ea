#include "penstock/testing/manual_runtime.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>

#include "penstock/base/thread_role.hpp"
#include "runtime/run_core.hpp"
#include "testing/manual_core.hpp"

namespace penstock {

namespace detail {

namespace {

using namespace std::chrono_literals;

// Not zero, so that deadlines in the past can be written; the same in every run, so that reports are too.
constexpr time_point beginning{std::chrono::hours(24)};

}  // namespace

manual_core::manual_core(std::uint64_t seed) : seed_(seed), dice_(seed), clock_(beginning) {}

manual_core::~manual_core() {
  const std::vector<std::shared_ptr<run_core>> live(runs_.begin(), runs_.end());
  for (const auto& run : live) run->cancel();
  while (!runs_.empty()) {
    if (step()) continue;
    const auto next = next_deadline();
    if (next == never) break;
    move_to(next);
  }
  // Whatever is left waits for something outside that will not come.
  io_.shutdown();
  runs_.clear();
}

std::shared_ptr<run_core> manual_core::start(std::shared_ptr<const plan> what, run_options options) {
  what->check();
  auto run = std::make_shared<run_core>(*this, std::move(what), std::move(options));
  runs_.insert(run);
  try {
    run->start();
  } catch (...) {
    forget(*run);
    throw;
  }
  return run;
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
std::uint64_t manual_core::throw_dice(std::uint64_t sides) noexcept {
  auto x = dice_ += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return (x ^ (x >> 31U)) % sides;
}

bool manual_core::step() {
  // What is due now comes before anything else, as an alarm would in real time.
  if (next_event() <= clock::now()) {
    move_to(clock::now());
    return true;
  }
  // The I/O context is one among those that are ready; whether it is shows only when it is asked.
  const auto chosen = throw_dice(ready_.size() + 1);
  if (chosen == ready_.size() && handle_one()) return true;
  if (ready_.empty()) return handle_one();
  activate(std::min<std::size_t>(chosen, ready_.size() - 1));
  return true;
}

bool manual_core::handle_one() {
  const thread_role_scope role(thread_role::io_worker);
  io_.restart();
  return io_.poll_one() > 0;
}

void manual_core::activate(std::size_t which) {
  auto& a = *ready_[which];
  std::swap(ready_[which], ready_.back());
  ready_.pop_back();
  const thread_role_scope role(thread_role::cpu_worker);
  auto& run = a.run();
  flow::turn t{&a.home(), clock::now(), nullptr};
  if (flow::activate_once(a, t)) {
    ready_.push_back(&a);
  } else {
    run.leave();
  }
  if (t.next != nullptr) ready_.push_back(t.next);
}

time_point manual_core::next_deadline() noexcept { return std::min(deadlines_.next(), clock_.next()); }

time_point manual_core::next_event() noexcept {
  auto first = next_deadline();
  for (const auto& [run, when] : watches_) first = std::min(first, when);
  return first;
}

time_point manual_core::next_news() const noexcept {
  auto first = never;
  for (const auto& [run, when] : watches_) {
    if (!run->has_told()) first = std::min(first, when);
  }
  return first;
}

void manual_core::move_to(time_point when) {
  clock_.move_to(when);
  std::vector<flow::actor*> due;
  deadlines_.take_due(when, due);
  for (auto* a : due) a->notify();
  std::vector<std::shared_ptr<run_core>> watched;
  for (const auto& [run, look] : watches_) {
    if (look <= clock::now()) watched.push_back(run->shared_from_this());
  }
  for (const auto& run : watched) run->watch_rings(clock::now());
}

void manual_core::advance(duration d) {
  const auto until = after(clock::now(), d);
  for (;;) {
    while (step()) {
    }
    const auto next = next_event();
    if (next > until) break;
    move_to(next);
  }
  move_to(until);
  while (step()) {
  }
}

void manual_core::help(run_core& run, bool (*over)(const flow::run_services&) noexcept, time_point until) {
  while (!over(run)) {
    if (step()) continue;
    const auto next = next_deadline() == never && until == never ? next_news() : next_event();
    if (next == never && until == never) {
      auto picture = run.picture();
      std::ostringstream text;
      text << "the run is stuck: nothing is ready and no deadline is set (seed " << seed_ << ")\n"
           << picture.report << picture;
      throw stuck_error(text.str(), std::move(picture));
    }
    if (next > until) return move_to(until);
    move_to(next);
  }
}

bool manual_core::apart(const flow::executor& from, const flow::executor& to) const noexcept {
  return &from != &to || &to == &blocking_;
}

std::size_t manual_core::most_at_once() noexcept {
  constexpr std::size_t choices[] = {1, 2, 3, 16, 1024};
  return choices[throw_dice(std::size(choices))];
}

void manual_core::notify_at(flow::actor& a, time_point when) noexcept { deadlines_.set(a, when); }

void manual_core::set_alarm(run_core& run, time_point when) noexcept {
  alarms_[&run] = clock_.call_at(when, [when, weak = run.weak_from_this()] {
    if (const auto live = weak.lock()) live->alarm_rings(when);
  });
}

void manual_core::set_watch(run_core& run, time_point when) {
  for (auto& [watched, look] : watches_) {
    if (watched != &run) continue;
    look = when;
    return;
  }
  watches_.emplace_back(&run, when);
}

void manual_core::refuse_to_wait_here() const { refuse_to_block_a_worker("waiting for a run"); }

bool manual_core::may_help_here(const flow::run_services* outer) const noexcept {
  return current_thread_role() != thread_role::io_worker && outer == flow::run_of_this_thread;
}

void manual_core::run_ended(run_core& run) noexcept {
  alarms_.erase(&run);
  std::erase_if(watches_, [&](const auto& one) { return one.first == &run; });
}

void manual_core::forget(run_core& run) noexcept {
  const auto last = run.shared_from_this();
  runs_.erase(last);
}

}  // namespace detail

manual_runtime::manual_runtime(std::uint64_t seed) {
  if (detail::virtual_clock::of_this_thread() != nullptr)
    throw std::logic_error("there is a manual_runtime on this thread already");
  core_ = std::make_unique<detail::manual_core>(seed);
}

manual_runtime::~manual_runtime() = default;

run manual_runtime::start(const pipeline& p, run_options options) {
  return penstock::run(core_->start(p.shared_plan(), std::move(options)));
}

report manual_runtime::run(const pipeline& p, run_options options) {
  return core_->start(p.shared_plan(), std::move(options))->wait();
}

bool manual_runtime::step() { return core_->step(); }

std::size_t manual_runtime::run_until_idle() {
  std::size_t steps = 0;
  while (core_->step()) ++steps;
  return steps;
}

void manual_runtime::advance(duration d) { core_->advance(d); }
time_point manual_runtime::now() const noexcept { return clock::now(); }
std::uint64_t manual_runtime::seed() const noexcept { return core_->seed(); }
boost::asio::io_context& manual_runtime::io() noexcept { return core_->io(); }

}  // namespace penstock
