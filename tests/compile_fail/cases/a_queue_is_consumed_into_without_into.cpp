// expect: a queue is given to a consumer as into(queue)
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_queue_is_consumed_into_without_into() {
  using namespace penstock;
#ifdef MISTAKE
  queue<int> target(1);
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), consumer({.name = "c"}, target)};
#else
  queue<int> target(1);
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), consumer({.name = "c"}, into(target))};
#endif
}

}  // namespace compile_fail
