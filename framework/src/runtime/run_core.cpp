#include "runtime/run_core.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "penstock/base/error.hpp"
#include "penstock/base/thread_role.hpp"

namespace penstock::detail {

namespace {

constexpr std::size_t errors_kept_per_stage = 100;

std::string message_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is not a std::exception";
  }
}

duration nanoseconds_of(std::uint64_t count) { return std::chrono::nanoseconds(count); }

}  // namespace

void run_core::forward_stop::operator()() const noexcept {
  if (run->options_.stop.reason() == stop_reason::stop) {
    run->stop(duration::max());
  } else {
    run->cancel();
  }
}

run_core::run_core(machine& runtime, std::shared_ptr<const plan> what, run_options options)
    : runtime_(runtime),
      plan_(std::move(what)),
      options_(std::move(options)),
      began_(clock::now()),
      started_in_(flow::run_of_this_thread),
      cancel_token_(cancel_source_.token()),
      input_token_(input_source_.token()),
      errors_of_stage_(plan_->stages.size()) {}

void run_core::start() {
  plan_->check_in_flight(options_.in_flight);
  items_.limit(options_.in_flight);
  if (options_.watchdog.on_stall && options_.watchdog.after <= duration::zero()) {
    throw declaration_error("pipeline '" + plan_->name + "': its watchdog looks after no time at all");
  }
  make_parts();
  for (const auto& stage : plan_->stages) {
    if (stage.about.where == place::blocking) blocking_workers_ += stage.about.workers;
  }
  if (!options_.signals.empty()) signals_ = std::make_shared<run_signals>(runtime_.io());
  runtime_.reserve_blocking(blocking_workers_);
  begin_with(actors_.size() + 1);
  try {
    // Only now: a signal that is there already must find a run that can be stopped.
    if (signals_) signals_->begin(weak_from_this(), options_.signals);
    if (options_.watchdog.on_stall && options_.watchdog.after != duration::max()) {
      watchdog_ = std::make_unique<watchdog>(options_.watchdog.after, runtime_, stages_, began_);
      static_cast<void>(watchdog_->look(began_, phase(), stages_, edges_));
      runtime_.set_watch(*this, after(began_, watchdog_->period()));
    }
  } catch (...) {
    begin_with(0);
    if (signals_) signals_->end();
    runtime_.release_blocking(blocking_workers_);
    runtime_.join_surplus(*this);
    throw;
  }
  // Nothing throws from here on. Requests that were made before come first: such a run takes nothing.
  if (started_in_ != nullptr) on_outer_run_.emplace(started_in_->cancel_token().std_token(), forward_cancel{this});
  if (options_.stop.stop_possible()) on_parent_.emplace(options_.stop.std_token(), forward_stop{this});
  for (auto* a : actors_) a->notify();
  leave();
}

void run_core::make_parts() {
  const auto& stages = plan_->stages;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    stages_.push_back(std::make_unique<flow::stage_instance>());
    make_inputs(i);
  }
  for (std::size_t i = 0; i < stages.size(); ++i) {
    auto& stage = *stages_[i];
    auto& state = stage.state;
    state.index = i;
    state.name = stages[i].about.name;
    state.workers = stages[i].about.workers;
    state.policy = stages[i].about.on_error;
    state.most_at_once = std::min(runtime_.most_at_once(), items_.most_at_once());
    if (state.ins.size() == 1) state.in = state.ins.front();
    if (state.outs.size() == 1) state.out = state.outs.front();
    stages[i].maker->make_workers(stage, *this);
    stage.actors.clear();
    for (auto& w : stage.workers) stage.actors.push_back(w.get());
    state.open.store(stage.actors.size(), std::memory_order_relaxed);
    actors_.insert(actors_.end(), stage.actors.begin(), stage.actors.end());
    if (items_.limited() && stages[i].about.is_producer) {
      for (auto* a : stage.actors) items_.add_source(*a);
    }
  }
  for (const auto& e : edges_) {
    const auto& from = *stages_[e.from];
    const auto& to = *stages_[e.to];
    const bool eager = runtime_.apart(from.actors.front()->home(), to.actors.front()->home());
    e.edge->connect(from.everybody(), to.everybody(), eager);
  }
}

/// The edges that lead to stage `to`, whose places in the stages at both ends are those of the plan.
void run_core::make_inputs(std::size_t to) {
  const auto& stage = plan_->stages[to];
  for (std::size_t i = 0; i < stage.inputs.size(); ++i) {
    const auto [from, branch] = stage.inputs[i];
    edges_.push_back({from, to, stage.maker->make_input_of(i, stage.about.capacity)});
    auto* const edge = edges_.back().edge.get();
    auto& outs = stages_[from]->state.outs;
    if (outs.size() <= branch) outs.resize(branch + 1);
    outs[branch] = edge;
    stages_[to]->state.ins.push_back(edge);
  }
}

void run_core::stop(duration drain_within) noexcept {
  if (!try_enter()) return;
  {
    std::unique_lock lock(lock_);
    apply(rules_.on_stop(now(), drain_within == duration::max() ? options_.drain_within : drain_within), lock);
  }
  leave();
}

void run_core::cancel() noexcept {
  if (!try_enter()) return;
  {
    std::unique_lock lock(lock_);
    apply(rules_.on_cancel(), lock);
  }
  leave();
}

bool run_core::stop_requested() const noexcept { return asked_.load(std::memory_order_acquire); }

/// The caller is inside. Leaves `lock` unlocked.
void run_core::apply(const drain_rules::verdict& v, std::unique_lock<std::mutex>& lock) noexcept {
  asked_.store(true, std::memory_order_release);
  const auto reason = rules_.reason();
  const bool cancelling = rules_.phase() == run_phase::cancelling;
  phase_.store(rules_.phase(), std::memory_order_relaxed);
  lock.unlock();
  if (v.changed) {
    input_source_.request_stop(reason);
    if (cancelling) cancel_source_.request_stop(reason);
    for (auto* a : actors_) a->notify();
  }
  if (v.alarm != never) runtime_.set_alarm(*this, v.alarm);
}

void run_core::alarm_rings(time_point when) noexcept {
  if (!try_enter()) return;
  {
    std::unique_lock lock(lock_);
    apply(rules_.on_alarm(when), lock);
  }
  leave();
}

void run_core::watch_rings(time_point when) noexcept {
  if (!try_enter()) return;
  if (const auto cause = watchdog_->look(now(), phase(), stages_, edges_)) {
    // As in a body of the run: the hook may ask for its end, and would wait for itself if it waited for that.
    const auto* const outer = std::exchange(flow::run_of_this_thread, this);
    options_.watchdog.on_stall({*cause, watchdog_->quiet(), report()});
    flow::run_of_this_thread = outer;
  }
  try {
    runtime_.set_watch(*this, after(std::max(when, now()), watchdog_->period()));
  } catch (const std::exception&) {
    // No memory: nobody looks any more.
  }
  leave();
}

stall run_core::picture() { return {stall_cause_of(runtime_, now(), stages_, edges_), duration::zero(), report()}; }

void run_core::record_error(std::size_t stage, std::uint64_t item, std::exception_ptr error,
                            flow::error_effect effect) noexcept {
  stage_error e{plan_->stages[stage].about.name, item, item != flow::no_item, error, message_of(error)};
  if (!e.of_item) e.item = 0;
  if (options_.on_error) options_.on_error(e);
  std::unique_lock lock(lock_);
  if (errors_of_stage_[stage]++ < errors_kept_per_stage) errors_.push_back(std::move(e));
  if (effect == flow::error_effect::tolerated) return;
  if (first_failure_ == nullptr) first_failure_ = std::move(error);
  if (effect == flow::error_effect::fails_at_last) {
    rules_.on_late_failure();
  } else {
    apply(rules_.on_cancel(stop_reason::failure), lock);
  }
}

void run_core::notify_at(flow::actor& a, time_point when) noexcept {
  a.note_wakes_at(when);
  runtime_.notify_at(a, when);
}

void run_core::request_stop() noexcept { stop(duration::max()); }
void run_core::request_cancel() noexcept { cancel(); }

boost::asio::any_io_executor run_core::io_executor() { return runtime_.io().get_executor(); }

flow::executor& run_core::cpu() { return runtime_.cpu(); }
flow::executor& run_core::blocking() { return runtime_.blocking(); }
flow::io_home& run_core::strand() { return strands_.emplace_back(runtime_.io()); }

void run_core::everybody_left() noexcept {
  const auto self = shared_from_this();  // the handle may go as soon as the end is known
  on_parent_.reset();
  on_outer_run_.reset();
  if (signals_) signals_->end();
  for (auto& e : edges_) e.edge->drop_all();
  std::vector<completion<penstock::report>> to_tell;
  penstock::report last;
  {
    const std::lock_guard lock(lock_);
    last = snapshot();
    last.ended = true;
    last.outcome = rules_.ended();
    final_ = last;
    to_tell.swap(to_tell_);
  }
  // Workers first: what they hold may refer to edges and to what their stage shares.
  for (auto& stage : stages_) stage->workers.clear();
  edges_.clear();
  stages_.clear();
  strands_.clear();
  runtime_.release_blocking(blocking_workers_);
  // They are full of the user's objects, and nothing of those may be destroyed after a wait has returned: the thread
  // that ends the run holds it a little longer than that.
  plan_.reset();
  options_ = {};
  for (auto& done : to_tell) done.post(last);
  {
    const std::lock_guard lock(lock_);
    retired_.store(true, std::memory_order_release);
    changed_.notify_all();
  }
  runtime_.run_ended(*this);
  runtime_.forget(*this);
}

penstock::report run_core::snapshot() const {
  penstock::report r;
  r.pipeline = plan_->name;
  r.stop_requested = stop_requested();
  r.reason = rules_.reason();
  r.elapsed = now() - began_;
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const auto& about = plan_->stages[i].about;
    stage_report s;
    s.name = about.name;
    s.kind = about.kind;
    s.workers = about.workers;
    s += stages_[i]->state.common.counts();
    auto first = never;
    for (const auto& w : stages_[i]->workers) {
      const auto& t = w->counters();
      s += t.counts();
      s.busy += nanoseconds_of(t.busy.get());
      s.starved += nanoseconds_of(t.starved.get());
      s.blocked += nanoseconds_of(t.blocked.get());
      const auto sight = w->look(began_ + r.elapsed);
      s.doing = std::min(s.doing, sight.doing);
      s.under_way += sight.under_way;
      first = std::min(first, sight.oldest);
    }
    if (s.under_way > 0) s.longest = std::max(began_ + r.elapsed - first, duration::zero());
    r.stages.push_back(std::move(s));
  }
  for (const auto& [from, to, edge] : edges_) {
    edge_report e;
    static_cast<edge_counts&>(e) = edge->counts();
    e.from = plan_->stages[from].about.name;
    e.to = plan_->stages[to].about.name;
    e.capacity = edge->capacity();
    e.size = edge->size();
    e.peak = edge->peak();
    if (const auto* scale = edge->weighed()) {
      e.most_weight = scale->most();
      e.weight = scale->weight();
      e.peak_weight = scale->peak();
    }
    r.edges.push_back(std::move(e));
  }
  r.errors = errors_;
  r.first_failure = first_failure_;
  return r;
}

penstock::report run_core::report() {
  const std::lock_guard lock(lock_);
  return final_ ? *final_ : snapshot();
}

void run_core::refuse_to_wait_here() const {
  runtime_.refuse_to_wait_here();
  if (flow::run_of_this_thread == this) {  // a blocking worker of this very run
    throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                            "waiting for a run in itself");
  }
}

bool run_core::is_retired(const flow::run_services& run) noexcept {
  return static_cast<const run_core&>(run).retired_.load(std::memory_order_acquire);
}

penstock::report run_core::wait() {
  if (runtime_.may_help_here(started_in_)) {
    runtime_.help(*this, is_retired, never);
  } else {
    refuse_to_wait_here();
    std::unique_lock lock(lock_);
    changed_.wait(lock, [this] { return is_retired(*this); });
  }
  runtime_.join_surplus(*this);
  const std::lock_guard lock(lock_);
  return *final_;
}

bool run_core::wait_for(duration d) {
  refuse_to_wait_here();
  const auto until = after(now(), d);
  if (runtime_.is_alone()) {
    runtime_.help(*this, is_retired, until);
    return is_retired(*this);
  }
  {
    std::unique_lock lock(lock_);
    const auto over = [this] { return is_retired(*this); };
    if (until == never) {
      changed_.wait(lock, over);
    } else if (!changed_.wait_until(lock, until, over)) {
      return false;
    }
  }
  runtime_.join_surplus(*this);
  return true;
}

void run_core::on_end(completion<penstock::report> done) {
  std::unique_lock lock(lock_);
  if (!final_) {
    to_tell_.push_back(std::move(done));
    return;
  }
  auto last = *final_;
  lock.unlock();
  done.post(std::move(last));
}

void run_core::tell_left_behind() const noexcept {
  std::function<void(const penstock::report&)> hook;
  penstock::report r;
  {
    // The end of the run lets go of the options after it has written the final report, which takes the lock.
    const std::lock_guard lock(lock_);
    if (final_ || !options_.on_left_behind) return;
    hook = options_.on_left_behind;
    r = snapshot();
  }
  hook(r);
}

void run_core::abandon() noexcept {
  cancel();
  if (runtime_.may_help_here(started_in_)) {
    try {
      static_cast<void>(wait());
    } catch (const std::logic_error&) {
      // It is stuck, which a manual runtime finds out: that one keeps it until it goes itself.
    }
    return;
  }
  // Waiting on a worker of ours could wait for itself: the runtime keeps the run until it has ended.
  try {
    refuse_to_wait_here();
  } catch (const std::system_error&) {
    tell_left_behind();
    return;
  }
  std::unique_lock lock(lock_);
  changed_.wait(lock, [this] { return is_retired(*this); });
  lock.unlock();
  runtime_.join_surplus(*this);
}

}  // namespace penstock::detail
