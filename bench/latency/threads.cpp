// A thread per stage and a bounded queue between two, of a mutex and condition variables.
#include <thread>
#include <vector>

#include "common/bounded.hpp"
#include "latency/workload.hpp"

namespace {

using namespace latencies;

struct contender {
  using edge = bench::bounded<item>;
  static constexpr std::size_t capacity = 1024;

  static void step_all(edge& in, edge& out) {
    std::vector<item> some;
    while (in.take_all(some)) {
      for (const auto& i : some) out.put(step(i));
    }
    out.close();
  }

  template <class Feed>
  static void line(sink& out, Feed feed) {
    edge first(capacity), second(capacity), third(capacity), last(capacity);
    const std::jthread one([&] { step_all(first, second); });
    const std::jthread two([&] { step_all(second, third); });
    const std::jthread three([&] { step_all(third, last); });
    const std::jthread take([&] {
      std::vector<item> some;
      while (last.take_all(some)) {
        for (const auto& i : some) out.take(i);
      }
    });
    feed(first);
    first.close();
  }

  static void run(source& in, sink& out) {
    line(out, [&](edge& first) {
      while (const auto i = in.next()) first.put(*i);
    });
  }

  template <class During>
  static void idle(During during) {
    sink out(0);
    line(out, [&](edge&) { during(); });
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
