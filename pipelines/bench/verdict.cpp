#include "verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "quantities.hpp"

namespace bench {
namespace {

constexpr double rate_is_reached = 0.9;
constexpr double stage_is_busy = 0.8;
constexpr double cores_are_busy = 0.85;
constexpr double share_of_its_own = 0.85;
constexpr double one_core_is_full = 0.85;
constexpr double one_core_at_most = 1.2;  // more: stages do run beside one another
constexpr double cheap = 500e-9;          // a hand-over, some ten nanoseconds to some hundred, is a good part of it
constexpr std::size_t large = 64;         // items that a queue holds
constexpr double long_item = 0.1;         // of the measurement

std::string percent(double share) { return fmt::format("{:.0f} %", 100 * std::clamp(share, 0.0, 1.0)); }

bool is_rate(const penstock::stage_report& stage) {
  return stage.name == produce_rate_stage || stage.name == consume_rate_stage;
}

bool is_middle(const penstock::stage_report& stage) { return stage.name.starts_with("stage "); }

/// Everything that is asked about the stages, in shares of the time that the report covers.
class figures {
 public:
  figures(const penstock::report& r, const shape& s, const machine& on) : r_(r), s_(s), on_(on) {
    for (const auto& stage : r.stages) {
      if (is_rate(stage)) continue;
      if (on_a_core(stage)) cores_ += seconds_of(stage.busy) / elapsed();
      if (top_ == nullptr || busy(stage) > busy(*top_)) top_ = &stage;
    }
  }

  [[nodiscard]] double elapsed() const { return std::max(seconds_of(r_.elapsed), 1e-9); }
  [[nodiscard]] double busy(const penstock::stage_report& stage) const { return of_workers(stage, stage.busy); }
  [[nodiscard]] bool on_a_core(const penstock::stage_report& stage) const {
    return !is_middle(stage) || s_.place == penstock::place::cpu;
  }

  /// Of all CPU workers.
  [[nodiscard]] double cores_busy() const { return cores_ / static_cast<double>(on_.cpu_workers); }

  /// Cores that the stages were busy on, by their own account, and what the process had of them.
  [[nodiscard]] double cores_wanted() const { return cores_; }
  [[nodiscard]] double cores_had() const { return on_.cpu_seconds > 0 ? on_.cpu_seconds / elapsed() : cores_; }

  /// Seconds that an item costs in all stages together.
  [[nodiscard]] double each() const { return cores_ * elapsed() / static_cast<double>(r_.stage(consume_stage).done); }

  /// Stages that could run beside one another, and take turns instead: what one costs is less than going to another
  /// core does.
  [[nodiscard]] bool take_turns_on_one_core() const {
    const bool in_turn = std::ranges::all_of(
        r_.stages, [&](const auto& stage) { return is_rate(stage) || (on_a_core(stage) && stage.workers == 1); });
    return in_turn && each() < cheap && cores_ >= one_core_is_full && cores_ <= one_core_at_most;
  }

  /// One whose items take so long that what is cut off at the end weighs; null: none.
  [[nodiscard]] const penstock::stage_report* with_long_items() const {
    const auto found = std::ranges::find_if(r_.stages, [&](const auto& stage) {
      return !is_rate(stage) && seconds_of(stage.busy) > long_item * elapsed() * static_cast<double>(stage.done);
    });
    return found == r_.stages.end() ? nullptr : &*found;
  }

  [[nodiscard]] const penstock::stage_report& busiest() const { return *top_; }

  /// The one that takes most of the CPU workers' time.
  [[nodiscard]] const penstock::stage_report& heaviest() const {
    const penstock::stage_report* most = nullptr;
    for (const auto& stage : r_.stages)
      if (!is_rate(stage) && on_a_core(stage) && (most == nullptr || stage.busy > most->busy)) most = &stage;
    return *most;
  }

  /// How many times as fast it could become before another stage, or the cores, limit it.
  [[nodiscard]] double room_above(const penstock::stage_report& stage) const {
    double next = 0.01;
    for (const auto& other : r_.stages)
      if (&other != &stage && !is_rate(other)) next = std::max(next, busy(other));
    const double room = busy(stage) / next;
    if (!on_a_core(stage)) return room;
    return std::min(room, static_cast<double>(on_.cpu_workers) / std::max(std::min(cores_, cores_had()), 0.01));
  }

  /// What the neighbours say: those before it wait for room, those after it for items.
  [[nodiscard]] std::string neighbours(const penstock::stage_report& stage) const {
    const auto at = static_cast<std::size_t>(&stage - r_.stages.data());
    std::string text;
    if (at > 0 && of_workers(r_.stages[at - 1], r_.stages[at - 1].blocked) >= 0.1)
      text += fmt::format("; '{}' before it waits for room {} of the time", r_.stages[at - 1].name,
                          percent(of_workers(r_.stages[at - 1], r_.stages[at - 1].blocked)));
    if (at + 1 < r_.stages.size() && of_workers(r_.stages[at + 1], r_.stages[at + 1].starved) >= 0.1)
      text += fmt::format("; '{}' after it waits for items {} of the time", r_.stages[at + 1].name,
                          percent(of_workers(r_.stages[at + 1], r_.stages[at + 1].starved)));
    return text;
  }

 private:
  [[nodiscard]] double of_workers(const penstock::stage_report& stage, penstock::duration d) const {
    return seconds_of(d) / elapsed() / static_cast<double>(std::max<std::size_t>(stage.workers, 1));
  }

  const penstock::report& r_;
  const shape& s_;
  const machine& on_;
  double cores_ = 0;  ///< that the stages keep busy
  const penstock::stage_report* top_ = nullptr;
};

/// How much of what a rate allowed was used. The first item needs no time.
double used(const penstock::report& r, const char* stage, penstock::rate all) {
  const double allowed = per_second_of(all) * seconds_of(r.elapsed) + 1;
  return static_cast<double>(r.stage(stage).done) / allowed;
}

double in_all(penstock::rate each, std::size_t n) { return per_second_of(each) * static_cast<double>(n); }

verdict limited_by_rate(limit what, const shape& s, double share) {
  const bool of_producers = what == limit::produce_rate;
  const auto each = of_producers ? *s.produce_rate : *s.consume_rate;
  const auto n = of_producers ? s.producers : s.consumers;
  const std::string people = of_producers ? "producer" : "consumer";
  const auto all = in_all(each, n);

  verdict v{what, of_producers ? produce_rate_stage : consume_rate_stage, std::min(share, 1.0)};
  v.why = fmt::format("the rate: {} {}{} of {}/s {} {}/s in all, and {} of that was used", n, people, n == 1 ? "" : "s",
                      amount(per_second_of(each)), n == 1 ? "is" : "each are", amount(all), percent(share));
  if (of_producers && s.consume_rate)
    v.why += fmt::format("; the consumers may take {}/s", amount(in_all(*s.consume_rate, s.consumers)));
  if (!of_producers && s.produce_rate)
    v.why +=
        fmt::format("; the producers may make {}/s, so the queue fills", amount(in_all(*s.produce_rate, s.producers)));
  v.advice = fmt::format("a higher --{}-rate, or more --{}s", of_producers ? "produce" : "consume", people);
  return v;
}

std::string advice_for(const penstock::stage_report& stage, const figures& f, const machine& on) {
  const bool computes = f.on_a_core(stage);
  const double room = f.room_above(stage);
  const auto gain =
      room >= 1.1 && room < 20 ? fmt::format(": up to {:.1f} times as much before something else limits", room) : "";
  const std::string option = is_middle(stage)              ? "--workers"
                             : stage.name == produce_stage ? "--producers"
                             : stage.name == consume_stage ? "--consumers"
                                                           : "";
  if (option.empty()) return "nothing to change: numbers cannot come faster";
  if (!computes || (stage.workers < on.cpu_workers && room >= 1.1))
    return fmt::format("more {} (now {}), or less work for an item{}", option, stage.workers, gain);
  if (on.cpu_workers < on.cores)
    return fmt::format("more --threads (now {} of {} cores), or less work for an item", on.cpu_workers, on.cores);
  return fmt::format("less work for an item: the {} core{} of this machine are taken, so more {} gain nothing",
                     on.cores, on.cores == 1 ? "" : "s", option);
}

verdict limited_by_stage(const penstock::report& r, const figures& f, const machine& on) {
  const auto& top = f.busiest();
  const bool source = &top == r.stages.data();
  verdict v{limit::stage, top.name, std::min(f.busy(top), 1.0)};
  v.why = fmt::format("{} '{}': its {} busy {} of the time{}", source ? "the source," : "the stage", top.name,
                      top.workers == 1 ? std::string("worker is") : fmt::format("{} workers are", top.workers),
                      percent(v.busy), f.neighbours(top));
  v.advice = advice_for(top, f, on);
  return v;
}

std::string workers_text(const machine& on) {
  return on.cpu_workers == 1 ? "the CPU worker is" : fmt::format("the {} CPU workers are", on.cpu_workers);
}

verdict limited_by_cores(const figures& f, const machine& on) {
  const auto& most = f.heaviest();
  verdict v{limit::cores, most.name, std::min(f.cores_busy(), 1.0)};
  v.why = fmt::format("the cores: {} busy {} of the time, most of it in '{}'", workers_text(on), percent(v.busy),
                      most.name);
  v.advice = on.cpu_workers < on.cores ? fmt::format("more --threads (now {} of {} cores), or less work in '{}'",
                                                     on.cpu_workers, on.cores, most.name)
                                       : fmt::format("less work in '{}'; more workers gain nothing on {} core{}",
                                                     most.name, on.cores, on.cores == 1 ? "" : "s");
  return v;
}

std::string larger_capacity(const shape& s) {
  return fmt::format("a larger --capacity (now {}): then more goes over at once", s.capacity);
}

verdict limited_by_one_core(const shape& s, const figures& f) {
  const auto& most = f.heaviest();
  verdict v{limit::one_core, most.name, std::min(f.cores_wanted(), 1.0)};
  v.why = fmt::format(
      "one core: all stages together are busy {} of its time; at {} an item they cost less than going over to another "
      "core does, so they take turns on one",
      percent(f.cores_wanted()), time_text(f.each()));
  v.advice = s.capacity < large
                 ? larger_capacity(s)
                 : fmt::format(
                       "less work for an item, most of it is in '{}'{}; or several items handed over as one. More "
                       "--threads gain nothing",
                       most.name, s.stages > 0 ? ", or fewer stages" : "");
  return v;
}

verdict limited_by_hand_over(const shape& s, const figures& f, const machine& on) {
  const auto& top = f.busiest();
  verdict v{limit::hand_over, top.name, std::min(f.busy(top), 1.0)};
  v.why = fmt::format(
      "no stage: the busiest, '{}', works {} of the time, and {} busy {}; the rest goes into handing "
      "over, waking up and waiting for a turn",
      top.name, percent(v.busy), workers_text(on), percent(f.cores_busy()));
  if (s.capacity < large) {
    v.advice = larger_capacity(s);
  } else if (f.each() < cheap) {
    v.advice = fmt::format("{}more work for an item: as cheap as these they are better handed over in batches",
                           s.stages > 0 ? "fewer stages, or " : "");
  } else {
    v.advice = "a longer measurement on a machine with nothing else to do, to see more";
  }
  return v;
}

}  // namespace

const char* to_string(limit what) noexcept {
  switch (what) {
    case limit::nothing_measured: return "nothing measured";
    case limit::produce_rate: return "produce rate";
    case limit::consume_rate: return "consume rate";
    case limit::stage: return "stage";
    case limit::one_core: return "one core";
    case limit::cores: return "cores";
    case limit::hand_over: return "hand-over";
  }
  return "?";
}

verdict what_limits(const penstock::report& r, const shape& s, const machine& on) {
  if (r.stage(consume_stage).done == 0)
    return {limit::nothing_measured, "", 0, "nothing that was seen: no item came through", "a longer measurement"};

  const double producing = s.produce_rate ? used(r, produce_rate_stage, *times(*s.produce_rate, s.producers)) : 0;
  const double consuming = s.consume_rate ? used(r, consume_rate_stage, *times(*s.consume_rate, s.consumers)) : 0;
  // While a large queue fills, both are reached: the lower one is what comes out in the end.
  const bool producers_are_slower =
      s.produce_rate && s.consume_rate && in_all(*s.produce_rate, s.producers) < in_all(*s.consume_rate, s.consumers);
  if (consuming >= rate_is_reached && !(producing >= rate_is_reached && producers_are_slower))
    return limited_by_rate(limit::consume_rate, s, consuming);
  if (producing >= rate_is_reached) return limited_by_rate(limit::produce_rate, s, producing);

  const figures f(r, s, on);
  auto v = f.busy(f.busiest()) >= stage_is_busy ? limited_by_stage(r, f, on)
           : f.take_turns_on_one_core()         ? limited_by_one_core(s, f)
           : f.cores_busy() >= cores_are_busy   ? limited_by_cores(f, on)
                                                : limited_by_hand_over(s, f, on);
  if (f.cores_had() < share_of_its_own * f.cores_wanted())
    v.caution =
        fmt::format("other programs were running: of the {:.1f} cores that the stages took, this one had {:.1f}",
                    f.cores_wanted(), f.cores_had());
  if (const auto* slow = f.with_long_items())
    v.caution += fmt::format("{}an item takes more than a tenth of the measurement in '{}': measure longer",
                             v.caution.empty() ? "" : "; and ", slow->name);
  return v;
}

void count_what_is_under_way(penstock::report& r) {
  for (auto& stage : r.stages) {
    if (stage.under_way == 0) continue;
    const auto others = static_cast<penstock::duration::rep>(std::min(stage.under_way, stage.workers) - 1);
    stage.busy += stage.longest + stage.longest / 2 * others;
  }
}

}  // namespace bench
