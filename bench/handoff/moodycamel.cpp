// moodycamel's queue with the bound that all contenders have.
#include "handoff/moodycamel.hpp"

namespace {

template <class Item>
using queue = bench::handoff::moodycamel_queue<Item, true>;

}  // namespace

int main(int argc, char** argv) {
  bench::handoff::add_threads<queue>();
  return bench::run_cases(argc, argv);
}
