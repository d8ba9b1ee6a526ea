#include "penstock/pipeline/report.hpp"

#include <algorithm>
#include <array>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>
#include <stdexcept>

namespace penstock {

namespace {

double seconds(duration d) { return std::chrono::duration<double>(d).count(); }

std::string for_people(duration d) {
  std::ostringstream out;
  const auto s = seconds(d);
  out << std::fixed << std::setprecision(s < 10 ? 3 : 1) << s << " s";
  return out.str();
}

const char* to_string(stop_reason reason) {
  switch (reason) {
    case stop_reason::none: return "none";
    case stop_reason::stop: return "stop";
    case stop_reason::cancel: return "cancel";
    case stop_reason::deadline: return "deadline";
    case stop_reason::failure: return "failure";
  }
  return "?";
}

using row = std::array<std::string, 10>;

/// Characters, not bytes: in UTF-8 all but the first byte of one look like 10xxxxxx.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

row cells(const stage_report& stage, std::uint64_t dropped_before_it) {
  return {stage.name,
          stage.kind + (stage.workers > 1 ? " x" + std::to_string(stage.workers) : ""),
          std::to_string(stage.in),
          std::to_string(stage.emitted),
          std::to_string(stage.done),
          std::to_string(stage.failed),
          std::to_string(stage.dropped + dropped_before_it),
          for_people(stage.busy),
          for_people(stage.starved),
          for_people(stage.blocked)};
}

}  // namespace

const stage_report& report::stage(const std::string& name) const {
  const auto found = std::find_if(stages.begin(), stages.end(), [&](const auto& s) { return s.name == name; });
  if (found == stages.end()) throw std::out_of_range("the report has no stage '" + name + "'");
  return *found;
}

bool report::balanced() const noexcept {
  for (const auto& stage : stages) {
    if (!penstock::balanced(static_cast<const stage_counts&>(stage))) return false;
  }
  for (const auto& edge : edges) {
    if (!penstock::balanced(static_cast<const edge_counts&>(edge))) return false;
  }
  for (const auto& stage : stages) {
    std::uint64_t taken = 0;
    std::uint64_t emitted = 0;
    bool is_producer = true;
    for (const auto& edge : edges) {
      if (edge.to == stage.name) {
        taken += edge.taken;
        is_producer = false;
      }
      if (edge.from == stage.name) emitted += edge.emitted;
    }
    if (stage.emitted != emitted || (!is_producer && stage.in != taken)) return false;
  }
  return true;
}

std::uint64_t report::dropped() const noexcept {
  std::uint64_t all = 0;
  for (const auto& stage : stages) all += stage.dropped;
  for (const auto& edge : edges) all += edge.dropped;
  return all;
}

std::string report::json() const {
  using json = nlohmann::ordered_json;
  json all;
  all["pipeline"] = pipeline;
  all["state"] = ended ? penstock::to_string(outcome) : "running";
  all["stop_requested"] = stop_requested;
  all["reason"] = to_string(reason);
  all["elapsed_s"] = seconds(elapsed);
  all["stages"] = json::array();
  for (const auto& s : stages) {
    all["stages"].push_back({{"name", s.name},
                             {"kind", s.kind},
                             {"workers", s.workers},
                             {"in", s.in},
                             {"emitted", s.emitted},
                             {"done", s.done},
                             {"failed", s.failed},
                             {"dropped", s.dropped},
                             {"retried", s.retried},
                             {"letters_lost", s.letters_lost},
                             {"in_flight", s.in_flight()},
                             {"under_way", s.under_way},
                             {"longest_s", seconds(s.longest)},
                             {"busy_s", seconds(s.busy)},
                             {"starved_s", seconds(s.starved)},
                             {"blocked_s", seconds(s.blocked)}});
  }
  all["edges"] = json::array();
  for (const auto& e : edges) {
    all["edges"].push_back({{"from", e.from},
                            {"to", e.to},
                            {"capacity", e.capacity},
                            {"size", e.size},
                            {"peak", e.peak},
                            {"most_weight", e.most_weight},
                            {"weight", e.weight},
                            {"peak_weight", e.peak_weight},
                            {"emitted", e.emitted},
                            {"taken", e.taken},
                            {"dropped", e.dropped}});
  }
  all["errors"] = json::array();
  for (const auto& e : errors) {
    json one{{"stage", e.stage}};
    if (e.of_item) one["item"] = e.item;
    one["message"] = e.message;
    all["errors"].push_back(std::move(one));
  }
  // Names and messages are the user's: what is not UTF-8 in them is replaced, so that the rest can still be read.
  return all.dump(2, ' ', false, json::error_handler_t::replace);
}

std::ostream& operator<<(std::ostream& out, const report& r) {
  std::vector<row> table{{"stage", "kind", "in", "emitted", "done", "failed", "dropped", "busy", "starved", "blocked"}};
  for (const auto& stage : r.stages) {
    std::uint64_t dropped_before_it = 0;
    for (const auto& edge : r.edges) {
      if (edge.to == stage.name) dropped_before_it += edge.dropped;
    }
    table.push_back(cells(stage, dropped_before_it));
  }
  std::array<std::size_t, std::tuple_size_v<row>> width{};
  for (const auto& line : table) {
    for (std::size_t c = 0; c < line.size(); ++c) width[c] = std::max(width[c], width_of(line[c]));
  }
  std::ostringstream text;  // so that the caller's stream keeps its format
  text << r.pipeline << ": " << (r.ended ? to_string(r.outcome) : "running") << " after " << for_people(r.elapsed)
       << "\n";
  for (const auto& line : table) {
    for (std::size_t c = 0; c < line.size(); ++c) {
      const std::string padding(width[c] - width_of(line[c]), ' ');
      text << "  " << (c < 2 ? line[c] + padding : padding + line[c]);
    }
    text << "\n";
  }
  for (const auto& e : r.edges) {
    if (e.most_weight == 0) continue;
    text << "  edge '" << e.from << "' to '" << e.to << "': weight " << e.peak_weight << " at its peak, of "
         << e.most_weight << "\n";
  }
  for (const auto& s : r.stages) {
    if (s.under_way == 0) continue;
    text << "  under way in '" << s.name << "': " << s.under_way << (s.under_way == 1 ? " body" : " bodies, the first")
         << " for " << for_people(s.longest) << "\n";
  }
  for (const auto& s : r.stages) {
    if (s.retried > 0) text << "  '" << s.name << "' tried again " << s.retried << " times\n";
    if (s.letters_lost > 0) text << "  '" << s.name << "' lost " << s.letters_lost << " dead letters\n";
  }
  const std::size_t shown = std::min<std::size_t>(r.errors.size(), 5);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& e = r.errors[i];
    text << "  error in '" << e.stage << "'";
    if (e.of_item) text << ", item " << e.item;
    text << ": " << e.message << "\n";
  }
  if (r.errors.size() > shown) text << "  and " << r.errors.size() - shown << " more errors\n";
  return out << text.str();
}

}  // namespace penstock
