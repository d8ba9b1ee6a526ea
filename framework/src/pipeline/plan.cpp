#include "penstock/pipeline/plan.hpp"

#include <algorithm>
#include <boost/core/demangle.hpp>
#include <set>
#include <sstream>
#include <string_view>
#include <typeinfo>

#include "penstock/base/error.hpp"
#include "penstock/pipeline/pipeline.hpp"
#include "pipeline/dot_text.hpp"

namespace penstock {

namespace {

[[noreturn]] void refuse(const plan& p, const planned_stage& stage, std::string_view why) {
  std::string what = "pipeline '" + p.name + "', stage '" + stage.about.name + "': ";
  what += why;
  throw declaration_error(what);
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

std::string on_edge_before(const stage_description& about) {
  auto text = std::to_string(about.capacity);
  if (about.most_weight) text += ", weight " + std::to_string(*about.most_weight);
  return text;
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
  if (about.resequences > 0) out << " within " << about.resequences;
  if (about.where == place::blocking) out << ", blocking";
  if (about.retry) out << ", retried " << about.retry->times << "x";
  if (about.dead_letters) out << ", dead letters";
  if (!about.shared_limit.empty()) out << ", limited by " << about.shared_limit;
  return out.str();
}

/// What stands at an edge.
std::string label(const plan& p, const planned_input& from, const planned_stage& to) {
  const auto& before = p.stages[from.stage].about;
  auto text = before.item_type + ", " + on_edge_before(to.about);
  const std::string_view kind = before.kind;
  const auto policy = kind == "tee" ? before.branches[from.branch] : overflow::block;
  if (policy == overflow::drop_newest) text += ", drops what does not fit";
  if (policy == overflow::fail) text += ", fails when full";
  return text;
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
      if (about.count > most_items) refuse(*this, stage, "its batches are beyond any memory");
      if (about.within <= duration::zero()) refuse(*this, stage, "its batches must leave within no time at all");
    }
    if (kind == "throttle") {
      const auto& r = about.at_most;
      if (r.count <= 0 || r.per <= duration::zero()) refuse(*this, stage, "its rate is 0 or less; nothing could pass");
      if (static_cast<std::uint64_t>(r.count) > token_bucket::most)
        refuse(*this, stage, "its rate is beyond any clock");
      if (about.burst == 0) refuse(*this, stage, "its burst is 0; nothing could pass, it needs 1 at least");
      if (about.burst > token_bucket::most) refuse(*this, stage, "its burst is beyond any memory");
      // Some years are left for the clock itself.
      const auto full_again =
          static_cast<double>(r.per.count()) / static_cast<double>(r.count) * static_cast<double>(about.burst);
      if (full_again > static_cast<double>(duration::max().count()) / 8)
        refuse(*this, stage, "its burst takes longer to come back than any clock shows");
    }
    if (about.most_weight == 0) refuse(*this, stage, "the edge before it may hold a weight of 0; it needs 1 at least");
    if (kind == "take" && about.first == 0) refuse(*this, stage, "it takes 0 items; it needs 1 at least");
    if (kind == "resequence") {
      if (about.resequences == 0) refuse(*this, stage, "its window is 0; it needs room for 1 item at least");
      if (about.resequences > most_items) refuse(*this, stage, "its window is beyond any memory");
    }
    for (std::size_t i = 0; i < about.branches.size(); ++i) {
      const auto policy = about.branches[i];
      if (policy == overflow::block) continue;
      const auto branch = "its branch " + std::to_string(i);
      if (kind != "tee") refuse(*this, stage, branch + " has an overflow policy, which only branches of a tee have");
      if (policy == overflow::drop_oldest) {
        refuse(*this, stage, branch + " would drop its oldest items; a branch can block, drop_newest or fail");
      }
    }
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

void plan::check_in_flight(std::size_t most) const {
  const auto limit = ", and in_flight is " + std::to_string(most);
  const auto of_all = static_cast<std::size_t>(
      std::ranges::count_if(stages, [](const planned_stage& stage) { return stage.about.is_producer; }));
  std::size_t sources = 0;
  std::size_t withheld = 0;
  for (const auto& stage : stages) {
    sources += stage.about.is_producer ? 1 : 0;
    withheld += stage.about.withholds();
    if (stage.about.is_producer && sources > most) {
      refuse(*this, stage, "a source needs an item to wait with; so far they need " + std::to_string(sources) + limit);
    }
    // While they wait for one source, each of the others may hold an item that does not come.
    if (withheld > 0 && withheld + of_all > most) {
      refuse(*this, stage,
             "it waits for more items without a limit of time; so far stages keep up to " + std::to_string(withheld) +
                 " like this, sources " + std::to_string(of_all) + limit + ", so nothing would move");
    }
  }
}

std::size_t plan::bound() const noexcept {
  std::size_t all = 0;
  for (const auto& stage : stages) {
    all += stage.inputs.size() * stage.about.capacity + stage.about.holds();
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
  for (std::size_t i = 0; i < stages.size(); ++i) {
    for (const auto& from : stages[i].inputs) {
      out << "  s" << from.stage << " -->|\"" << entity_quoted(label(*this, from, stages[i])) << "\"| s" << i << "\n";
    }
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
  for (std::size_t i = 0; i < stages.size(); ++i) {
    for (const auto& from : stages[i].inputs) {
      out << "  s" << from.stage << " -> s" << i << " [label=\"" << dot_escaped(label(*this, from, stages[i]))
          << "\"];\n";
    }
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
