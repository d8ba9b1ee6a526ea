#include "runtime/watchdog.hpp"

#include <algorithm>

namespace penstock::detail {

namespace {

using namespace std::chrono_literals;

// Looks within `after`: more tell sooner, and cost more.
constexpr int looks = 4;

/// Steps of SplitMix64 (see manual_runtime.cpp), each over one more number.
void mix(std::uint64_t& digest, std::uint64_t number) noexcept {
  digest = (digest ^ number) * 0xbf58476d1ce4e5b9U + 0x9e3779b97f4a7c15U;
  digest ^= digest >> 31U;
}

void mix(std::uint64_t& digest, const stage_counts& counts) noexcept {
  for (const auto n : {counts.in, counts.emitted, counts.done, counts.failed, counts.dropped, counts.retried}) {
    mix(digest, n);
  }
}

}  // namespace

struct watchdog::picture {
  std::uint64_t digest = 0;
  bool io_queued = false;      ///< handlers of ours are in the context
  bool cpu_queued = false;     ///< plain stages are ready
  bool producer_body = false;  ///< a producer's body is under way
  bool other_body = false;     ///< another stage's is
  bool getting = false;
  bool putting = false;
  bool something_inside = false;                 ///< on an edge, or in a stage
  time_point pausing_until = time_point::min();  ///< the last of the deadlines to come; before now: none
};

watchdog::watchdog(duration after, machine& runtime, const stages& of_run, time_point now)
    : after_(after),
      period_(std::max<duration>(after / looks, 1ms)),
      runtime_(runtime),
      moved_at_(now),
      excused_until_(time_point::min()),
      cause_since_(now) {
  auto* const io = runtime.borrowed_io();
  if (io == nullptr) return;
  const bool needed = std::any_of(of_run.begin(), of_run.end(), [&](const auto& stage) {
    const auto& home = stage->actors.front()->home();
    return &home != &runtime.cpu() && &home != &runtime.blocking();
  });
  if (needed) probe_ = std::make_unique<context_probe>(*io);
}

auto watchdog::take(time_point now, run_phase phase, const stages& s, const edges& e) const noexcept -> picture {
  picture p;
  mix(p.digest, static_cast<std::uint64_t>(phase));
  for (const auto& stage : s) {
    stage_counts all = stage->state.common.counts();
    const bool is_producer = stage->state.ins.empty();
    for (const auto& w : stage->workers) {
      all += w->counters().counts();
      const auto sight = w->look(now);
      mix(p.digest, sight.begun);
      if (sight.under_way > 0) (is_producer ? p.producer_body : p.other_body) = true;
      if (sight.doing == activity::queued) {
        const bool is_io = &w->home() != &runtime_.cpu() && &w->home() != &runtime_.blocking();
        (is_io ? p.io_queued : p.cpu_queued) = true;
      }
      p.getting |= sight.doing == activity::getting;
      p.putting |= sight.doing == activity::putting;
      if (sight.doing == activity::pausing) p.pausing_until = std::max(p.pausing_until, sight.wakes_at);
    }
    mix(p.digest, all);
    if (all.in_flight() > 0) p.something_inside = true;
  }
  for (const auto& [from, to, edge] : e) {
    const auto counts = edge->counts();
    for (const auto n : {counts.emitted, counts.taken, counts.dropped}) mix(p.digest, n);
    if (edge->size() > 0) p.something_inside = true;
  }
  return p;
}

stall_cause watchdog::cause_of(const picture& p) const noexcept {
  if (probe_ && (p.io_queued || probe_->is_open())) return stall_cause::context_not_run;
  if (p.cpu_queued && runtime_.arena_is_idle()) return stall_cause::arena_not_run;
  if (p.producer_body && !p.other_body && !p.something_inside) return stall_cause::no_input;
  if (p.producer_body || p.other_body) return stall_cause::body_under_way;
  if (p.cpu_queued || p.io_queued) return stall_cause::workers_busy;
  if (p.putting) return stall_cause::output_not_taken;
  if (p.getting) return stall_cause::no_input;
  return stall_cause::all_idle;
}

std::optional<stall_cause> watchdog::look(time_point now, run_phase phase, const stages& s, const edges& e) {
  const auto p = take(now, phase, s, e);
  if (p.digest != seen_) {
    seen_ = p.digest;
    moved_at_ = cause_since_ = now;
    told_ = false;
  }
  const auto cause = cause_of(p);
  if (cause != cause_) cause_since_ = now;
  cause_ = cause;
  // Only now: the question that counts is the one asked at the look before this.
  if (probe_) probe_->ask();
  const bool waits_in_sight =
      cause == stall_cause::no_input || cause == stall_cause::output_not_taken || cause == stall_cause::all_idle;
  if (waits_in_sight && p.pausing_until > now) excused_until_ = p.pausing_until;
  quiet_ = now - moved_at_;
  if (told_ || quiet_ < after_) return std::nullopt;
  if (waits_in_sight && now < penstock::after(excused_until_, after_)) return std::nullopt;
  const bool thread_is_missing = cause == stall_cause::context_not_run || cause == stall_cause::arena_not_run ||
                                 cause == stall_cause::workers_busy;
  // A stage that has just been woken, say by the end of its pause, is not waiting for a thread.
  if (thread_is_missing && now - cause_since_ < after_ / 2) return std::nullopt;
  told_ = true;
  return cause;
}

stall_cause stall_cause_of(machine& runtime, time_point now, const watchdog::stages& s, const watchdog::edges& e) {
  watchdog w(duration::zero(), runtime, s, now);
  return w.look(now, run_phase::running, s, e).value_or(stall_cause::all_idle);
}

}  // namespace penstock::detail
