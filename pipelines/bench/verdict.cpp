#include "verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "quantities.hpp"

namespace bench {
namespace {

constexpr double rate_is_reached = 0.9;
constexpr double stage_is_busy = 0.8;
constexpr double cores_are_busy = 0.85;

double seconds(penstock::duration d) { return std::chrono::duration<double>(d).count(); }

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
      if (on_a_core(stage)) cores_ += seconds(stage.busy) / elapsed();
      if (top_ == nullptr || busy(stage) > busy(*top_)) top_ = &stage;
    }
  }

  [[nodiscard]] double elapsed() const { return std::max(seconds(r_.elapsed), 1e-9); }
  [[nodiscard]] double busy(const penstock::stage_report& stage) const { return of_workers(stage, stage.busy); }
  [[nodiscard]] bool on_a_core(const penstock::stage_report& stage) const {
    return !is_middle(stage) || s_.place == penstock::place::cpu;
  }

  /// Of all CPU workers.
  [[nodiscard]] double cores_busy() const { return cores_ / static_cast<double>(on_.cpu_workers); }
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
    return on_a_core(stage) ? std::min(room, 1 / std::max(cores_busy(), 0.01)) : room;
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
    return seconds(d) / elapsed() / static_cast<double>(std::max<std::size_t>(stage.workers, 1));
  }

  const penstock::report& r_;
  const shape& s_;
  const machine& on_;
  double cores_ = 0;  ///< that the stages keep busy
  const penstock::stage_report* top_ = nullptr;
};

/// How much of what a rate allowed was used. The first item needs no time.
double used(const penstock::report& r, const char* stage, penstock::rate all) {
  const double allowed = per_second_of(all) * seconds(r.elapsed) + 1;
  return static_cast<double>(r.stage(stage).done) / allowed;
}

verdict limited_by_rate(limit what, const penstock::report& r, const shape& s, double share) {
  const bool of_producers = what == limit::produce_rate;
  const auto each = of_producers ? *s.produce_rate : *s.consume_rate;
  const auto n = of_producers ? s.producers : s.consumers;
  const std::string people = of_producers ? "producer" : "consumer";
  const auto all = per_second_of(each) * static_cast<double>(n);

  verdict v{what, of_producers ? produce_rate_stage : consume_rate_stage, std::min(share, 1.0)};
  v.why = fmt::format("the rate: {} {}{} of {}/s {} {}/s in all, and {} of that was used", n, people, n == 1 ? "" : "s",
                      amount(per_second_of(each)), n == 1 ? "is" : "each are", amount(all), percent(share));
  const auto& rest = r.stage(of_producers ? consume_stage : produce_stage);
  v.why += of_producers ? fmt::format("; what comes after waits for items ('{}' is busy {} of the time)", rest.name,
                                      percent(seconds(rest.busy) / std::max(seconds(r.elapsed), 1e-9) /
                                              static_cast<double>(std::max<std::size_t>(rest.workers, 1))))
                        : "; what comes before waits for room";
  v.advice = fmt::format("a higher --{}-rate, or more --{}s", of_producers ? "produce" : "consume", people);
  return v;
}

std::string advice_for(const penstock::stage_report& stage, const figures& f, const machine& on) {
  const bool computes = f.on_a_core(stage);
  const double room = f.room_above(stage);
  const auto gain = room >= 1.1 ? fmt::format(": up to {:.1f} times as much before something else limits", room) : "";
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

}  // namespace

const char* to_string(limit what) noexcept {
  switch (what) {
    case limit::nothing_measured: return "nothing measured";
    case limit::produce_rate: return "produce rate";
    case limit::consume_rate: return "consume rate";
    case limit::stage: return "stage";
    case limit::cores: return "cores";
    case limit::hand_over: return "hand-over";
  }
  return "?";
}

verdict what_limits(const penstock::report& r, const shape& s, const machine& on) {
  if (r.stage(consume_stage).done == 0)
    return {limit::nothing_measured, "", 0, "nothing to say: no item came through", "a longer --for"};

  const double producing = s.produce_rate ? used(r, produce_rate_stage, *times(*s.produce_rate, s.producers)) : 0;
  const double consuming = s.consume_rate ? used(r, consume_rate_stage, *times(*s.consume_rate, s.consumers)) : 0;
  if (std::max(producing, consuming) >= rate_is_reached)
    return producing > consuming ? limited_by_rate(limit::produce_rate, r, s, producing)
                                 : limited_by_rate(limit::consume_rate, r, s, consuming);

  const figures f(r, s, on);
  const auto& top = f.busiest();
  if (f.busy(top) >= stage_is_busy) {
    const bool source = &top == r.stages.data();
    return {limit::stage, top.name, std::min(f.busy(top), 1.0),
            fmt::format("{} '{}': its {} busy {} of the time{}", source ? "the source," : "the stage", top.name,
                        top.workers == 1 ? std::string("worker is") : fmt::format("{} workers are", top.workers),
                        percent(f.busy(top)), f.neighbours(top)),
            advice_for(top, f, on)};
  }
  const auto& most = f.heaviest();
  if (f.cores_busy() >= cores_are_busy) {
    return {limit::cores, most.name, std::min(f.cores_busy(), 1.0),
            fmt::format("the cores: {} CPU worker{} busy {} of the time, most of it in '{}'", on.cpu_workers,
                        on.cpu_workers == 1 ? " is" : "s are", percent(f.cores_busy()), most.name),
            on.cpu_workers < on.cores ? fmt::format("more --threads (now {} of {} cores), or less work in '{}'",
                                                    on.cpu_workers, on.cores, most.name)
                                      : fmt::format("less work in '{}'; more workers gain nothing on {} core{}",
                                                    most.name, on.cores, on.cores == 1 ? "" : "s")};
  }
  return {
      limit::hand_over, top.name, f.busy(top),
      fmt::format("no stage: the busiest, '{}', works {} of the time, and the {} CPU worker{} {}; the rest goes into "
                  "handing over, waking up and waiting for a turn",
                  top.name, percent(f.busy(top)), on.cpu_workers, on.cpu_workers == 1 ? " is busy" : "s are busy",
                  percent(f.cores_busy())),
      s.capacity < 64
          ? fmt::format("a larger --capacity (now {}): then more goes over at once", s.capacity)
          : "fewer stages, or more work in each: items as cheap as these are better handed over in batches"};
}

}  // namespace bench
