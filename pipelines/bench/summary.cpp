#include "summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "quantities.hpp"

namespace bench {
namespace {

constexpr std::pair<const char*, double> percentiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};

double in_seconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

std::string latency_line(const histogram& h) {
  std::string text = "latency from producer to consumer:";
  for (const auto& [name, share] : percentiles)
    text += fmt::format("  {} {}", name, time_text(in_seconds(h.quantile(share))));
  return text + fmt::format("  max {}\n", time_text(in_seconds(h.max())));
}

std::string in_full(const measurement& m) {
  std::ostringstream text;
  text << m.measured;
  text << fmt::format("{} items in {:.2f} s: {} items/s", m.items(), m.seconds(), amount(m.per_second()));
  if (m.items() > 0) text << fmt::format(", one every {}", time_text(1 / m.per_second()));
  text << '\n';
  if (m.dropped() > 0)
    text << fmt::format("{} items were still on their way when the drain was over, and were dropped\n", m.dropped());
  if (m.latency.count() > 0) text << latency_line(m.latency);
  text << "limited by " << m.limited.why << '\n';
  text << "to change that: " << m.limited.advice << '\n';
  if (!m.limited.caution.empty()) text << "but " << m.limited.caution << '\n';
  return text.str();
}

double speed_up(const measurement& m, const measurement& first) {
  return first.per_second() > 0 ? m.per_second() / first.per_second() : 0;
}

std::string limit_in_short(const verdict& v) {
  switch (v.what) {
    case limit::stage: return fmt::format("'{}', busy {:.0f} %", v.stage, 100 * v.busy);
    case limit::cores: return fmt::format("the cores, most in '{}'", v.stage);
    case limit::produce_rate: return "--produce-rate";
    case limit::consume_rate: return "--consume-rate";
    default: return to_string(v.what);
  }
}

std::string as_table(const std::string& swept, const std::vector<measurement>& all) {
  const bool latency = all.front().latency.count() > 0;
  std::vector<std::vector<std::string>> rows{{swept, "items/s", "speed-up"}};
  if (latency) rows[0].insert(rows[0].end(), {"p50", "p99"});
  rows[0].emplace_back("limited by");
  for (const auto& m : all) {
    auto& row = rows.emplace_back(
        std::vector<std::string>{m.of.value, amount(m.per_second()), fmt::format("{:.2f}", speed_up(m, all.front()))});
    if (latency) {
      row.push_back(time_text(in_seconds(m.latency.quantile(0.5))));
      row.push_back(time_text(in_seconds(m.latency.quantile(0.99))));
    }
    row.push_back(limit_in_short(m.limited));
  }
  std::string text = fmt::format("{}, swept over {}\n", words_for(all.front().of.what, swept), swept);
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      std::size_t width = 0;
      for (const auto& other : rows) width = std::max(width, other[c].size());
      // Figures to the right, the words at the end as they are.
      text += c + 1 < row.size() ? fmt::format("  {:>{}}", row[c], width) : "  " + row[c];
    }
    text += '\n';
  }
  const auto& last = all.back().limited;
  text += fmt::format("the last is limited by {}\nto change that: {}\n", last.why, last.advice);
  const auto in_doubt = [](const measurement& m) { return !m.limited.caution.empty(); };
  if (const auto first = std::ranges::find_if(all, in_doubt); first != all.end())
    text +=
        fmt::format("but of {} of {} the figures are in doubt, first with {} {}: {}\n",
                    std::ranges::count_if(all, in_doubt), all.size(), swept, first->of.value, first->limited.caution);
  return text;
}

using json = nlohmann::ordered_json;

json rate_json(const std::optional<penstock::rate>& r) { return r ? json(per_second_of(*r)) : json(); }

json shape_json(const shape& s) {
  return {{"producers", s.producers},
          {"consumers", s.consumers},
          {"stages", s.stages},
          {"workers", s.workers},
          {"capacity", s.capacity},
          {"item_bytes", s.item_bytes},
          {"threads", s.threads},
          {"items", s.items == std::numeric_limits<std::uint64_t>::max() ? json() : json(s.items)},
          {"latency", s.latency},
          {"produce_rate_per_s", rate_json(s.produce_rate)},
          {"consume_rate_per_s", rate_json(s.consume_rate)},
          {"work_s", seconds_of(s.work)},
          {"produce_work_s", seconds_of(s.produce_work)},
          {"consume_work_s", seconds_of(s.consume_work)},
          {"order", s.order == penstock::order::kept ? "kept" : "any"},
          {"on", s.place == penstock::place::blocking ? "blocking" : "cpu"}};
}

json latency_json(const histogram& h) {
  if (h.count() == 0) return {};
  json all{{"count", h.count()}};
  for (const auto& [name, share] : percentiles) all[std::string(name) + "_s"] = in_seconds(h.quantile(share));
  all["max_s"] = in_seconds(h.max());
  return all;
}

json one_json(const measurement& m, const measurement& first) {
  return {{"value", m.of.value.empty() ? json() : json(m.of.value)},
          {"shape", shape_json(m.of.what)},
          {"cpu_workers", m.on.cpu_workers},
          {"cores", m.on.cores},
          {"seconds", m.seconds()},
          {"items", m.items()},
          {"items_per_s", m.per_second()},
          {"speed_up", speed_up(m, first)},
          {"cpu_s", m.on.cpu_seconds},
          {"dropped", m.dropped()},
          {"latency", latency_json(m.latency)},
          {"limit",
           {{"what", to_string(m.limited.what)},
            {"stage", m.limited.stage.empty() ? json() : json(m.limited.stage)},
            {"busy", m.limited.busy},
            {"why", m.limited.why},
            {"advice", m.limited.advice},
            {"caution", m.limited.caution.empty() ? json() : json(m.limited.caution)}}},
          {"run", json::parse(m.measured.json())}};
}

}  // namespace

std::string summary(const options& how, const std::vector<measurement>& all, exit_code code, const std::string& error) {
  if (how.json) {
    json out{{"exit_code", static_cast<int>(code)},
             {"error", error.empty() ? json() : json(error)},
             {"swept", how.swept.empty() ? json() : json(how.swept)},
             {"measurements", json::array()}};
    for (const auto& m : all) out["measurements"].push_back(one_json(m, all.front()));
    return out.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
  }
  if (all.empty()) return {};
  return how.swept.empty() ? in_full(all.front()) : as_table(how.swept, all);
}

}  // namespace bench
