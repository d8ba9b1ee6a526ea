// expect: a pipeline has a producer and a consumer
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_producer_stands_alone() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
