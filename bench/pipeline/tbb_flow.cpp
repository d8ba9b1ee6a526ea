// oneTBB's flow graph: an input node, a limiter (without it the buffers between nodes have no bound), serial function
// nodes, a sink that tells the limiter. The nodes are `lightweight`, as the documentation recommends for bodies as
// short as these, and all bodies are noexcept, for oneTBB ignores the policy where they are not. Of limits of 64, 256,
// 1024 and 4096 items, 64 was the fastest.
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/task_arena.h>

#include <list>
#include <utility>

#include "pipeline/workload.hpp"

namespace {

using namespace pipelines;
namespace flow = tbb::flow;

constexpr std::size_t limit = 64;

template <class Item>
using stage_node = flow::function_node<Item, Item, flow::queueing_lightweight>;

/// What every graph has: the source behind its limiter, and the sink.
template <class Item>
struct ends {
  explicit ends(std::uint64_t n, std::size_t most)
      : source(graph,
               [i = std::uint64_t{0}, n](tbb::flow_control& control) mutable -> Item {
                 if (i == n) {
                   control.stop();
                   return Item();
                 }
                 return make<Item>(i++);
               }),
        limiter(graph, most),
        sink(graph, flow::serial, [this](const Item& item) noexcept {
          all.add(carried(item));
          return flow::continue_msg();
        }) {
    flow::make_edge(source, limiter);
    flow::make_edge(sink, limiter.decrementer());
  }

  answer finish() {
    source.activate();
    graph.wait_for_all();
    return all;
  }

  flow::graph graph;
  answer all;
  flow::input_node<Item> source;
  flow::limiter_node<Item> limiter;
  flow::function_node<Item, flow::continue_msg, flow::queueing_lightweight> sink;
};

struct contender {
  static constexpr bool many_stages = true;

  template <class Item>
  static answer line(std::size_t k, std::size_t workers, std::uint64_t n) {
    ends<Item> all(n, limit);
    std::list<stage_node<Item>> stages;
    flow::sender<Item>* before = &all.limiter;
    for (std::size_t s = 0; s < k; ++s) {
      auto& stage = stages.emplace_back(all.graph, workers, [](Item item) noexcept { return step(std::move(item)); });
      flow::make_edge(*before, stage);
      before = &stage;
    }
    flow::make_edge(*before, all.sink);
    return all.finish();
  }

  template <class Item>
  static answer serial(std::size_t k, std::uint64_t n) {
    return line<Item>(k, flow::serial, n);
  }

  static answer parallel(std::size_t k, std::size_t workers, std::uint64_t n) {
    return line<std::uint64_t>(k, workers, n);
  }

  static answer scaled(std::size_t k, std::size_t threads, std::uint64_t n) {
    tbb::task_arena arena(static_cast<int>(threads));
    return arena.execute([&] { return parallel(k, threads, n); });
  }

  static answer tee(std::uint64_t n) {
    using item = std::uint64_t;
    const auto one_step = [](item v) noexcept { return step(v); };
    ends<item> all(n, limit);
    stage_node<item> left(all.graph, flow::serial, one_step), right(all.graph, flow::serial, one_step),
        again(all.graph, flow::serial, one_step);
    flow::make_edge(all.limiter, left);
    flow::make_edge(all.limiter, right);
    flow::make_edge(right, again);
    flow::make_edge(left, all.sink);
    flow::make_edge(again, all.sink);
    return all.finish();
  }

  static answer route(std::uint64_t n) {
    using item = std::uint64_t;
    using router = flow::multifunction_node<item, std::tuple<item, item>, flow::queueing_lightweight>;
    const auto one_step = [](item v) noexcept { return step(v); };
    ends<item> all(n, limit);
    router which(all.graph, flow::serial, [](item v, router::output_ports_type& out) noexcept {
      if (goes_first(v)) {
        std::get<0>(out).try_put(v);
      } else {
        std::get<1>(out).try_put(v);
      }
    });
    stage_node<item> left(all.graph, flow::serial, one_step), right(all.graph, flow::serial, one_step),
        again(all.graph, flow::serial, one_step);
    flow::make_edge(all.limiter, which);
    flow::make_edge(flow::output_port<0>(which), left);
    flow::make_edge(flow::output_port<1>(which), right);
    flow::make_edge(right, again);
    flow::make_edge(left, all.sink);
    flow::make_edge(again, all.sink);
    return all.finish();
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
