// expect: the first stage of a pipeline is a producer
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline no_producer_comes_first() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", transform({.name = "t"}, [](int i) { return i; }), consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
