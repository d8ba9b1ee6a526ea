// expect: the last stage of a pipeline is a consumer
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline no_consumer_comes_last() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), transform({.name = "t"}, [](int i) { return i; })};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
