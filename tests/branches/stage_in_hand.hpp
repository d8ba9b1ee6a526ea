// One worker of a stage with its edges in hand: the test fills and empties them, and says when it is activated. Time
// stands still, so a worker takes as many items at once as it takes of the cheapest.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "flow/stubs.hpp"
#include "penstock/flow/edge.hpp"
#include "penstock/flow/stage_worker.hpp"
#include "penstock/testing/manual_runtime.hpp"

namespace penstock_tests::branches {

struct stage_in_hand {
  using line = penstock::flow::edge<int>;

  /// Edges by capacity.
  stage_in_hand(const std::vector<std::size_t>& before, const std::vector<std::size_t>& after) {
    for (const auto capacity : before) ins.push_back(std::make_unique<line>(capacity));
    for (const auto capacity : after) outs.push_back(std::make_unique<line>(capacity));
    for (auto& e : ins) state.ins.push_back(e.get());
    for (auto& e : outs) state.outs.push_back(e.get());
    if (ins.size() == 1) state.in = state.ins.front();
    if (outs.size() == 1) state.out = state.outs.front();
  }

  template <class Worker, class... Args>
  void make(Args&&... args) {
    worker = std::make_unique<Worker>(home, run, state, std::forward<Args>(args)...);
  }

  penstock::flow::step activate() {
    penstock::flow::turn t{&home, penstock::clock::now(), nullptr};
    worker->word().begin();
    const auto result = worker->activate(t);
    static_cast<void>(worker->word().end());
    return result;
  }

  static void put(line& e, int value) {
    line::writer w(e);
    ::new (w.blank()) int(value);
    w.publish();
  }
  static void put(line& e, int from, int to) {
    for (int n = from; n < to; ++n) put(e, n);
  }

  /// Takes all that is there.
  static std::vector<int> take_all(line& e) {
    std::vector<int> got;
    while (e.ready() > 0) {
      line::reader r(e);
      got.push_back(r.item());
      r.drop();
      e.release(1, nullptr);
    }
    return got;
  }

  penstock::manual_runtime still;
  penstock::flow::testing::stub_run run;
  penstock::flow::testing::stub_executor home;
  std::vector<std::unique_ptr<line>> ins, outs;
  penstock::flow::stage_state state;
  std::unique_ptr<penstock::flow::stage_worker> worker;
};

}  // namespace penstock_tests::branches
