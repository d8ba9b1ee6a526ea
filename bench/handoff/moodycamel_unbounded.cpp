// moodycamel's queue as it comes: without a bound. Producers never wait, and what they are ahead is memory.
#include "handoff/moodycamel.hpp"

namespace {

template <class Item>
using queue = bench::handoff::moodycamel_queue<Item, false>;

}  // namespace

int main(int argc, char** argv) {
  bench::handoff::add_threads<queue>();
  return bench::run_cases(argc, argv);
}
