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

  template <class Next>
  static void run_line(sink& out, Next next) {
    static penstock::runtime machinery;
    machinery.run(line(penstock::producer({.name = "source", .on = penstock::place::blocking}, next), out)).rethrow();
  }

  static void run(source& in, sink& out) {
    run_line(out, [&in]() -> std::optional<item> { return in.next(); });
  }

  template <class During>
  static void idle(During during) {
    sink out(0);
    run_line(out, [&during]() -> std::optional<item> {
      during();
      return std::nullopt;
    });
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
