// expect: the body of a route says which branch
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_route_says_no_branch() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          route(
              {.name = "r"}, [](int n) { return std::to_string(n); }, branch(), branch()),
          consumer({.name = "end"}, [](int) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          route({.name = "r"}, [](int n) { return n % 2; }, branch(), branch()), consumer({.name = "end"}, [](int) {})};
#endif
}

}  // namespace compile_fail
