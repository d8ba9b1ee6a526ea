#include "penstock/pipeline/stall.hpp"

#include <iomanip>
#include <map>
#include <ostream>
#include <sstream>

#include "pipeline/dot_text.hpp"

namespace penstock {

namespace {

std::string in_tenths(duration d) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << std::chrono::duration<double>(d).count() << " s";
  return out.str();
}

std::string bodies(const stage_report& stage) {
  return std::to_string(stage.under_way) + (stage.under_way == 1 ? " body" : " bodies, the first") + " for " +
         in_tenths(stage.longest);
}

std::string fill(const edge_report& edge) {
  return std::to_string(edge.size) + " of " + std::to_string(edge.capacity) +
         (edge.size == edge.capacity ? ", full" : "");
}

const char* colour(activity what) {
  switch (what) {
    case activity::running: return "gold";
    case activity::queued: return "orange";
    case activity::pausing: return "lightblue";
    case activity::putting:
    case activity::getting:
    case activity::blocked: return "salmon";
    case activity::starved:
    case activity::idle: return "white";
    case activity::left: return "lightgrey";
  }
  return "white";
}

}  // namespace

const char* to_string(stall_cause cause) noexcept {
  switch (cause) {
    case stall_cause::body_under_way: return "body_under_way";
    case stall_cause::no_input: return "no_input";
    case stall_cause::output_not_taken: return "output_not_taken";
    case stall_cause::context_not_run: return "context_not_run";
    case stall_cause::arena_not_run: return "arena_not_run";
    case stall_cause::workers_busy: return "workers_busy";
    case stall_cause::all_idle: return "all_idle";
  }
  return "?";
}

const char* sentence(stall_cause cause) noexcept {
  switch (cause) {
    case stall_cause::body_under_way: return "a body has not returned";
    case stall_cause::no_input: return "a producer gives nothing";
    case stall_cause::output_not_taken: return "the queue that the run puts into is full, and nobody gets from it";
    case stall_cause::context_not_run:
      return "the io_context given to runtime_options::io does not answer: nobody runs it, or a handler blocks it";
    case stall_cause::arena_not_run: return "the task_arena given to runtime_options::arena begins none of its tasks";
    case stall_cause::workers_busy: return "stages are ready, and every worker is in a body of another run";
    case stall_cause::all_idle: return "every stage is parked, and nothing that could wake one is in sight";
  }
  return "?";
}

std::string stall::dot() const {
  std::ostringstream out;
  out << "digraph \"" << dot_escaped(report.pipeline) << "\" {\n  rankdir=LR;\n  node [shape=box, style=filled];\n";
  std::map<std::string, std::size_t> number;
  for (const auto& stage : report.stages) {
    const auto id = number.size();
    number.emplace(stage.name, id);
    out << "  s" << id << " [label=\"" << dot_escaped(stage.name) << "\\n" << dot_escaped(stage.kind);
    if (stage.workers > 1) out << " x" << stage.workers;
    out << "\\n" << to_string(stage.doing);
    if (stage.under_way > 0) out << ", " << bodies(stage);
    out << "\", fillcolor=" << colour(stage.doing) << "];\n";
    if (stage.doing != activity::getting && stage.doing != activity::putting) continue;
    const bool gets = stage.doing == activity::getting;
    out << "  q" << id << " [shape=cylinder, label=\"queue\\n"
        << (gets ? "empty" : "full") << "\", fillcolor=white];\n";
    out << (gets ? "  q" : "  s") << id << (gets ? " -> s" : " -> q") << id << " [style=dashed];\n";
  }
  for (const auto& edge : report.edges) {
    out << "  s" << number[edge.from] << " -> s" << number[edge.to] << " [label=\"" << fill(edge) << "\"];\n";
  }
  out << "  label=\"" << dot_escaped(sentence(cause)) << "; nothing has moved for " << in_tenths(quiet) << "\";\n}\n";
  return out.str();
}

std::ostream& operator<<(std::ostream& out, const stall& s) {
  std::ostringstream text;  // so that the caller's stream keeps its format
  text << "'" << s.report.pipeline << "' does not move: " << sentence(s.cause) << "; nothing has moved for "
       << in_tenths(s.quiet) << "\n";
  for (const auto& stage : s.report.stages) {
    if (stage.doing == activity::left) continue;
    text << "  '" << stage.name << "' (" << stage.kind << "): " << to_string(stage.doing);
    if (stage.under_way > 0) text << ", " << bodies(stage);
    text << "\n";
  }
  for (const auto& edge : s.report.edges) {
    if (edge.size > 0) text << "  '" << edge.from << "' -> '" << edge.to << "': " << fill(edge) << "\n";
  }
  return out << text.str();
}

}  // namespace penstock
