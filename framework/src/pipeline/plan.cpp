#include "penstock/pipeline/plan.hpp"

#include <boost/core/demangle.hpp>
#include <set>
#include <sstream>
#include <string_view>
#include <typeinfo>

#include "penstock/base/error.hpp"
#include "penstock/pipeline/pipeline.hpp"

namespace penstock {

namespace {

[[noreturn]] void refuse(const plan& p, const planned_stage& stage, std::string_view why) {
  std::string what = "pipeline '" + p.name + "', stage '" + stage.about.name + "': ";
  what += why;
  throw declaration_error(what);
}

std::string dot_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

// Mermaid has no escape for a quote inside a quoted label, and takes <int> for HTML and a backtick for markdown; but it
// knows entities.
std::string entity_quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '"': out += "#quot;"; break;
      case '<': out += "#lt;"; break;
      case '>': out += "#gt;"; break;
      case '&': out += "#amp;"; break;
      case '#': out += "#35;"; break;
      case '`': out += "#96;"; break;
      case '\n': out += ' '; break;
      default: out += c;
    }
  }
  return out;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

/// "vector<int, std::allocator<int> >" is "vector<int>" to everybody.
void drop_allocators(std::string& name) {
  const std::string_view noise = ", std::allocator<";
  for (auto at = name.find(noise); at != std::string::npos; at = name.find(noise)) {
    auto end = at + noise.size();
    for (int open = 1; open > 0 && end < name.size(); ++end) {
      if (name[end] == '<') ++open;
      if (name[end] == '>') --open;
    }
    name.erase(at, end - at);
  }
}

/// Beyond it, sums of capacities could overflow.
constexpr std::size_t most_items = std::size_t{1} << (sizeof(std::size_t) * 4);

std::string as_text(const rate& r) {
  const auto items = std::to_string(r.count);
  if (r.per == std::chrono::seconds(1)) return items + " per second";
  if (r.per == std::chrono::minutes(1)) return items + " per minute";
  return items + " per " + std::to_string(r.per.count()) + " ns";
}

std::string details(const stage_description& about) {
  std::ostringstream out;
  out << about.kind;
  if (about.workers > 1) out << " x" << about.workers;
  if (about.window_in_force() > 0) out << ", in order";
  if (about.count > 0) out << " of " << about.count;
  if (about.burst > 0) out << ", " << as_text(about.at_most);
  if (about.burst > 1) out << ", bursts of " << about.burst;
  if (about.first > 0) out << " " << about.first;
  if (about.where == place::blocking) out << ", blocking";
  if (about.retry) out << ", retried " << about.retry->times << "x";
  if (about.dead_letters) out << ", dead letters";
  if (!about.shared_limit.empty()) out << ", limited by " << about.shared_limit;
  return out.str();
}

}  // namespace

void plan::check() const {
  std::set<std::string_view> names;
  for (const auto& stage : stages) {
    const auto& about = stage.about;
    if (about.name.empty()) {
      throw declaration_error("pipeline '" + name + "': stage " + std::to_string(&stage - stages.data()) + ", a " +
                              about.kind + ", has no name");
    }
    if (!names.insert(about.name).second) refuse(*this, stage, "another stage has the same name");
    if (about.workers == 0) refuse(*this, stage, "it has 0 workers; it needs 1 at least");
    if (about.one_worker_only && about.workers != 1)
      refuse(*this, stage, "a stage that puts into a queue has 1 worker");
    if (about.capacity == 0) refuse(*this, stage, "the edge before it has capacity 0; it needs 1 at least");
    if (about.capacity > most_items) refuse(*this, stage, "the edge before it has a capacity beyond any memory");
    const std::string_view kind = about.kind;
    if (kind == "batch") {
      if (about.count == 0) refuse(*this, stage, "its batches have 0 items; they need 1 at least");
      if (about.within <= duration::zero()) refuse(*this, stage, "its batches must leave within no time at all");
    }
    if (kind == "throttle") {
      const auto& r = about.at_most;
      if (r.count <= 0 || r.per <= duration::zero()) refuse(*this, stage, "its rate is 0 or less; nothing could pass");
      if (static_cast<std::uint64_t>(r.count) > token_bucket::most)
        refuse(*this, stage, "its rate is beyond any clock");
      if (about.burst == 0) refuse(*this, stage, "its burst is 0; nothing could pass, it needs 1 at least");
      if (about.burst > token_bucket::most) refuse(*this, stage, "its burst is beyond any memory");
    }
    if (kind == "take" && about.first == 0) refuse(*this, stage, "it takes 0 items; it needs 1 at least");
    if (about.retry && about.retry->backoff < duration::zero()) refuse(*this, stage, "its back-off is less than 0");
    if (about.retry && about.retry->most < duration::zero())
      refuse(*this, stage, "its longest back-off is less than 0");
    if (about.limit <= duration::zero()) refuse(*this, stage, "its time limit is 0 or less; no body could end in time");
    if (about.window != 0 && about.ordering == order::any) refuse(*this, stage, "a window needs order::kept");
    if (about.window != 0 && about.window < about.workers) {
      refuse(*this, stage, "its window is smaller than the number of its workers, so some could never work");
    }
  }
}

std::size_t plan::bound() const noexcept {
  std::size_t all = 0;
  for (const auto& stage : stages) {
    if (!stage.about.is_producer) all += stage.about.capacity;
    all += stage.about.holds();
  }
  return all;
}

std::string plan::mermaid() const {
  std::ostringstream out;
  out << "flowchart LR\n";
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const auto& about = stages[i].about;
    out << "  s" << i << "[\"" << entity_quoted(about.name) << "<br/>" << entity_quoted(details(about)) << "\"]\n";
  }
  for (std::size_t i = 1; i < stages.size(); ++i) {
    out << "  s" << i - 1 << " -->|\"" << entity_quoted(stages[i - 1].about.item_type) << ", "
        << stages[i].about.capacity << "\"| s" << i << "\n";
  }
  out << "  %% at most " << bound() << " items at a time\n";
  return out.str();
}

std::string plan::dot() const {
  std::ostringstream out;
  out << "digraph \"" << dot_escaped(name) << "\" {\n  rankdir=LR;\n  node [shape=box];\n";
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const auto& about = stages[i].about;
    out << "  s" << i << " [label=\"" << dot_escaped(about.name) << "\\n" << dot_escaped(details(about)) << "\"];\n";
  }
  for (std::size_t i = 1; i < stages.size(); ++i) {
    out << "  s" << i - 1 << " -> s" << i << " [label=\"" << dot_escaped(stages[i - 1].about.item_type) << ", "
        << stages[i].about.capacity << "\"];\n";
  }
  out << "  label=\"at most " << bound() << " items at a time\";\n}\n";
  return out.str();
}

namespace detail {

std::string readable_name(const std::type_info& type) {
  auto name = boost::core::demangle(type.name());
  replace_all(name, "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string");
  drop_allocators(name);
  replace_all(name, " >", ">");
  return name;
}

}  // namespace detail
}  // namespace penstock
