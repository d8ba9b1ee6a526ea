// An edge of a run, with the stages at its ends.
#pragma once

#include <cstddef>
#include <memory>

#include "penstock/flow/edge.hpp"

namespace penstock::detail {

struct edge_of_run {
  std::size_t from, to;  ///< places of the stages in the plan
  std::unique_ptr<flow::edge_base> edge;
};

}  // namespace penstock::detail
