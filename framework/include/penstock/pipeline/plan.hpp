// What was declared, without its types: enough to check it, to print it, and to make it run.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include <penstock/flow/stage_maker.hpp>
#include <penstock/stages/options.hpp>

namespace penstock {

/// Where an edge comes from.
struct planned_input {
  std::size_t stage = 0;   ///< the index of the stage before
  std::size_t branch = 0;  ///< which of its outputs, if it has several
};

struct planned_stage {
  stage_description about;
  std::shared_ptr<const flow::stage_maker> maker;
  std::vector<planned_input> inputs{};  ///< an edge each; none: a producer. They come from stages listed before
};

/// A tree whose branches may flow together again: stages with the edges that lead to them.
struct plan {
  std::string name;
  std::vector<planned_stage> stages;

  /// Throws `declaration_error`, with the name of the stage, for a declaration that cannot work.
  void check() const;

  /// The same for a run with so many items at most.
  void check_in_flight(std::size_t most) const;

  /// The most items that are in a run at any moment: what the edges and the stages hold, added up.
  [[nodiscard]] std::size_t bound() const noexcept;

  /// The drawing as Mermaid text (a `flowchart`), with capacities and the bound.
  [[nodiscard]] std::string mermaid() const;

  /// The drawing as Graphviz DOT text.
  [[nodiscard]] std::string dot() const;
};

}  // namespace penstock
