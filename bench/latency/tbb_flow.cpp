// oneTBB's flow graph: the source's thread puts into the first of three serial function nodes. Not `lightweight`: then
// all stages would run inside of that put, on the source's thread.
#include <oneapi/tbb/flow_graph.h>

#include <thread>

#include "latency/workload.hpp"

namespace {

using namespace latencies;
namespace flow = tbb::flow;

struct contender {
  template <class Feed>
  static void line(sink& out, Feed feed) {
    flow::graph graph;
    flow::function_node<item, item> one(graph, flow::serial, step), two(graph, flow::serial, step),
        three(graph, flow::serial, step);
    flow::function_node<item> take(graph, flow::serial, [&](const item& i) {
      out.take(i);
      return flow::continue_msg();
    });
    flow::make_edge(one, two);
    flow::make_edge(two, three);
    flow::make_edge(three, take);
    graph.reserve_wait();
    const std::jthread source_thread([&] {
      feed(one);
      graph.release_wait();
    });
    graph.wait_for_all();
  }

  static void run(source& in, sink& out) {
    line(out, [&](auto& first) {
      while (const auto i = in.next()) first.try_put(*i);
    });
  }

  template <class During>
  static void idle(During during) {
    sink out(0);
    line(out, [&](auto&) { during(); });
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
