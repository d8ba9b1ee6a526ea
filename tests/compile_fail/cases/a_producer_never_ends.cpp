// expect: a producer is given a callable that returns a std::optional, a range, or a penstock::queue
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_producer_never_ends() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "a"}, [] { return 1; }), consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "a"}, [] { return std::optional<int>(); }),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
