// expect: cannot be called with what the stage before it emits
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_queue_gets_what_it_does_not_hold() {
  using namespace penstock;
#ifdef MISTAKE
  queue<std::string> target(1);
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), consumer({.name = "c"}, into(target))};
#else
  queue<int> target(1);
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), consumer({.name = "c"}, into(target))};
#endif
}

}  // namespace compile_fail
