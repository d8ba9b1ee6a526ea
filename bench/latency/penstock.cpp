// Penstock with default options. The source is a blocking body, which has a thread of its own; the stages run on CPU
// workers.
#include <penstock/penstock.hpp>

#include <optional>

#include "latency/workload.hpp"

namespace {

using namespace latencies;

struct contender {
  template <class Producer>
  static penstock::pipeline line(Producer from, sink& out) {
    return {"latency",
            std::move(from),
            penstock::transform({.name = "one"}, step),
            penstock::transform({.name = "two"}, step),
            penstock::transform({.name = "three"}, step),
            penstock::consumer({.name = "take"}, [&out](const item& i) { out.take(i); })};
  }

  static void run(source& in, sink& out) {
    static penstock::runtime machinery;
    const auto next = [&in]() -> std::optional<item> { return in.next(); };
    machinery.run(line(penstock::producer({.name = "source", .on = penstock::place::blocking}, next), out)).rethrow();
  }

  template <class During>
  static void idle(During during) {
    penstock::runtime machinery;
    penstock::queue<item> nothing(16);
    sink out(0);
    const auto waiting = machinery.start(line(penstock::producer({.name = "queue"}, nothing), out));
    during();
    nothing.close();
    waiting.wait().rethrow();
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
