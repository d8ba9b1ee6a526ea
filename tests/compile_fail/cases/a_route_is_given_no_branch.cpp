// expect: a route is given a body and branches, one at least
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_route_is_given_no_branch() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), route({.name = "r"}, [](int n) { return n; })};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          route({.name = "r"}, [](int n) { return n; }, branch(consumer({.name = "end"}, [](int) {})))};
#endif
}

}  // namespace compile_fail
